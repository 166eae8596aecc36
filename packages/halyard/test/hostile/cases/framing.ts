// SPDX-License-Identifier: Apache-2.0
// Frames that are no good, or at the edge of it (RFC 6455 section 5).
import { bytesOf, concat, frame, type Role, toRole } from "../../protocol/support.ts";
import {
  bye,
  closes,
  end,
  fails,
  hears,
  lost,
  type More,
  onPlatforms,
  reset,
  type SessionCase,
  type Step,
} from "./case.ts";

const hi = "81 02 68 69";
const gotHi = "text 68 69";

/** The frames as they would be right for the other role: masked from a server, not masked from a client. */
function wrongMask(...frames: readonly string[]): (role: Role) => Uint8Array {
  return (role) => toRole(role === "client" ? "server" : "client", ...frames);
}

/** With a mask that changes nothing. Only a client may send it. */
function zeroKey(role: Role): Uint8Array {
  return bytesOf(role === "client" ? "81 82 00 00 00 00 68 69" : hi);
}

const masking: readonly SessionCase[] = [
  ["FR-01", "a text with the mask of the other role", [wrongMask(hi)], fails(1002)],
  ["FR-01", "a binary message with the mask of the other role", [wrongMask("82 01 00")], fails(1002)],
  ["FR-01", "a mask of zeros from a server, none from a client", [zeroKey], fails(1002)],
  ["FR-01", "a ping with the mask of the other role", [wrongMask("89 00")], fails(1002)],
  ["FR-01", "a Close frame with the mask of the other role", [wrongMask(bye)], fails(1002)],
  ["FR-01", "the second frame alone", [hi, wrongMask(hi)], fails(1002, [gotHi])],
  ["FR-01", "the second fragment alone", ["01 01 61", wrongMask("80 01 62")], fails(1002)],
];

const reservedBits: readonly SessionCase[] = [
  ["FR-02", "RSV1 without an extension", ["c1 02 68 69"], fails(1002)],
  ["FR-02", "RSV2", ["a2 00"], fails(1002)],
  ["FR-02", "RSV3", ["91 00"], fails(1002)],
  ["FR-02", "all of them", ["f1 00"], fails(1002)],
  ["FR-02", "RSV1 on a ping", ["c9 00"], fails(1002)],
  ["FR-02", "RSV3 on a pong", ["9a 00"], fails(1002)],
  ["FR-02", "RSV1 on a continuation", ["01 01 61", "c0 00"], fails(1002)],
  ["FR-02", "RSV2 on a Close frame", ["a8 00"], fails(1002)],
];

const opcodes: readonly SessionCase[] = [
  // One byte says it: nothing else of the frame is waited for.
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): SessionCase => {
    return ["FR-03", `opcode ${opcode}`, [() => Uint8Array.of(0x80 | opcode)], fails(1002)];
  }),
  ["FR-03", "a reserved opcode without FIN", [() => Uint8Array.of(0x03)], fails(1002)],
  ["FR-03", "a reserved opcode inside a message", ["01 01 61", () => Uint8Array.of(0x83)], fails(1002)],
];

const control: readonly SessionCase[] = [
  ["FR-04", "a ping without FIN", [() => Uint8Array.of(0x09)], fails(1002)],
  ["FR-04", "a pong without FIN", [() => Uint8Array.of(0x0a)], fails(1002)],
  ["FR-04", "a Close frame without FIN", [() => Uint8Array.of(0x08)], fails(1002)],
  ["FR-04", "a ping of 126 bytes", ["89 7e"], fails(1002)],
  ["FR-04", "a pong with a length in 64 bits", ["8a 7f"], fails(1002)],
  ["FR-04", "a Close frame of 126 bytes", ["88 7e"], fails(1002)],
  [
    "FR-04",
    "a ping of 125 bytes is a good one",
    [frame(0x89, new Uint8Array(125)), bye],
    closes([], [`pong ${"00".repeat(125)}`]),
  ],
];

const fragments: readonly SessionCase[] = [
  ["FR-05", "a continuation of nothing", ["00 01 61"], fails(1002)],
  ["FR-05", "a last continuation of nothing", ["80 00"], fails(1002)],
  ["FR-05", "a continuation behind a message that is complete", [hi, "80 00"], fails(1002, [gotHi])],
  [
    "FR-05",
    "a continuation behind a fragmented message that is complete",
    ["01 00", "80 00", "80 00"],
    fails(1002, ["text"]),
  ],
  ["FR-05", "a message inside another", ["01 01 61", hi], fails(1002)],
  ["FR-05", "a binary message inside a text", ["01 01 61", "82 01 62"], fails(1002)],
  [
    "FR-05",
    "a message inside another of which nothing but empty fragments came",
    ["01 00", "00 00", "82 00"],
    fails(1002),
  ],
  ["FR-05", "a fragmented message inside another", ["02 00", "02 00"], fails(1002)],
  ["FR-05", "empty fragments", ["01 00", "00 00", "80 00", bye], closes(["text"])],
  [
    "FR-05",
    "pings and pongs between fragments are no part of the message",
    ["01 01 61", "89 01 07", "8a 01 08", "80 01 62", bye],
    closes(["text 61 62"], ["pong 07"]),
  ],
];

