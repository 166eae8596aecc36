// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { OutgoingGuard } from "../../src/protocol/outgoing-guard.ts";
import { type Bytes, bytesOf, hex } from "./support.ts";

const more = { fin: false };
const text = (content: Bytes, options?: { fin: boolean }) => new Frame.Text(bytesOf(content), options);
const string = (content: string, options?: { fin: boolean }) => new Frame.Text(content, options);
const binary = (content: Bytes, options?: { fin: boolean }) => new Frame.Binary(bytesOf(content), options);
const ping = new Frame.Ping();
const close = new Frame.Close();

/** The first bytes that a guard gives to frames, or "refused". */
function firstBytes(frames: readonly Frame[]): (number | "refused")[] {
  const guard = new OutgoingGuard();
  return frames.map((frame) => {
    try {
      return guard.check(frame);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      return "refused";
    }
  });
}

describe("the first byte of an outgoing frame (RFC 6455 sections 5.2 and 5.4)", () => {
  test.each<[string, Frame[], (number | "refused")[]]>([
    ["whole messages", [string("a"), text("61"), binary("ff")], [0x81, 0x81, 0x82]],
    ["control frames", [close, ping, new Frame.Pong()], [0x88, 0x89, 0x8a]],
    ["a text in fragments", [string("a", more), string("b", more), string("c")], [0x01, 0x00, 0x80]],
    ["a binary message in fragments", [binary("ff", more), binary("", more), binary("")], [0x02, 0x00, 0x80]],
    ["an empty first fragment", [string("", more), string("a")], [0x01, 0x80]],
    ["a message after the last fragment", [binary("", more), binary(""), string("a")], [0x02, 0x80, 0x81]],
    [
      "control frames inside a message",
      [string("a", more), ping, close, string("b")],
      [0x01, 0x89, 0x88, 0x80],
    ],
    ["a text inside a binary message", [binary("", more), string("a"), binary("")], [0x02, "refused", 0x80]],
    ["a binary frame inside a text", [text("61", more), binary("61"), text("61")], [0x01, "refused", 0x80]],
  ])("is right for %s", (_, frames, expected) => {
    expect(firstBytes(frames)).toEqual(expected);
  });

  test.each(["rsv1", "rsv2", "rsv3"])("has no %s that was not negotiated (FR-02)", (name) => {
    const [claimed, fragment] = [{ [name]: true }, { [name]: true, fin: false }];
    expect(
      firstBytes([
        new Frame.Text("a", claimed),
        new Frame.Binary(hex("61"), fragment),
        new Frame.Text(hex("61"), fragment),
        binary("61"),
      ]),
    ).toEqual(["refused", "refused", "refused", 0x82]);
  });
});

describe("the user's bytes for a text (RFC 6455 section 8.1)", () => {
  test.each<[string, Frame[], (number | "refused")[]]>([
    [
      "are refused when they are not UTF-8, as a binary frame they pass",
      [text("ff"), binary("ff")],
      ["refused", 0x82],
    ],
    ["are refused when a character is cut at the end", [text("c3"), text("c3 a9")], ["refused", 0x81]],
    [
      "may cut a character between fragments",
      [text("e2", more), text("82", more), text("ac")],
      [0x01, 0x00, 0x80],
    ],
    ["may cut it around a ping", [text("c3", more), ping, text("a9")], [0x01, 0x89, 0x80]],
    ["may not cut it at the end of the message", [text("c3", more), text("")], [0x01, "refused"]],
    [
      "may not go wrong in a later fragment",
      [text("61", more), text("ff", more), text("61")],
      [0x01, "refused", 0x80],
    ],
    [
      "leave the message as it was when they are refused",
      [text("c3", more), text("a9 ff"), text("c3"), text("a9 c3", more), text("a9")],
      [0x01, "refused", "refused", 0x00, 0x80],
    ],
    [
      "leave it so as well when only their end is missing",
      [text("e2", more), text("82"), text("82 ac")],
      [0x01, "refused", 0x80],
    ],
    [
      "do not begin a message when they are refused",
      [text("ff", more), binary("", more), binary("")],
      ["refused", 0x02, 0x80],
    ],
    ["may go on as a string between characters", [text("c3 a9", more), string("é")], [0x01, 0x80]],
    [
      "may not go on as a string inside one",
      [text("c3", more), string("é"), text("a9")],
      [0x01, "refused", 0x80],
    ],
    ["may follow a string", [string("é", more), text("c3", more), text("a9")], [0x01, 0x00, 0x80]],
    [
      "are judged anew in the next message",
      [text("c3", more), text("a9"), text("a9"), text("61")],
      [0x01, 0x80, "refused", 0x81],
    ],
  ])("%s", (_, frames, expected) => {
    expect(firstBytes(frames)).toEqual(expected);
  });
});

test("text with a reserved bit is the extension's, and need not be UTF-8", () => {
  const guard = new OutgoingGuard(0x40);
  expect(guard.check(new Frame.Text(hex("ff"), { rsv1: true }))).toBe(0xc1);
  expect(() => guard.check(new Frame.Text(hex("ff")))).toThrow(InvalidArgumentError);
});
