// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../src/protocol/errors.ts";
import { HttpHeadParser } from "../../src/protocol/handshake/http-head.ts";
import { type FuzzTarget, same, splits } from "./target.ts";

const limits = { maxHeadSize: 500, maxLineSize: 120, maxHeaders: 6 };

function outcome(pieces: readonly Uint8Array[]): unknown {
  const parser = new HttpHeadParser(limits);
  let taken = 0;
  try {
    for (const piece of pieces) {
      if (parser.head !== null) break;
      taken += parser.receive(piece);
    }
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    return error.message;
  }
  const { head } = parser;
  if (parser.size > limits.maxHeadSize) throw new Error(`${parser.size} bytes were taken`);
  if (head === null) return { taken };
  const headers = Array.from(head.headers);
  if (headers.length > limits.maxHeaders) throw new Error(`${headers.length} headers were taken`);
  if (headers.some(([, value]) => /[\r\n\0]/.test(value))) throw new Error("a line end is in a value");
  return { taken, status: head.status, reason: head.reason, version: head.httpVersion, headers };
}

export const head: FuzzTarget = {
  words: [
    "HTTP/1.1 101 Switching Protocols\r\n",
    "HTTP/1.0 200 \r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    ": ",
    "a: b\r\n",
    "upgrade: websocket\r\n",
    " \t",
    "\r\n ",
    "x".repeat(100),
    "é",
    "\x00",
    "\x7f",
    ":",
  ],
  run(input) {
    const whole = outcome([input]);
    for (const pieces of splits(input)) same(`in ${pieces.length} pieces`, outcome(pieces), whole);
  },
};