const lengths: readonly SessionCase[] = [
  ["FR-06", "125 bytes with a length in 16 bits", ["82 7e 00 7d"], fails(1002)],
  [
    "FR-06",
    "no bytes with a length in 16 bits",
    ["82 7e 00 00"],
    fails(1002),
    { ...onPlatforms("binary, ConnectionError; 1006; unclean"), okhttp: [lost(["binary"])] },
  ],
  ["FR-06", "65,535 bytes with a length in 64 bits", ["82 7f 00 00 00 00 00 00 ff ff"], fails(1002)],
  ["FR-07", "2^64 - 1 bytes", ["82 7f ff ff ff ff ff ff ff ff"], fails(1002)],
  ["FR-07", "2^63 bytes", ["82 7f 80 00 00 00 00 00 00 00"], fails(1002)],
  ["FR-07", "2^63 - 1 bytes", ["82 7f 7f ff ff ff ff ff ff ff"], fails(1009)],
  ["FR-07", "2^53 bytes", ["82 7f 00 20 00 00 00 00 00 00"], fails(1009)],
  ["FR-07", "2^53 + 1 bytes, which no number can hold", ["82 7f 00 20 00 00 00 00 00 01"], fails(1009)],
  [
    "FR-07",
    "2^32 + 5 bytes, of which five come",
    ["82 7f 00 00 00 01 00 00 00 05 61 61 61 61 61"],
    fails(1009),
  ],
  ["FR-07", "2^31 bytes", ["82 7f 00 00 00 00 80 00 00 00"], fails(1009)],
  [
    "FR-07",
    "2^63 - 1 bytes in a continuation of one",
    ["02 01 61", "80 7f 7f ff ff ff ff ff ff ff"],
    fails(1009),
  ],
];

const bytes = (size: number) => new Uint8Array(size).fill(0x61);
const limits: More = { config: { maxFrameSize: 1_000, maxMessageSize: 1_000 } };

const atLimits: readonly SessionCase[] = [
  ["FR-08", "a frame of 16 MiB + 1, at its header", ["82 7f 00 00 00 00 01 00 00 01"], fails(1009)],
  ["FR-08", "exactly the limit", [frame(0x82, bytes(1_000)), bye], closes(["binary 1000 x 61"]), limits],
  ["FR-08", "one byte more, of which none has come", ["82 7e 03 e9"], fails(1009), limits],
  [
    "FR-08",
    "fragments of exactly the limit",
    [frame(0x02, bytes(999)), "80 01 61", bye],
    closes(["binary 1000 x 61"]),
    limits,
  ],
  [
    "FR-08",
    "fragments of one byte more, at the header",
    [frame(0x02, bytes(999)), "80 02"],
    fails(1009),
    limits,
  ],
  [
    "FR-08",
    "a message within its limit, a frame over its own",
    ["82 7e 01 f5"],
    fails(1009),
    { config: { maxFrameSize: 500 } },
  ],
  [
    "FR-08",
    "the next message, counted for itself",
    [frame(0x82, bytes(900)), frame(0x82, bytes(900)), bye],
    closes(["binary 900 x 61", "binary 900 x 61"]),
    limits,
  ],
  ...[125, 126, 127, 65_535, 65_536, 65_537].flatMap((size): SessionCase[] => {
    const got = size > 200 ? `binary ${size} x 61` : `binary ${Array(size).fill("61").join(" ")}`;
    const own: More = { config: { maxFrameSize: size } };
    return [
      ["FR-08", `${size} bytes of ${size}`, [frame(0x82, bytes(size)), bye], closes([got]), own],
      ["FR-08", `${size + 1} bytes of ${size}`, [frame(0x82, bytes(size + 1))], fails(1009), own],
    ];
  }),
];

const behind: readonly SessionCase[] = [
  ["FR-11", "messages and garbage behind a Close frame", [hi, bye, hi, "ff ff ff ff"], closes([gotHi])],
  ["FR-11", "a second Close frame behind the first", [bye, "88 02 03 e9"], closes()],
  ["FR-11", "a good message behind a fault", ["83 00", hi, bye], fails(1002)],
  ["FR-11", "good messages before a fault", [hi, "82 01 07", "83 00"], fails(1002, [gotHi, "binary 07"])],
  ["FR-11", "a fragment before a fault", [hi, "01 01 61", "83 00"], fails(1002, [gotHi])],
  [
    "FR-11",
    "a ping before a fault has its pong",
    ["89 01 07", hears("pong 07"), "83 00"],
    fails(1002, [], ["pong 07"]),
  ],
];

/** Where a connection may stop, and what was received by then. */
const cuts: readonly (readonly [where: string, steps: readonly Step[], received: readonly string[]])[] = [
  ["nowhere, behind a message", [hi], [gotHi]],
  ["the first byte of a header", [hi, "82"], [gotHi]],
  ["a length of 16 bits", ["82 7e 01"], []],
  ["a length of 64 bits", ["82 7f 00 00 00"], []],
  ["a payload", [hi, "82 05 61 61"], [gotHi]],
  ["a large payload", [concat([bytesOf("82 7e ff ff"), bytes(60_000)])], []],
  ["a text, between two characters", ["81 05 61 61"], []],
  ["a fragmented message, between two frames", ["01 01 61", "00 01 61"], []],
  ["a Close frame", ["88 02 03"], []],
  ["a Close frame, behind its header", ["88 02"], []],
];

const stops: readonly SessionCase[] = cuts.flatMap(([where, steps, received]): SessionCase[] => [
  ["FR-12", `an end inside of ${where}`, [...steps, end], lost(received)],
  ["FR-12", `a reset inside of ${where}`, [...steps, reset], lost(received)],
]);

export const framing: readonly SessionCase[] = [
  ...masking,
  ...reservedBits,
  ...opcodes,
  ...control,
  ...fragments,
  ...lengths,
  ...atLimits,
  ...behind,
  ...stops,
];
