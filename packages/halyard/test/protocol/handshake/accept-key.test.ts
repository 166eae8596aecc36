// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptFor, createKey, isValidKey } from "../../../src/protocol/handshake/accept-key.ts";
import { ACCEPT, KEY } from "./support.ts";

function acceptByNode(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

describe("acceptFor", () => {
  test("gives the answer of RFC 6455 section 1.3", () => {
    expect(acceptFor(KEY)).toBe(ACCEPT);
  });

  test("equals node:crypto's SHA-1 for every length around the block size", () => {
    for (let length = 0; length <= 200; length++) {
      const key = "k".repeat(length);
      expect(acceptFor(key)).toBe(acceptByNode(key));
    }
  });

  test("equals node:crypto's SHA-1 for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (key) => {
        expect(acceptFor(key)).toBe(acceptByNode(key));
      }),
    );
  });
});

describe("createKey", () => {
  test("is base64 of the 16 random bytes (HS-21)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (random) => {
        const key = createKey((target) => target.set(random));
        expect(key).toBe(Buffer.from(random).toString("base64"));
        expect(isValidKey(key)).toBe(true);
      }),
    );
  });
});

describe("isValidKey", () => {
  test.each([
    ["is of 15 bytes", Buffer.alloc(15).toString("base64")],
    ["is of 17 bytes", Buffer.alloc(17).toString("base64")],
    ["is of 18 bytes", Buffer.alloc(18).toString("base64")],
    ["is empty", ""],
    ["lacks its padding", KEY.slice(0, 22)],
    ["is base64url", `-_${KEY.slice(2)}`],
    ["has white space around", ` ${KEY}`],
    ["ends with a line feed", `${KEY}\n`],
  ])("refuses a key that %s (SV-03)", (_, key) => {
    expect(isValidKey(key)).toBe(false);
  });
});
