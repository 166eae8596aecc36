// SPDX-License-Identifier: Apache-2.0
// Compressed messages that mean harm (RFC 7692).
import { constants, deflateRawSync } from "node:zlib";
import { deflate } from "../../../src/extensions/deflate/node/index.ts";
import { type Bytes, concat, frame, hex, type Role } from "../../protocol/support.ts";
import { bye, closes, fails, lost, type More, type SessionCase } from "./case.ts";

const agreed: More = {
  agreed: "permessage-deflate",
  config: { extensions: [deflate()] },
  // What it is still inflating when the connection ends is lost.
  undici: "chance",
};

export function deflated(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A whole text of compressed bytes. */
function packed(bytes: Bytes): Uint8Array {
  return frame(0xc1, bytes);
}

function bomb(size: number): Uint8Array {
  return frame(0xc2, deflated(new Uint8Array(size)));
}

const hello = "48 65 6c 6c 6f";
const gotHello = `text ${hello}`;
/** The examples of RFC 7692 section 7.2.3: Hello, alone and as a reference to the message before. */
const first = packed("f2 48 cd c9 c9 07 00");
const again = packed("f2 00 11 00 00");
const emptyBlocks = concat([...Array.from({ length: 200 }, () => hex("00 00 00 ff ff")), hex("00")]);

/** What a platform tells of what it cannot inflate. */
const isLost = "ConnectionError; 1006; unclean";

const data: readonly SessionCase[] = [
  ["FR-02", "RSV1 on a continuation", ["41 02 f2 48", "c0 05 cd c9 c9 07 00"], fails(1002)],
  ["FR-02", "RSV1 on a ping", ["c9 00"], fails(1002)],
  ["FR-02", "RSV1 on a Close frame", ["c8 02 03 e8"], fails(1002)],
  ["FR-02", "RSV2 and RSV3", ["b1 00"], fails(1002)],
  ["CM-02", "empty blocks of which nothing comes", [packed(emptyBlocks), bye], closes(["text"])],
  [
    "CM-03",
    "a final block, and a message behind it",
    [packed("f3 48 cd c9 c9 07 00 00"), first, bye],
    closes([gotHello, gotHello]),
  ],
  [
    "CM-03",
    "a final block and nothing, and a reference to it",
    [packed("f3 48 cd c9 c9 07 00"), again, bye],
    closes([gotHello, gotHello]),
    { ws: [`${gotHello}, ${isLost}`], okhttp: [lost([gotHello])] },
  ],
  ["CM-03", "an empty final block", [packed("03 00 00"), first, bye], closes(["text", gotHello])],
  ["CM-04", "a block of no known type", [first, packed("06 00"), first], fails(1007, [gotHello])],
  ["CM-04", "a distance that reaches before the beginning", [again], fails(1007)],
  [
    "CM-04",
    "a stored block whose length is wrong",
    [packed("00 05 00 00 00 48 65 6c 6c 6f 00")],
    fails(1007),
  ],
  [
    "CM-04",
    "a message that is cut",
    [first, packed("f2 48 cd c9")],
    fails(1007, [gotHello]),
    {
      ws: [`${gotHello}, text 48 65 6c 68, ${isLost}`],
      okhttp: [lost([gotHello, "text 48 65 6c 68"])],
    },
  ],
  ["CM-04", "a stored block that is cut", [packed("00 05 00 fa ff 48 65")], fails(1007)],
  [
    "CM-04",
    "garbage behind a final block",
    [packed("f3 48 cd c9 c9 07 00 ff ff ff")],
    fails(1007),
    { ws: [`${gotHello}, ${isLost}`], okhttp: [lost([gotHello])] },
  ],
  [
    "CM-04",
    "bad fragments behind good ones",
    ["41 02 f2 48", "80 02 ff ff"],
    fails(1007),
    { okhttp: [lost(["text 48 67 ef bf bd ef bf bd"])] },
  ],
  ["CM-05", "Hello, and a reference to it", [first, again, bye], closes([gotHello, gotHello])],
  ["CM-05", "Hello in two fragments", ["41 03 f2 48 cd", "80 04 c9 c9 07 00", bye], closes([gotHello])],
  ["CM-05", "Hello in a stored block", [packed(`00 05 00 fa ff ${hello} 00`), bye], closes([gotHello])],
  [
    "CM-05",
    "Hello in two blocks",
    [packed("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), bye],
    closes([gotHello]),
  ],
  [
    "CM-06",
    "a ping inside a compressed message",
    ["41 03 f2 48 cd", "89 01 07", "80 04 c9 c9 07 00", bye],
    closes([gotHello], ["pong 07"]),
  ],
  [
    "CM-10",
    "text that shows as no UTF-8 when it is inflated",
    [packed(deflated(hex("c3 28")))],
    fails(1007),
    { okhttp: [lost(["text ef bf bd 28"])] },
  ],
  [
    "CM-10",
    "text that ends inside a character when it is inflated",
    [packed(deflated(hex("61 e2 82")))],
    fails(1007),
    { okhttp: [lost(["text 61 ef bf bd"])] },
  ],
  ["CM-10", "an empty message", [packed("00"), packed(""), bye], closes(["text", "text"])],
  [
    "CM-10",
    "messages that are not compressed between others",
    [first, "81 01 61", again, "82 00", bye],
    closes([gotHello, "text 61", gotHello, "binary"]),
  ],
];

const limit = 300_000;
const limited: More = { ...agreed, config: { ...agreed.config, maxMessageSize: limit } };
const parts = deflated(new Uint8Array(limit + 1));

const bombs: readonly SessionCase[] = [
  [
    "CM-01",
    "a message that inflates to the limit, and one to a byte more",
    [bomb(limit), bomb(limit + 1)],
    fails(1009, [`binary ${limit} x 00`]),
    limited,
  ],
  [
    "CM-01",
    "a bomb in fragments",
    [frame(0x42, parts.subarray(0, 9)), frame(0x80, parts.subarray(9))],
    fails(1009),
    limited,
  ],
  [
    "CM-01",
    "two bytes, where the limit is one",
    [bomb(2)],
    fails(1009),
    { ...agreed, config: { ...agreed.config, maxMessageSize: 1 } },
  ],
  ["CM-01", "a bomb of 20 MB", [bomb(20_000_000)], fails(1009), limited],
];

/** Contexts are not taken over in the direction of what the peer sends. */
function noTakeover(role: Role): More {
  const direction = role === "client" ? "server" : "client";
  return { ...agreed, agreed: `permessage-deflate; ${direction}_no_context_takeover`, role };
}

const contexts: readonly SessionCase[] = (["client", "server"] as const).flatMap((role): SessionCase[] => [
  [
    "CM-04",
    "a reference to the message before, where contexts are not taken over",
    [first, again],
    fails(1007, [gotHello]),
    noTakeover(role),
  ],
  [
    "CM-05",
    "messages without references, where contexts are not taken over",
    [first, first, bye],
    closes([gotHello, gotHello]),
    noTakeover(role),
  ],
]);

/** Each with the extension agreed on. */
export const compressed: readonly SessionCase[] = [
  ...data.map(
    ([row, name, steps, outcome, more]): SessionCase => [row, name, steps, outcome, { ...agreed, ...more }],
  ),
  ...bombs,
  ...contexts,
];
