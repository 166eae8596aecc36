// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { pooledRandomBytes } from "../../../src/engines/cio/random-bytes.ts";

test("no bytes are given twice, of whatever size they are", () => {
  const fill = pooledRandomBytes();
  const seen = new Set<string>();
  for (let at = 0; at < 1000; at++) {
    const bytes = new Uint8Array(8 + (at % 41));
    fill(bytes);
    // Eight bytes that come twice in so many would be one chance in 10^13.
    for (let start = 0; start + 8 <= bytes.length; start += 8)
      seen.add(String(bytes.subarray(start, start + 8)));
  }
  const eights = Array.from({ length: 1000 }, (_, at) => Math.floor((8 + (at % 41)) / 8));
  expect(seen.size).toBe(eights.reduce((sum, count) => sum + count));
});

test("more than is drawn ahead is filled to its end", () => {
  const bytes = new Uint8Array(5000);
  pooledRandomBytes()(bytes);
  for (let start = 0; start < bytes.length; start += 50) {
    expect(bytes.subarray(start, start + 50).some((byte) => byte !== 0)).toBe(true);
  }
});
