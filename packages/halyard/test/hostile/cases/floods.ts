// SPDX-License-Identifier: Apache-2.0
// More than anybody wants, and less: floods of fragments and pongs, silence, and pongs that are none.
import { concat, frame, type Role, toRole } from "../../protocol/support.ts";
import { bye, closes, fails, hears, type More, type Outcome, type SessionCase, stay } from "./case.ts";

/** The default of `maxFragments`. */
const mostFragments = 131_072;

/** The same frame again and again. */
function repeated(bytes: string, times: number): (role: Role) => Uint8Array {
  return (role) => concat(Array<Uint8Array>(times).fill(toRole(role, bytes)));
}

const sixteen = Array.from({ length: 16 }, (_, at) => `0${at.toString(16)}`);

const floods: readonly SessionCase[] = [
  [
    "MM-01",
    "empty fragments, one more than may be",
    ["01 00", repeated("00 00", mostFragments)],
    fails(1009),
  ],
  [
    "MM-01",
    "fragments of a byte, one more than may be",
    ["01 00", repeated("00 01 61", mostFragments)],
    fails(1009),
  ],
  [
    "MM-02",
    "as many fragments as may be",
    ["02 00", repeated("00 01 61", mostFragments - 2), "80 01 61", bye],
    closes([`binary ${mostFragments - 1} x 61`]),
    // Its limit is lower.
    { ws: ["ConnectionError; 1006; unclean"] },
  ],
  [
    "MM-01",
    "three fragments, where two may be",
    ["01 00", "00 00", "00 00"],
    fails(1009),
    { config: { maxFragments: 2 } },
  ],
  [
    "MM-03",
    "as many pings at once as pongs may wait: all are answered, in order",
    [...sixteen.map((byte) => frame(0x89, byte)), bye],
    closes(
      [],
      sixteen.map((byte) => `pong ${byte}`),
    ),
  ],
  [
    "MM-04",
    "pongs that nobody asked for",
    [repeated("8a 04 00 00 00 00", 20_000), "81 01 61", bye],
    closes(["text 61"]),
  ],
];

/** A ping is sent, and its deadline passes, before the next. */
const impatient: More = { config: { pingInterval: 100, pingTimeout: 50, closeTimeout: 60 }, timed: true };

/** The peer is given up. */
function givenUp(...received: readonly string[]): Outcome {
  return { received: [...received, "PingTimeoutError"], wire: ["close 1011"], reason: 1011, clean: false };
}

const firstPing = hears("ping 00000001");

const keepalive: readonly SessionCase[] = [
  ["KA-01", "a peer that never says anything", [firstPing, stay], givenUp(), impatient],
  [
    "KA-01",
    "a peer that falls silent inside a message",
    ["81 01 61", "82 7e 01", firstPing, stay],
    givenUp("text 61"),
    impatient,
  ],
  [
    "KA-03",
    "a pong for another ping is a sign of life: the next ping comes, and has its own deadline",
    [firstPing, "8a 04 ff ff ff ff", hears("ping 00000002"), stay],
    givenUp(),
    impatient,
  ],
  [
    "KA-03",
    "a pong that comes twice",
    [firstPing, "8a 04 00 00 00 01", "8a 04 00 00 00 01", bye],
    closes(),
    impatient,
  ],
  [
    "KA-03",
    "a pong before any ping",
    ["8a 04 00 00 00 01", "8a 00", "81 01 61", bye],
    closes(["text 61"]),
    impatient,
  ],
  ["KA-03", "a pong behind a Close frame", [bye, "8a 04 00 00 00 01"], closes(), impatient],
];

export const excess: readonly SessionCase[] = [...floods, ...keepalive];
