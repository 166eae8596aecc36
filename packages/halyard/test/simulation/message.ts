// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../support/random.ts";

/** The content of a message tells its number and its size, so that whoever gets it can tell whether it is whole. */
export type Content = string | Uint8Array<ArrayBuffer>;

/** Makes message `number`, of about so many bytes. */
export function contentOf(number: number, size: number, isText: boolean): Content {
  // Of pairs of surrogates, so that parts are cut within characters, too.
  if (isText) return `${number},${size};${"a€😀".repeat(size / 4)}`;
  const bytes = new Uint8Array(8 + size).fill(number & 0xff);
  new DataView(bytes.buffer).setUint32(0, number);
  new DataView(bytes.buffer).setUint32(4, size);
  return bytes;
}

/**
 * The number of a message that has arrived.
 * @throws for one that is not as it was sent
 */
export function numberOf(content: string | Uint8Array): number {
  const isText = typeof content === "string";
  const [number, size] = isText ? content.split(";", 1).join().split(",").map(Number) : header(content);
  const expected = contentOf(number ?? -1, size ?? 0, isText);
  const isSame = isText ? content === expected : Buffer.from(expected).equals(content);
  if (!isSame) throw new Error(`message ${number} is not as it was sent`);
  return number as number;
}

function header(bytes: Uint8Array): number[] {
  if (bytes.length < 8) return [-1, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(0), view.getUint32(4)];
}

/** Cuts content anywhere, also within a character. */
export function* partsOf(content: Content, random: Random): Generator<Content> {
  for (let at = 0; at < content.length; ) {
    const end = at + 1 + random.below(content.length);
    yield content.slice(at, end);
    at = end;
  }
}
