// SPDX-License-Identifier: Apache-2.0
// Reading to where a connection wants it, as a socket does that asks before each read.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/protocol/connection.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { nodeKernel } from "../../src/sockets/node-kernel.ts";
import {
  concat,
  connect,
  deliver,
  detach,
  failureOf,
  frame,
  ROLES,
  type Role,
  toHex,
  toRole,
} from "./support.ts";

const kibi = 1024;
/** What is read to where there is no wish, again and again. */
const usual = new Uint8Array(256 * kibi);

const limits = { maxFrameSize: 2 ** 20, maxMessageSize: 2 ** 20 };
const open = (role: Role) => connect(role, { kernel: nodeKernel, limits });

interface Delivery {
  readonly frames: Frame[];
  /** The memory of each read that the connection had asked for. */
  readonly wanted: Uint8Array[];
}

/** @param sizes - how much is there at most for each read, over and over */
function read(connection: Connection, bytes: Uint8Array, sizes: readonly number[]): Delivery {
  const frames: Frame[] = [];
  const wanted: Uint8Array[] = [];
  for (let at = 0, count = 0; at < bytes.length; count++) {
    const memory = connection.wantedMemory();
    if (memory !== null) wanted.push(memory);
    const target = memory ?? usual.fill(0xa5);
    const size = Math.min(sizes[count % sizes.length] as number, target.length, bytes.length - at);
    target.set(bytes.subarray(at, at + size));
    connection.receive(target.subarray(0, size));
    frames.push(...connection.take());
    if (connection.hasInput) connection.retain();
    while (connection.hasInput) frames.push(...connection.take());
    at += size;
  }
  return { frames, wanted };
}

const shown = (frames: readonly Frame[]) =>
  frames.map(({ type, fin, data }) => `${type} ${fin} ${Buffer.from(data).toString("base64")}`);
const message = (firstByte: number, size: number, seed = size) =>
  frame(
    firstByte,
    Uint8Array.from({ length: size }, (_, at) => (at * 7 + seed) & 0x7f),
  );

describe.each(ROLES)("a %s that says where to read to", (role) => {
  test("gets the messages that it gets otherwise, which never change", () => {
    const size = fc.oneof(fc.nat(2_000), fc.nat(40_000), fc.nat(200_000));
    const whole = fc.tuple(fc.constantFrom(0x81, 0x82), size).map(([byte, bytes]) => message(byte, bytes));
    const fragments = fc
      .array(size, { minLength: 2, maxLength: 4 })
      .map((sizes) =>
        concat(
          sizes.map((bytes, at) =>
            message((at === sizes.length - 1 ? 0x80 : 0) | (at === 0 ? 0x02 : 0), bytes),
          ),
        ),
      );
    const ping = fc.constant(frame(0x89, "70"));
    const damaged = fc.constant(frame(0x81, "c0 c1"));
    const all = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: whole },
        { weight: 2, arbitrary: fragments },
        { weight: 1, arbitrary: ping },
        { weight: 1, arbitrary: damaged },
      ),
      { maxLength: 8 },
    );
    const reads = fc.array(fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constant(256 * kibi)), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(all, reads, (messages, sizes) => {
        const bytes = toRole(role, ...messages);
        const asked = open(role);
        const plain = connect(role, { limits });
        const { frames } = read(asked, bytes, sizes);
        expect(shown(frames)).toEqual(shown(deliver(plain, bytes)));
        expect(failureOf(asked)?.message).toBe(failureOf(plain)?.message);
      }),
      { numRuns: 40 },
    );
  });

  test.each([0x81, 0x82])("reads a message of a megabyte to its own memory: opcode %i", (firstByte) => {
    const bytes = toRole(role, message(firstByte, 1024 * kibi));
    const { frames, wanted } = read(open(role), bytes, [usual.length]);
    expect(frames).toHaveLength(1);
    const [{ data }] = frames as [Frame];
    expect(wanted.map(({ buffer }) => buffer === data.buffer)).toEqual([true, true, true]);
    expect(Buffer.compare(data, message(0x82, 1024 * kibi).subarray(-data.length))).toBe(0);
  });

  test("reads many large messages to fresh memory, in which they stay", () => {
    const bytes = toRole(role, ...Array.from({ length: 200 }, (_, at) => message(0x82, 16_000, at)));
    const { frames, wanted } = read(open(role), bytes, [usual.length]);
    const stayed = frames.filter(({ data }) => wanted.some(({ buffer }) => buffer === data.buffer));
    expect(stayed.length).toBeGreaterThan(100);
    for (const { data } of frames) expect(data.buffer.byteLength).toBeLessThanOrEqual(16 * data.length);
    expect(new Set(wanted.map(({ buffer }) => buffer)).size, "none is read to twice").toBe(wanted.length);
  });

  test("holds no memory for a read that may never come", () => {
    const connection = open(role);
    const bytes = toRole(role, ...Array.from({ length: 10 }, () => message(0x82, 16_000)));
    expect(read(connection, bytes, [usual.length]).wanted).toEqual([]);
    expect(connection.wantedMemory()).toBeNull();
  });

  test("wants nothing for small messages, in pieces of a stream, and once it has ended", () => {
    const small = toRole(role, ...Array.from({ length: 3000 }, () => message(0x82, 200)));
    const connection = open(role);
    expect(read(connection, small, [usual.length]).wanted).toEqual([]);
    connection.stream();
    expect(read(connection, toRole(role, message(0x82, 600_000)), [usual.length]).wanted).toEqual([]);
    const failed = open(role);
    read(failed, toRole(role, "83 00"), [usual.length]);
    expect(failed.closing.failure).not.toBeNull();
    expect(failed.wantedMemory()).toBeNull();
  });

  test("loses nothing if who gets a frame transfers its memory away", () => {
    const messages = Array.from({ length: 16 }, (_, at) => message(0x82, 16_000, at));
    const plain = deliver(connect(role, { limits }), toRole(role, ...messages));
    const connection = connect(role, { kernel: nodeKernel, limits, batchBytes: 30_000 });
    connection.receive(toRole(role, ...messages).slice(), true);
    const seen: string[] = [];
    do {
      const batch = connection.take();
      if (connection.hasInput) connection.retain();
      seen.push(...shown(batch));
      // With the first go its neighbours.
      for (const { data } of batch) if (data.length > 0) detach(data);
    } while (connection.hasInput);
    expect(seen).toEqual(shown(plain));
  });

  test("finds what was read in the middle of a message even if streaming began meanwhile", () => {
    const connection = open(role);
    const bytes = toRole(role, message(0x82, 400_000));
    usual.set(bytes.subarray(0, 200_000));
    connection.receive(usual.subarray(0, 200_000));
    expect(connection.take()).toEqual([]);
    const memory = connection.wantedMemory() as Uint8Array;
    connection.stream();
    memory.set(bytes.subarray(200_000, 200_000 + memory.length));
    connection.receive(memory.subarray(0, bytes.length - 200_000));
    const pieces = connection.take();
    expect(toHex(concat(pieces.map(({ data }) => data)).subarray(-300_000))).toBe(
      toHex(message(0x82, 400_000).subarray(-300_000)),
    );
    expect(concat(pieces.map(({ data }) => data))).toHaveLength(400_000);
  });
});
