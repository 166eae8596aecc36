// SPDX-License-Identifier: Apache-2.0
// `node:net` whose connections read a byte at a time: a buffer of one byte in the place of the caller's own.
import { connect as connectAsIs } from "node:net";

export * from "node:net";

/** How many bytes have been read. */
const read = { bytes: 0 };
Object.defineProperty(globalThis, "bytesReadOneByOne", { get: () => read.bytes });

export function connect(options, ...rest) {
  const { buffer, callback } = options.onread;
  const onread = {
    buffer: typeof buffer === "function" ? () => buffer().subarray(0, 1) : buffer.subarray(0, 1),
    callback(size, ...more) {
      if (size !== 1) throw new Error(`${size} bytes were read at once`);
      read.bytes++;
      return callback(size, ...more);
    },
  };
  return connectAsIs({ ...options, onread }, ...rest);
}
