// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { FrameDecoder } from "../../src/protocol/frame-decoder.ts";
import { MessageAssembler, type MessageLimits } from "../../src/protocol/message-assembler.ts";
import { OutgoingGuard } from "../../src/protocol/outgoing-guard.ts";
import { cut, outcome } from "./handshake/support.ts";
import { type Bytes, frame, hex, ROLES, type Role, show, toHex, toRole } from "./support.ts";

/** Makes frames of what comes in chunks. */
function reader(
  role: Role,
  { mode = "default", ...limits }: Partial<MessageLimits> & { mode?: "raw" | "default" } = {},
): (...chunks: Uint8Array[]) => Frame[] {
  const decoder = new FrameDecoder({ role, maxFrameSize: 2 ** 17 });
  const assembler = new MessageAssembler(decoder, role === "server", mode, {
    maxMessageSize: 2 ** 17,
    maxFragments: 1000,
    ...limits,
  });
  return (...chunks) => {
    const frames: Frame[] = [];
    for (const chunk of chunks) {
      decoder.feed(chunk);
      while (decoder.next()) {
        const frame = assembler.push();
        if (frame !== null) frames.push(frame);
      }
    }
    return frames;
  };
}

const notUtf8 = { thrown: new ProtocolViolationError("a text message is not UTF-8", 1007) };

describe.each(ROLES)("in the default mode a %s makes of", (role) => {
  test.each<[string, Bytes[], string[]]>([
    [
      "messages and control frames",
      ["81 01 61", "8a 01 62", "82 01 ff", "88 00"],
      ["text 61", "pong 62", "binary ff", "close"],
    ],
    ["empty messages", ["81 00", "82 00"], ["text", "binary"]],
    ["fragments", ["01 01 61", "00 01 62", "80 01 63"], ["text 61 62 63"]],
    ["empty fragments (FR-05)", ["02 00", "00 00", "80 00"], ["binary"]],
    ["empty fragments around one byte", ["01 00", "00 01 61", "80 00"], ["text 61"]],
    [
      "fragments with pings between (RFC 6455 section 5.4)",
      ["01 01 61", "89 01 70", "80 01 62"],
      ["ping 70", "text 61 62"],
    ],
    ["a fragmented message and a Close frame inside (CL-10)", ["02 01 61", "88 02 03 e8"], ["close 03 e8"]],
    ["two fragmented messages", ["02 01 61", "80 00", "01 01 62", "80 01 63"], ["binary 61", "text 62 63"]],
    [
      "a character that is cut between fragments (U8-02)",
      ["01 02 61 e2", "00 01 82", "89 00", "80 01 ac"],
      ["ping", "text 61 e2 82 ac"],
    ],
    [
      "bytes that are no text, in binary messages and pings (U8-04)",
      ["82 01 ff", "89 01 ff", "8a 01 c3"],
      ["binary ff", "ping ff", "pong c3"],
    ],
    ["a Close frame with a reason", ["88 05 03 e9 e2 82 ac"], ["close 03 e9 e2 82 ac"]],
  ])("%s the frames it gives out, also of single bytes", (_, frames, expected) => {
    const stream = toRole(role, ...frames);
    expect(show(reader(role)(stream))).toEqual(expected);
    expect(show(reader(role)(...cut(stream, [...stream.keys()])))).toEqual(expected);
  });

  test("texts that need no second check before they are sent on", () => {
    const [text] = reader(role)(toRole(role, "01 01 c3", "80 01 a9"));
    expect(text).toMatchObject({ isKnownUtf8: true });
    expect(new OutgoingGuard().check(text as Frame)).toBe(0x81);
  });
});

