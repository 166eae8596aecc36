// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { BinaryData } from "../../src/protocol/bytes.ts";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { detach, hex, toHex } from "./support.ts";

/** One frame of each type, of the given bytes (a valid Close payload). */
const eachType: [string, (content: BinaryData) => Frame][] = [
  ["text", (content) => new Frame.Text(content)],
  ["binary", (content) => new Frame.Binary(content)],
  ["close", (content) => new Frame.Close(content)],
  ["ping", (content) => new Frame.Ping(content)],
  ["pong", (content) => new Frame.Pong(content)],
];

describe.each(eachType)("a frame of type %s", (type, make) => {
  const payload = () => Buffer.from([3, 0xe8, 0x41]);

  test("is final and has no reserved bits", () => {
    expect(make(payload())).toMatchObject({ type, fin: true, rsv1: false, rsv2: false, rsv3: false });
  });

  test("shows the caller's memory as its data", () => {
    const content = hex("03 e8 41");
    expect(make(content).data).toBe(content);
    expect(toHex(make(content.buffer).data)).toBe("03 e8 41");
  });

  test("gives its bytes and its copy memory of their own, also of a Buffer, whose slice() would not", () => {
    const content = payload();
    const frame = make(content);
    const [bytes, copy] = [frame.readBytes(), frame.copy()];
    content.fill(0xff);
    expect(toHex(bytes)).toBe("03 e8 41");
    expect(toHex(copy.data)).toBe("03 e8 41");
    expect(copy).toBeInstanceOf(frame.constructor);
  });

  test("has the size of its payload", () => {
    expect(make(payload()).size).toBe(3);
  });

  test("is written with its type and size", () => {
    const name = { text: "Text", binary: "Binary", close: "Close", ping: "Ping", pong: "Pong" }[type];
    expect(String(make(payload()))).toBe(`Frame.${name}(fin=true, 3 bytes)`);
  });

  test.each([100, {}, null])("refuses %j as bytes (SN-04, CL-07)", (content) => {
    expect(() => make(content as never)).toThrow(InvalidArgumentError);
  });
});

describe("a data frame", () => {
  test.each([
    ["text", Frame.Text],
    ["binary", Frame.Binary],
  ])("of type %s keeps its options, as does its copy", (_, DataFrame) => {
    const options = { fin: false, rsv1: true, rsv2: true, rsv3: true };
    const frame = new DataFrame(hex("41"), options);
    expect(frame).toMatchObject(options);
    expect(frame.copy()).toMatchObject(options);
  });

  test("of a string is UTF-8, made once", () => {
    const frame = new Frame.Text("é\ud800");
    expect(frame.readText()).toBe("é\ud800");
    expect(toHex(frame.data)).toBe("c3 a9 ef bf bd");
    expect(frame.data).toBe(frame.data);
  });

  test("of a string has the size that it may have at most, until it is UTF-8", () => {
    const frame = new Frame.Text("éa");
    expect(frame.size).toBe(6);
    expect(frame.data).toHaveLength(3);
    expect(frame.size).toBe(3);
    expect(new Frame.Text("éa", {}, 3).size).toBe(3);
    expect(new Frame.Text("éa").copy().size).toBe(6);
  });

  test("of a string needs no check before it is sent, of bytes it does", () => {
    expect(new Frame.Text("a").isKnownUtf8).toBe(true);
    expect(new Frame.Text(hex("61")).isKnownUtf8).toBe(false);
    expect([new Frame.Text("a").text, new Frame.Text(hex("61")).text]).toEqual(["a", undefined]);
    expect(new Frame.Text("a").copy().text).toBe("a");
  });

  test("of an empty string is empty", () => {
    expect(new Frame.Text("").data).toHaveLength(0);
    expect(new Frame.Text("").readText()).toBe("");
  });

  test("of bytes gives its text with the BOM kept (U8-03)", () => {
    expect(new Frame.Text(hex("ef bb bf 41")).readText()).toBe("\ufeffA");
  });

  test("that is a fragment has no text, since its last character may be cut", () => {
    expect(() => new Frame.Text(hex("c3"), { fin: false }).readText()).toThrow(InvalidArgumentError);
  });

  test("copies the text it was made of", () => {
    expect(new Frame.Text("é").copy().readText()).toBe("é");
  });

  test("copies the bytes it was made of, whatever was read of them", () => {
    const frame = new Frame.Text(hex("ff"));
    expect(frame.readText()).toBe("\ufffd");
    expect(toHex(frame.copy().data)).toBe("ff");
  });
});

