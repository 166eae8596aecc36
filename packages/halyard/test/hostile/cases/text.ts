// SPDX-License-Identifier: Apache-2.0
// Text that is UTF-8, nearly, or not at all (RFC 6455 section 8.1).
import { bytesOf, concat, frame, toHex } from "../../protocol/support.ts";
import { bye, closes, fails, lost, type More, type SessionCase } from "./case.ts";

function text(bytes: string): Uint8Array {
  return frame(0x81, bytes);
}

const good = "aé€\u{1f600}".repeat(20);

/** A text of many good characters of every size, with something in the middle. */
function deepInside(bytes: string): Uint8Array {
  return frame(0x81, concat([encoded(good), bytesOf(bytes), encoded(good)]));
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** OkHttp hands on what Java makes of it, and then there comes nothing more. */
function readAs(...texts: readonly string[]): More {
  return { okhttp: [lost(texts.map((each) => `text ${toHex(encoded(each))}`))] };
}

/** What of it is read as U+FFFD differs: Java has one for each surrogate. */
const bad: readonly (readonly [what: string, bytes: string, inJava: string])[] = [
  ["FF", "ff", "\ufffd"],
  ["FE", "fe", "\ufffd"],
  ["a lone continuation", "80", "\ufffd"],
  ["NUL in two bytes", "c0 80", "\ufffd\ufffd"],
  ["a slash in two bytes", "c0 af", "\ufffd\ufffd"],
  ["a slash in three bytes", "e0 80 af", "\ufffd\ufffd\ufffd"],
  ["a slash in four bytes", "f0 80 80 af", "\ufffd\ufffd\ufffd\ufffd"],
  ["a high surrogate", "ed a0 80", "\ufffd"],
  ["a low surrogate", "ed bf bf", "\ufffd"],
  ["a pair of surrogates", "ed a0 80 ed b0 80", "\ufffd\ufffd"],
  ["U+110000", "f4 90 80 80", "\ufffd\ufffd\ufffd\ufffd"],
  ["five bytes", "f8 88 80 80 80", "\ufffd\ufffd\ufffd\ufffd\ufffd"],
  ["a character cut by a letter", "e2 82 61", "\ufffda"],
  ["a character cut by another", "e2 82 e2 82 ac", "\ufffd€"],
];

export const texts: readonly SessionCase[] = [
  ...bad.map(([what, bytes, inJava]): SessionCase => {
    return ["U8-01", what, [text(bytes)], fails(1007), readAs(inJava)];
  }),
  ...bad.map(([what, bytes, inJava]): SessionCase => {
    const { length } = encoded(good + inJava + good);
    const okhttp = [lost([`text ${length} x 61`])];
    return ["U8-01", `${what}, deep inside`, [deepInside(bytes)], fails(1007), { okhttp }];
  }),
  ["U8-01", "a character cut by the end", [text("61 e2 82")], fails(1007), readAs("a\ufffd")],
  ["U8-01", "a bad byte, though the rest of the frame has not come", ["81 7e ff ff 61 ff"], fails(1007)],
  [
    "U8-02",
    "a character in three fragments, a ping inside",
    ["01 01 e2", "89 01 07", "00 01 82", "80 01 ac", bye],
    closes(["text e2 82 ac"], ["pong 07"]),
  ],
  [
    "U8-02",
    "an empty fragment inside a character",
    ["01 01 c3", "00 00", "80 01 a9", bye],
    closes(["text c3 a9"]),
  ],
  [
    "U8-02",
    "a fragment that does not go on as the last one ended",
    ["01 02 e2 82", "80 01 61"],
    fails(1007),
    readAs("\ufffda"),
  ],
  ["U8-02", "a fragment that cannot go on, before the last one", ["01 01 e2", "00 01 61"], fails(1007)],
  [
    "U8-02",
    "a last fragment that ends inside a character",
    ["01 01 61", "80 02 e2 82"],
    fails(1007),
    readAs("a\ufffd"),
  ],
  [
    "U8-02",
    "a last fragment that is empty, inside a character",
    ["01 01 e2", "80 00"],
    fails(1007),
    readAs("\ufffd"),
  ],
  [
    "U8-02",
    "a second text, judged anew",
    ["81 02 c3 a9", "81 01 a9"],
    fails(1007, ["text c3 a9"]),
    readAs("é", "\ufffd"),
  ],
  [
    "U8-02",
    "a text behind bytes that would be half a character",
    ["82 01 e2", "81 01 61", bye],
    closes(["binary e2", "text 61"]),
  ],
  [
    "U8-03",
    "a BOM, which is kept",
    [text("ef bb bf 61"), bye],
    closes(["text ef bb bf 61"]),
    { undici: ["text 61, end; 1000"] },
  ],
  ["U8-03", "NUL", [text("00 61 00"), bye], closes(["text 00 61 00"])],
  ["U8-03", "noncharacters", [text("ef bf bf ef b7 90"), bye], closes(["text ef bf bf ef b7 90"])],
  ["U8-03", "U+10FFFF", [text("f4 8f bf bf"), bye], closes(["text f4 8f bf bf"])],
  ["U8-04", "a close reason that is no UTF-8", ["88 03 03 e8 ff"], fails(1007), { okhttp: [closes()] }],
  [
    "U8-04",
    "a close reason that ends inside a character",
    ["88 04 03 e8 e2 82"],
    fails(1007),
    { okhttp: [closes()] },
  ],
  ["U8-04", "any bytes in a binary message", ["82 03 ff c0 80", bye], closes(["binary ff c0 80"])],
  ["U8-04", "any bytes in pings and pongs", ["89 02 ff c0", "8a 01 fe", bye], closes([], ["pong ffc0"])],
];