describe.each(ROLES)("in the raw mode a %s makes of", (role) => {
  test.each<[string, Bytes[], string[]]>([
    ["whole messages", ["81 01 61", "82 00"], ["text 61", "binary"]],
    [
      "fragments frames of their message's type",
      ["01 01 61", "89 00", "00 00", "80 01 62", "02 00", "80 01 ff"],
      ["text 61 ...", "ping", "text ...", "text 62", "binary ...", "binary ff"],
    ],
    ["a character that is cut between fragments", ["01 01 c3", "80 01 a9"], ["text c3 ...", "text a9"]],
    ["a Close frame inside a message", ["01 00", "88 00"], ["text ...", "close"]],
  ])("%s", (_, frames, expected) => {
    expect(show(reader(role, { mode: "raw" })(toRole(role, ...frames)))).toEqual(expected);
  });

  test("a whole text one that needs no second check, of a fragment one that does", () => {
    const frames = reader(role, { mode: "raw" })(toRole(role, "81 01 61", "01 01 61", "80 01 61"));
    expect(frames.map((each) => "isKnownUtf8" in each && each.isKnownUtf8)).toEqual([true, false, false]);
  });

  test("messages beyond the limits of a message frames, which are bounded one by one", () => {
    const read = reader(role, { mode: "raw", maxMessageSize: 1, maxFragments: 1 });
    expect(show(read(toRole(role, "02 02 61 62", "80 02 63 64")))).toEqual([
      "binary 61 62 ...",
      "binary 63 64",
    ]);
  });

  test("bytes that are no text a fault, too", () => {
    const read = reader(role, { mode: "raw" });
    expect(show(read(toRole(role, "01 01 c3")))).toEqual(["text c3 ..."]);
    expect(outcome(() => read(toRole(role, "80 01 41")))).toEqual(notUtf8);
    expect(outcome(() => reader(role, { mode: "raw" })(toRole(role, "81 01 c3")))).toEqual(notUtf8);
  });
});

describe.each(ROLES)("a %s fails with 1007 (RFC 6455 section 8.1)", (role) => {
  test.each<[string, Bytes[]]>([
    ["a text with a bad byte", ["81 03 61 ff 61"]],
    ["a text that ends inside a character", ["81 02 61 c3"]],
    ["fragments whose border cuts a character wrongly", ["01 01 c3", "80 01 41"]],
    ["fragments that end inside a character", ["01 01 c3", "80 00"]],
    ["a bad byte in a middle fragment", ["01 01 61", "00 01 80"]],
    ["a character begun, a ping, and a bad byte", ["01 01 e0", "89 00", "00 01 9f"]],
    ["a text after one that was good (U8-02)", ["81 02 c3 a9", "81 01 a9"]],
  ])("%s", (_, frames) => {
    expect(outcome(() => reader(role)(toRole(role, ...frames)))).toEqual(notUtf8);
  });

  test("at the first bad byte, however much of the frame is still to come (Autobahn 6.4)", () => {
    const read = reader(role);
    const text = frame(0x81, new Uint8Array(1000).fill(0x61).fill(0xf4, 500, 501).fill(0x90, 501, 502));
    const stream = toRole(role, text);
    const bad = stream.length - 1000 + 501;
    expect(read(stream.subarray(0, bad))).toEqual([]);
    expect(outcome(() => read(stream.subarray(bad, bad + 1)))).toEqual(notUtf8);
  });

  test("at the first bad byte of a fragment without FIN", () => {
    expect(outcome(() => reader(role)(toRole(role, "01 05 61 62 ff")))).toEqual(notUtf8);
  });

  test("not the text that follows a binary message of bad bytes", () => {
    expect(show(reader(role)(toRole(role, "82 01 e2", "81 01 61")))).toEqual(["binary e2", "text 61"]);
  });
});

describe.each(ROLES)("a Close frame that comes to a %s", (role) => {
  test.each([
    ["one byte", "88 01 03", 1002, "the peer sent a close payload of one byte"],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map(
      (code) =>
        [
          `the code ${code}`,
          frame(0x88, Uint8Array.of(code >> 8, code)),
          1002,
          `the peer sent close code ${code}`,
        ] as const,
    ),
    ["a message that is not UTF-8", "88 03 03 e8 ff", 1007, "the message of a Close frame is not UTF-8"],
    ["a message that is cut", "88 04 03 e8 e2 82", 1007, "the message of a Close frame is not UTF-8"],
  ] as const)("fails for %s (CL-01, U8-04)", (_, bytes, code, message) => {
    for (const mode of ["default", "raw"] as const) {
      expect(outcome(() => reader(role, { mode })(toRole(role, bytes)))).toEqual({
        thrown: new ProtocolViolationError(message, code),
      });
    }
  });

  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    "may have the code %i (CL-02)",
    (code) => {
      const [close] = reader(role)(toRole(role, frame(0x88, Uint8Array.of(code >> 8, code))));
      expect((close as Frame.Close).readReason()).toMatchObject({ code, message: "" });
    },
  );

  test("may have a message of 123 bytes (CL-02)", () => {
    const message = "x".repeat(123);
    const payload = Buffer.from(`\u0003\u0064${message}`, "latin1");
    payload.writeUInt16BE(1000);
    const [close] = reader(role)(toRole(role, frame(0x88, payload)));
    expect((close as Frame.Close).readReason()).toMatchObject({ code: 1000, message });
  });
});

