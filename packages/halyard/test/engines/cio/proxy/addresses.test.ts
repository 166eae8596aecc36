// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { addressBytes } from "../../../../src/engines/cio/proxy/addresses.ts";

test.each([
  ["192.0.2.255", "c00002ff"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["2001:db8::", "20010db8000000000000000000000000"],
  ["2001:db8::a:1", "20010db80000000000000000000a0001"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201"],
])("%s", (address, hex) => {
  expect(Buffer.from(addressBytes(address)).toString("hex")).toBe(hex);
});
