// SPDX-License-Identifier: Apache-2.0
// What the server floods with: files of frames, made before anything is measured.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";
import { serverFrame } from "./frames.mjs";
import { messageOf } from "./payloads.mjs";

/** A batch is about as long, or one message. */
const batchBytes = 256 * 1024;
const fragmentSize = 64 * 1024;
const sync = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * @typedef {object} Batch
 * @property {string} name of the file
 * @property {number} messages
 * @property {number} bytes on the wire
 * @property {number} length of all messages, as the client counts: UTF-16 units or bytes
 * @property {number} last sum of all last units, so that who has looked into each message can be told
 */

/**
 * Writes the file of a row that receives.
 * @param {string} folder
 * @param {import("./rows.mjs").Row} row
 * @returns {Promise<Batch>}
 */
export async function writeBatch(folder, row) {
  const { type, size, deflate } = row;
  const count = deflate ? 256 : Math.max(1, Math.floor(batchBytes / size));
  const messages = Array.from({ length: count }, (_, index) => messageOf(row, index));
  const opcode = type === "binary" ? 2 : 1;
  const payloads = messages.map((message) => Buffer.from(message));
  const frames = (deflate ? await compress(payloads, deflate) : payloads).map((payload) =>
    serverFrame(opcode, payload, { compressed: deflate !== undefined }),
  );
  const bytes = Buffer.concat(frames);
  const name = `${type}-${size}${deflate ? `-${deflate}` : ""}`;
  writeFileSync(path.join(folder, name), bytes);
  return {
    name,
    messages: count,
    bytes: bytes.length,
    length: messages.reduce((sum, message) => sum + message.length, 0),
    last: messages.reduce((sum, message) => sum + lastUnit(message), 0),
  };
}

/** @param {string | Uint8Array} message */
function lastUnit(message) {
  return typeof message === "string" ? message.charCodeAt(message.length - 1) : (message.at(-1) ?? 0);
}

/**
 * With context takeover the messages refer to those before them, but the first to nothing: so the batch can be repeated.
 * @param {Buffer[]} payloads
 * @param {"takeover" | "fresh"} context
 */
async function compress(payloads, context) {
  if (context === "fresh") return payloads.map((payload) => withoutTail(deflateRawSync(payload, sync)));
  const deflater = createDeflateRaw();
  /** @type {Buffer[]} */
  const compressed = [];
  for (const payload of payloads) {
    deflater.write(payload);
    deflater.flush(constants.Z_SYNC_FLUSH);
    /** @type {Buffer[]} */
    const chunks = [];
    while (!endsWithTail(chunks)) {
      chunks.push(deflater.read() ?? (await once(deflater, "readable").then(() => Buffer.alloc(0))));
    }
    compressed.push(withoutTail(Buffer.concat(chunks)));
  }
  deflater.destroy();
  return compressed;
}

/** RFC 7692, section 7.2.1: the end of a flush is not sent. @param {Buffer} compressed */
const withoutTail = (compressed) => compressed.subarray(0, -4);

/** @param {Buffer[]} chunks */
const endsWithTail = (chunks) => Buffer.concat(chunks).toString("hex").endsWith("0000ffff");

/**
 * Writes the files of a message in fragments, and returns the order to send it.
 * @param {string} folder
 * @param {number} size
 */
export function writeFragments(folder, size) {
  const payload = Buffer.alloc(fragmentSize, "halyard ");
  writeFileSync(path.join(folder, "first"), serverFrame(2, payload, { fin: false }));
  writeFileSync(path.join(folder, "rest"), serverFrame(0, payload, { fin: false }));
  writeFileSync(path.join(folder, "last"), serverFrame(0, payload));
  const fragments = size / fragmentSize;
  const headers = fragments * (serverFrame(0, payload).length - fragmentSize);
  return { order: `first 1 rest ${fragments - 2} last 1`, bytes: size + headers };
}