describe.each([
  ["ping", Frame.Ping],
  ["pong", Frame.Pong],
])("a %s", (_, ControlFrame) => {
  test("has no payload by default, in memory that it shares with nobody", () => {
    const frame = new ControlFrame();
    expect(frame.data).toHaveLength(0);
    detach(frame.data);
    expect(() => new ControlFrame().copy()).not.toThrow();
  });

  test("holds 125 bytes and no more (RFC 6455 section 5.5, SN-04)", () => {
    expect(new ControlFrame(new Uint8Array(125)).data).toHaveLength(125);
    expect(() => new ControlFrame(new Uint8Array(126))).toThrow(InvalidArgumentError);
  });
});

describe("a Close frame", () => {
  test.each([
    ["a reason", new CloseReason(1001, "é"), "03 e9 c3 a9"],
    ["a plain object", { code: 4999, message: "x" }, "13 87 78"],
    ["a code alone", { code: 1000 }, "03 e8"],
    ["a message that is undefined", { code: 1000, message: undefined }, "03 e8"],
    ["bytes", hex("03 e8 c3 a9"), "03 e8 c3 a9"],
    ["an ArrayBuffer", hex("03 e8").buffer, "03 e8"],
    ["no bytes", new Uint8Array(0), ""],
    ["nothing", undefined, ""],
  ])("can be made of %s", (_, reason, payload) => {
    expect(toHex(new Frame.Close(reason).data)).toBe(payload);
  });

  test("takes a reason that has a byteLength as well for a reason", () => {
    const reason = { code: 4000, message: "a", byteLength: 9 };
    expect(new Frame.Close(reason).readReason()).toEqual(new CloseReason(4000, "a"));
  });

  test.each([
    ["no reason when it is empty", "", null],
    ["a code without a message", "03 e8", new CloseReason(1000)],
    ["a code and a message", "0f a0 ef bb bf e2 82 ac", new CloseReason(4000, "\ufeff€")],
  ])("reads %s", (_, payload, reason) => {
    expect(new Frame.Close(hex(payload)).readReason()).toEqual(reason);
  });

  test("holds a message of 123 bytes (CL-02)", () => {
    const reason = new CloseReason(1000, "x".repeat(123));
    expect(new Frame.Close(reason).data).toHaveLength(125);
    expect(new Frame.Close(reason).readReason()).toEqual(reason);
  });

  test.each([
    ["a payload of one byte", hex("03")],
    ["a payload of 126 bytes", new Uint8Array(126).fill(3)],
    ["a message that is not UTF-8", hex("03 e8 ff")],
    ["a message that is cut", hex("03 e8 c3")],
    ["the reserved code 1005 in bytes", hex("03 ed")],
    ["the reserved code 1006", new CloseReason(1006)],
    ["the reserved code 1015", { code: 1015 }],
    ["the code 5000", { code: 5000 }],
    ["the code 0", { code: 0 }],
    ["a code that is no number", { code: "1000" as never }],
    ["a message that is a typed array", { code: 1000, message: new Uint8Array(8) as never }],
    ["an object without a code", { message: "bye" } as never],
    ["a message of 124 bytes", { code: 1000, message: "x".repeat(124) }],
    ["an object without anything", {} as never],
    ["what calls itself bytes", { byteLength: 2 } as never],
  ])("refuses %s (CL-07)", (_, reason) => {
    expect(() => new Frame.Close(reason)).toThrow(InvalidArgumentError);
  });

  test.each([1000, "bye", null, true, 1n, () => undefined])("says what it takes instead of %s", (reason) => {
    expect(() => new Frame.Close(reason as never)).toThrow(
      expect.objectContaining({
        code: "ERR_HALYARD_INVALID_ARGUMENT",
        message: "a close reason is { code, message } or a CloseReason",
      }),
    );
  });
});
