// SPDX-License-Identifier: Apache-2.0
// What is received. Sizes are the largest that the defaults let in.
import { constants, deflateRawSync } from "node:zlib";
import { deflate } from "halyard/deflate";

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const largest = 16 * MiB;
const mostFragments = 131_072;

const text = 1;
const binary = 2;
const ping = 9;
const compressed = { rsv1: true };
const compressing = { extensions: [deflate()] };

/**
 * @typedef {object} Case
 * @property {object} [config] of the sessions
 * @property {number} messages that the program gets
 * @property {number} [atMost] milliseconds, where it is more than the 50 that are meant, for now
 * @property {Use} use
 * @property {(frame: MakeFrame) => Buffer[]} wire what the peer sends
 *
 * @typedef {"frames" | "text" | "batches" | "stream" | "none"} Use how they are taken; `text` with `readText()`, `none` not at all but
 *   the socket alone reads, for comparison
 * @typedef {(opcode: number, payload: Uint8Array, flags?: { fin?: boolean, rsv1?: boolean }) => Buffer} MakeFrame
 */

/** @type {Record<string, Case>} */
export const cases = {
  "nothing but the socket, 64 MiB": {
    messages: 4,
    use: "none",
    wire: (frame) => repeat(4, frame(binary, zeros(largest))),
  },
  "500,000 texts of 1 B": {
    messages: 500_000,
    use: "text",
    wire: (frame) => repeat(500, many(1000, frame(text, Buffer.from("a")))),
  },
  "500,000 texts of 1 B, in batches": {
    messages: 500_000,
    use: "batches",
    wire: (frame) => repeat(500, many(1000, frame(text, Buffer.from("a")))),
  },
  "500,000 empty binaries": {
    messages: 500_000,
    use: "frames",
    wire: (frame) => repeat(500, many(1000, frame(binary, zeros(0)))),
  },
  "500,000 pings": {
    messages: 1,
    use: "frames",
    wire: (frame) => [...repeat(500, many(1000, frame(ping, zeros(4)))), frame(text, Buffer.from("end"))],
  },
  "4 texts of 16 MiB, ASCII": {
    messages: 4,
    use: "text",
    wire: (frame) => repeat(4, frame(text, Buffer.alloc(largest, "halyard "))),
  },
  "4 texts of 16 MiB, CJK": {
    atMost: 120,
    messages: 4,
    use: "text",
    wire: (frame) => repeat(4, frame(text, cjk(largest))),
  },
  "4 texts of 16 MiB, CJK, not read": {
    messages: 4,
    use: "frames",
    wire: (frame) => repeat(4, frame(text, cjk(largest))),
  },
  "4 binaries of 16 MiB": {
    messages: 4,
    use: "frames",
    wire: (frame) => repeat(4, frame(binary, zeros(largest))),
  },
  "4 binaries of 16 MiB, streamed": {
    messages: 4,
    use: "stream",
    wire: (frame) => repeat(4, frame(binary, zeros(largest))),
  },
  "2 binaries of 16 MiB in 131,072 fragments": {
    messages: 2,
    use: "frames",
    wire: (frame) => repeat(2, fragments(frame, binary, zeros(largest))),
  },
  "2 texts of 16 MiB, CJK, in 131,072 fragments": {
    atMost: 200,
    messages: 2,
    use: "text",
    wire: (frame) => repeat(2, fragments(frame, text, cjk(largest))),
  },
  "20 texts of 131,072 fragments of 1 B": {
    atMost: 1600,
    messages: 20,
    use: "text",
    wire: (frame) => repeat(20, fragments(frame, text, Buffer.alloc(mostFragments, "a"))),
  },
  "8 binaries that inflate to 16 MiB": {
    config: compressing,
    messages: 8,
    use: "frames",
    wire: (frame) => repeat(8, frame(binary, deflated(zeros(largest)), compressed)),
  },
  "8 texts that inflate to 16 MiB, CJK": {
    atMost: 450,
    config: compressing,
    messages: 8,
    use: "text",
    wire: (frame) => repeat(8, frame(text, deflated(cjk(largest)), compressed)),
  },
  "1,000 texts that inflate to 128 KiB": {
    atMost: 900,
    config: compressing,
    messages: 1000,
    use: "text",
    wire: (frame) => repeat(10, many(100, frame(text, deflated(Buffer.alloc(128 * KiB, "a")), compressed))),
  },
  "100,000 compressed texts of 16 B": {
    atMost: 350,
    config: compressing,
    messages: 100_000,
    use: "text",
    wire: (frame) =>
      repeat(100, many(1000, frame(text, deflated(Buffer.from("0123456789abcdef")), compressed))),
  },
};

/** @param {number} size */
const zeros = (size) => Buffer.alloc(size);

/** @param {number} times @param {Buffer} part */
const repeat = (times, part) => Array.from({ length: times }, () => part);

/** As one. @param {number} times @param {Buffer} frame */
const many = (times, frame) => Buffer.concat(repeat(times, frame));

/** @param {number} size */
function cjk(size) {
  const sign = Buffer.from("語");
  return Buffer.concat([
    Buffer.alloc(size - (size % sign.length), sign),
    Buffer.alloc(size % sign.length, "a"),
  ]);
}

/** @param {MakeFrame} frame @param {number} opcode @param {Buffer} payload */
function fragments(frame, opcode, payload) {
  const size = payload.length / mostFragments;
  return Buffer.concat(
    Array.from({ length: mostFragments }, (_, at) =>
      frame(at === 0 ? opcode : 0, payload.subarray(at * size, (at + 1) * size), {
        fin: at === mostFragments - 1,
      }),
    ),
  );
}

/** @param {Buffer} payload */
const deflated = (payload) =>
  deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
