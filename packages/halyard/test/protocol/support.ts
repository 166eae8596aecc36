// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { Connection } from "../../src/protocol/connection.ts";
import type { ConnectionOptions, ProtocolLimits } from "../../src/protocol/connection-options.ts";
import type { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";

export type Role = "client" | "server";
export const ROLES: readonly Role[] = ["client", "server"];

/** The masking key of the examples in RFC 6455 section 5.7. */
export const KEY: Uint8Array = hex("37 fa 21 3d");

export const LIMITS: ProtocolLimits = { maxFrameSize: 2 ** 17, maxMessageSize: 2 ** 17, maxFragments: 1000 };

/** Bytes, as they are or in hex with any white space. */
export type Bytes = string | Uint8Array;

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").replaceAll(/..\B/g, "$& ");
}

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === "string" ? hex(bytes) : bytes;
}

/** Makes memory unusable as `postMessage` does that transfers it. */
export function detach(bytes: Uint8Array): void {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** RFC 6455 section 5.3 to the letter, byte by byte. */
export function xor(payload: Uint8Array, key: Uint8Array, phase = 0): Uint8Array {
  return payload.map((byte, at) => byte ^ (key[(phase + at) % 4] as number));
}

/** A frame of RFC 6455 section 5.2 without a mask. */
export function frame(firstByte: number, payload: Bytes): Uint8Array {
  const bytes = bytesOf(payload);
  const length = Buffer.alloc(9);
  length.writeBigUInt64BE(BigInt(bytes.length), 1);
  if (bytes.length < 126) return concat([Uint8Array.of(firstByte, bytes.length), bytes]);
  const form = bytes.length < 2 ** 16 ? 126 : 127;
  return concat([Uint8Array.of(firstByte, form), length.subarray(form === 126 ? 7 : 1), bytes]);
}

function lengthEnd(frame: Uint8Array): number {
  return { 126: 4, 127: 10 }[(frame[1] as number) & 0x7f] ?? 2;
}

/** The frame with a mask. It may be cut, also within its header. */
function mask(frame: Uint8Array): Uint8Array {
  const end = lengthEnd(frame);
  const isHeaderWhole = frame.length >= end;
  const masked = isHeaderWhole
    ? concat([frame.subarray(0, end), KEY, xor(frame.subarray(end), KEY)])
    : frame.slice();
  if (masked.length > 1) masked[1] = (masked[1] as number) | 0x80;
  return masked;
}

/** What comes to an end of the given role: frames that are written without a mask, and masked for a server. */
export function toRole(role: Role, ...frames: readonly Bytes[]): Uint8Array {
  return concat(frames.map(bytesOf).map((each) => (role === "server" ? mask(each) : each)));
}

/** Takes written bytes apart: the frames without their masks, and the keys. */
export function split(bytes: Uint8Array): { frame: Uint8Array; key: Uint8Array | null }[] {
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const header = rest.slice(0, lengthEnd(rest));
    const isMasked = (header[1] as number) >= 0x80;
    header[1] = (header[1] as number) & 0x7f;
    const length =
      header.length === 2 ? header[1] : Number(`0x${Buffer.from(header.subarray(2)).toString("hex")}`);
    const start = header.length + (isMasked ? 4 : 0);
    const key = isMasked ? rest.slice(header.length, start) : null;
    const payload = xor(rest.subarray(start, start + length), key ?? new Uint8Array(4));
    frames.push({ frame: concat([header, payload]), key });
    at += start + length;
  }
  return frames;
}

/** Keys that are all {@link KEY}. */
export function fixedKeys(): MaskingKeys {
  return new MaskingKeys((target) => target.set(target.map((_, at) => KEY[at % 4] as number)));
}

export function connect(
  role: Role,
  options: Omit<Partial<ConnectionOptions>, "limits"> & { limits?: Partial<ProtocolLimits> } = {},
): Connection {
  return new Connection({ role, keys: fixedKeys(), ...options, limits: { ...LIMITS, ...options.limits } });
}

/**
 * Gives bytes to a connection as a socket does that reads into one `Buffer` again and again: whatever was read is
 * overwritten as soon as that is allowed.
 */
export function deliver(connection: Connection, ...chunks: readonly Uint8Array[]): Frame[] {
  return chunks.flatMap((chunk) => {
    const buffer = Buffer.from(chunk);
    connection.receive(buffer);
    const frames = connection.take();
    if (connection.hasInput) connection.retain();
    buffer.fill(0xa5);
    for (let turns = 0; connection.hasInput; turns++) {
      if (turns > chunk.length) throw new Error("the connection says it has input, and takes none");
      frames.push(...connection.take());
    }
    return frames;
  });
}

/** Frames as `text 68 69`, and with `...` where more fragments follow. */
export function show(frames: readonly Frame[]): string[] {
  return frames.map(({ type, fin, data }) => [type, toHex(data), fin ? "" : "..."].filter(Boolean).join(" "));
}

/** The frames that a connection writes now, without masks, in hex. */
export function written(connection: Connection): string[] {
  return split(concat(connection.takeOutput())).map((each) => toHex(each.frame));
}

/** The codes of the Close frames among frames in hex. */
export function closeCodesIn(frames: readonly string[]): number[] {
  return frames.filter((each) => each.startsWith("88")).map((each) => Buffer.from(hex(each)).readUInt16BE(2));
}

export function failureOf(connection: Connection): ProtocolViolationError | FrameTooBigError | null {
  return connection.closing.failure as ProtocolViolationError | FrameTooBigError | null;
}

/** Text of characters of every size in UTF-8; the like in fast-check (`unit: "binary"`) takes a second to set up. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc
    .oneof(
      ...[
        [0, 0x7f],
        [0x80, 0x7ff],
        [0x800, 0xd7ff],
        [0xe000, 0xffff],
        [0x10000, 0x10ffff],
      ].map(([min = 0, max = 0]) => fc.integer({ min, max })),
    )
    .map((point) => String.fromCodePoint(point)),
});
