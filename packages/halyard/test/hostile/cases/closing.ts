// SPDX-License-Identifier: Apache-2.0
// How a peer can close badly, and how it can answer our close(). The rules are in docs/closing.md.
import { concat, frame } from "../../protocol/support.ts";
import {
  bye,
  closes,
  end,
  fails,
  goesOn,
  hears,
  lost,
  type More,
  type Outcome,
  reset,
  type SessionCase,
  stay,
} from "./case.ts";

function close(code: number, message = ""): Uint8Array {
  return frame(0x88, concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(message)]));
}

const forbidden = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const allowed = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
const longest = "é".repeat(61) + "!";

function closesWith(code: number): Outcome {
  return { received: ["end"], wire: [`close ${code}`], reason: code, clean: true };
}

const theirs: readonly SessionCase[] = [
  ["CL-01", "half a code", ["88 01 03"], fails(1002)],
  ...forbidden.map((code): SessionCase => ["CL-01", `the code ${code}`, [close(code)], fails(1002)]),
  ["CL-01", "a forbidden code with a reason", [close(1005, "why")], fails(1002)],
  ...allowed.map((code): SessionCase => ["CL-02", `the code ${code}`, [close(code)], closesWith(code)]),
  [
    "CL-02",
    "no code",
    ["88 00"],
    { received: ["end"], wire: ["close"], reason: 1005, clean: true },
    // It cannot send an empty one.
    { okhttp: [{ received: ["end"], wire: ["close 1000"], reason: 1005, clean: true }] },
  ],
  ["CL-02", "a reason of 123 bytes", [close(1001, longest)], closesWith(1001)],
  [
    "CL-03",
    "a Close frame, and no end of the connection",
    [bye, stay],
    closes(),
    // It says nothing before the connection ends.
    { config: { closeTimeout: 60 }, undici: [] },
  ],
  [
    "CL-03",
    "a fault, and no end of the connection",
    ["83 00", stay],
    fails(1002),
    { config: { closeTimeout: 60 } },
  ],
  ["CL-05", "two Close frames at once", [close(1001), bye], closesWith(1001)],
  [
    "CL-09",
    "messages right before it",
    ["81 01 61", "82 01 62", "81 00", bye],
    closes(["text 61", "binary 62", "text"]),
  ],
  [
    "CL-09",
    "messages right before it, which are read late",
    ["81 01 61", "82 01 62", "81 00", bye],
    closes(["text 61", "binary 62", "text"]),
    { program: { readsLate: true } },
  ],
  ["CL-10", "a Close frame inside a message", ["01 01 61", bye, "80 01 62"], closes(), inside()],
  [
    "CL-10",
    "a Close frame inside a character",
    ["81 01 61", "01 01 e2", bye],
    closes(["text 61"]),
    inside("text 61"),
  ],
  ["CL-11", "pings on both sides of it", ["89 01 61", bye, "89 01 62"], closes([], ["pong 61"])],
];

/** OkHttp takes it for a fault, and drops the connection: before it has answered, or behind that. */
function inside(...received: readonly string[]): More {
  const dropped: Outcome = { ...lost(received), reason: 1000 };
  return { okhttp: [dropped, { ...dropped, wire: ["close 1000"] }] };
}

/** Our close() was called, and the peer has heard of it. */
const closing: More = { program: { closes: { code: 4000, message: "enough" } } };
const soon: More = { ...closing, config: { closeTimeout: 60 } };
const told = hears("close 4000");

/** Our reason stays, whatever the answer; one Close frame was said, and nothing behind it. */
function ours(end: { answer: number | null } | { error: string }): Outcome {
  const clean = "answer" in end;
  return {
    received: [clean ? "end" : end.error],
    wire: ["close 4000"],
    reason: 4000,
    clean,
    answer: clean ? end.answer : null,
  };
}

const answers: readonly SessionCase[] = [
  ["CL-03", "our Close frame is answered by nothing", [told, stay], ours({ error: "TimeoutError" }), soon],
  [
    "CL-04",
    "our Close frame is answered by a message without end, and pings",
    [told, "01 00", goesOn("00 01 61", "89 01 62")],
    ours({ error: "TimeoutError" }),
    soon,
  ],
  [
    "CL-04",
    "our Close frame is answered by pings without end",
    [told, goesOn("89 00")],
    ours({ error: "TimeoutError" }),
    soon,
  ],
  [
    "CL-03",
    "our Close frame is answered, and the connection never ends",
    [told, bye, stay],
    ours({ answer: 1000 }),
    // The answer must come before it has passed.
    { ...closing, config: { closeTimeout: 250 }, undici: ["TimeoutError; 4000; unclean"] },
  ],
  [
    "CL-03",
    "our Close frame is answered with another code",
    [told, close(4005)],
    ours({ answer: 4005 }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered with an empty one",
    [told, "88 00"],
    ours({ answer: null }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered by an end of the connection",
    [told, end],
    ours({ error: "ConnectionError" }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered by a reset",
    [told, reset],
    ours({ error: "ConnectionError" }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered by a malformed one",
    [told, "88 01 03"],
    ours({ error: "ProtocolViolationError" }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered by a fault",
    [told, "83 00"],
    ours({ error: "ProtocolViolationError" }),
    closing,
  ],
  [
    "CL-03",
    "our Close frame is answered by half of one",
    [told, "88 02", stay],
    ours({ error: "TimeoutError" }),
    soon,
  ],
  [
    "CL-05",
    "both sides close at once",
    [close(4002)],
    ours({ answer: 4002 }),
    // The frame may come to OkHttp before our call does, and is answered then.
    {
      ...closing,
      okhttp: ["close 4000", "close 4002"].map((frame) => ({ ...ours({ answer: 4002 }), wire: [frame] })),
    },
  ],
  ["CL-05", "our Close frame is answered twice", [told, bye, close(4005)], ours({ answer: 1000 }), closing],
  [
    "CL-11",
    "pings while our Close frame is out",
    [told, "89 01 61", "89 00", bye, "89 01 62"],
    ours({ answer: 1000 }),
    closing,
  ],
];

export const closings: readonly SessionCase[] = [...theirs, ...answers];