describe.each(ROLES)("the limits of a %s", (role) => {
  test("count a frame once, in however many pieces it comes", () => {
    const read = reader(role, { maxMessageSize: 4, maxFragments: 1 });
    const stream = toRole(role, "82 04 61 62 63 64");
    expect(show(read(...cut(stream, [...stream.keys()])))).toEqual(["binary 61 62 63 64"]);
  });

  const size = (bytes: number) => new FrameTooBigError("maxMessageSize", bytes, 4);

  test.each<[string, Bytes[], unknown]>([
    ["pass one frame at the limit", ["82 04 61 61 61 61"], { returned: ["binary 61 61 61 61"] }],
    [
      "pass fragments at the limit",
      ["02 03 61 61 61", "00 01 61", "80 00"],
      { returned: ["binary 61 61 61 61"] },
    ],
    [
      "count each message for itself",
      ["82 03 61 61 61", "82 02 61 61"],
      { returned: ["binary 61 61 61", "binary 61 61"] },
    ],
    [
      "do not count control frames",
      ["02 03 61 61 61", "89 02 61 61", "80 01 61"],
      { returned: ["ping 61 61", "binary 61 61 61 61"] },
    ],
    ["refuse one frame beyond, on its header", ["82 05"], { thrown: size(5) }],
    ["refuse fragments beyond, on a header", ["02 03 61 61 61", "00 02"], { thrown: size(5) }],
  ])("of a message's size %s (FR-08)", (_, frames, expected) => {
    expect(outcome(() => show(reader(role, { maxMessageSize: 4 })(toRole(role, ...frames))))).toEqual(
      expected,
    );
  });

  test.each<[string, Bytes[], unknown]>([
    ["pass as many", ["02 00", "00 01 61", "80 00"], { returned: ["binary 61"] }],
    [
      "count each message for itself",
      ["02 00", "80 00", "02 00", "80 00"],
      { returned: ["binary", "binary"] },
    ],
    [
      "do not count control frames",
      ["02 00", "89 00", "89 00", "80 00"],
      { returned: ["ping", "ping", "binary"] },
    ],
    [
      "refuse one more, on its header",
      ["02 00", "00 00", "00 00", "00 05"],
      { thrown: new FrameTooBigError("maxFragments", 4, 3) },
    ],
  ])("of its fragments %s (MM-01)", (_, frames, expected) => {
    expect(outcome(() => show(reader(role, { maxFragments: 3 })(toRole(role, ...frames))))).toEqual(expected);
  });
});

test.each(ROLES)("frames of a %s own their bytes, and the chunk stays as it came (FR-13, SN-02)", (role) => {
  const chunk = toRole(role, frame(0x82, new Uint8Array(100).fill(0x61)), "89 01 70", "81 02 c3 a9");
  const before = chunk.slice();
  const frames = reader(role)(chunk);
  expect(chunk).toEqual(before);
  chunk.fill(0xff);
  expect(frames.map(({ data }) => data.buffer.byteLength)).toEqual([100, 1, 2]);
  expect(toHex((frames[2] as Frame).data)).toBe("c3 a9");
  expect(frames[0]?.data).toEqual(new Uint8Array(100).fill(0x61));
});

test("a payload that comes in pieces of any phase is unmasked", () => {
  const payload = Uint8Array.from({ length: 600 }, (_, at) => at);
  const stream = toRole("server", frame(0x82, payload));
  for (const size of [1, 2, 3, 5, 67, 131]) {
    const places = Array.from({ length: stream.length / size }, (_, at) => at * size);
    expect(reader("server")(...cut(stream, places))[0]?.data).toEqual(payload);
  }
});

test("what is announced and does not come takes no memory (FR-09)", () => {
  const read = reader("client", { maxMessageSize: 2 ** 40 });
  const before = process.memoryUsage().arrayBuffers;
  const pieces = Array.from({ length: 100 }, () => reader("client", { maxMessageSize: 2 ** 40 }));
  for (const each of [read, ...pieces]) each(hex("82 7f 00 00 00 00 00 01 ff ff"));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
