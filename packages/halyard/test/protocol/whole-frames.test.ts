// SPDX-License-Identifier: Apache-2.0
// The short way of whole frames against the long way, which takes everything.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/protocol/connection.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { type Kernel, plainKernel } from "../../src/protocol/kernel.ts";
import { WholeFrames, wholeFramesFor } from "../../src/protocol/whole-frames.ts";
import { nodeKernel } from "../../src/sockets/node-kernel.ts";
import { WasmBytes } from "../../src/sockets/wasm-bytes.ts";
import {
  anyText,
  concat,
  connect,
  deliver,
  failureOf,
  frame,
  ROLES,
  type Role,
  toHex,
  toRole,
} from "./support.ts";

/** Which Node's kernel leaves to platforms and sizes where it is the fastest. */
const wasm = WasmBytes.get() as WasmBytes;
const byWasm: Pick<Kernel, "decode" | "mask"> = {
  decode: (bytes, start, end) => wasm.decode(bytes, start, end),
  mask: (bytes, start, end, key, phase = 0) => wasm.mask(bytes, start, end, key, phase),
};

const kernels: readonly [string, Kernel][] = [
  ["plain", plainKernel],
  ["Node's", nodeKernel],
  ["WebAssembly's", { ...nodeKernel, ...byWasm }],
];

/** What came of some bytes: messages with their texts, and the fault. */
function outcome(connection: Connection, chunks: readonly Uint8Array[]) {
  const frames = deliver(connection, ...chunks);
  const seen = frames.map((each) => [
    each.type,
    each.fin,
    each.size,
    each.type === "text" && each.fin ? each.readText() : toHex(each.data),
  ]);
  return { seen, fault: failureOf(connection)?.message };
}

/** A connection that takes the long way only: an extension wants to see all messages. */
function longWay(role: Role): Connection {
  const watcher = {
    name: "watcher",
    offers: () => [],
    accept: () => undefined,
    answer: () => null,
    processIncoming: (message: Frame.Text | Frame.Binary) => message,
  };
  return connect(role, { extensions: [{ extension: watcher, reserves: {} }] });
}

const largeLimits = { maxFrameSize: 2 ** 20, maxMessageSize: 2 ** 20 };

const encodedText = fc
  .oneof(
    anyText,
    fc.string({ maxLength: 300 }),
    fc.constantFrom("", "ä".repeat(80), "\ufeffx", "日本".repeat(700), "a".repeat(5_000)),
  )
  .map((text) => new TextEncoder().encode(text));
const frames = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: encodedText.map((payload) => frame(0x81, payload)) },
    { weight: 6, arbitrary: fc.uint8Array({ maxLength: 300 }).map((payload) => frame(0x82, payload)) },
    { weight: 1, arbitrary: fc.nat(20_000).map((size) => frame(0x82, new Uint8Array(size).fill(7))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((payload) => frame(0x81, payload)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        frame(0x01, "61"),
        frame(0x80, "62"),
        frame(0x89, ""),
        frame(0xc1, "61"),
        frame(0x83, ""),
      ),
    },
  ),
  { maxLength: 30 },
);

describe.each(ROLES)("whole frames that come to a %s", (role) => {
  test.each(kernels)("are what the long way makes of them, with %s text, under any split", (_, text) => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 5 }), (all, cuts) => {
        const bytes = toRole(role, ...all);
        const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const chunks = places.map((end, at) => bytes.slice(places[at - 1] ?? 0, end));
        expect(outcome(connect(role, { kernel: text }), chunks)).toEqual(outcome(longWay(role), chunks));
      }),
      { numRuns: 300 },
    );
  });

  test("never change, however many are kept across reads", () => {
    const connection = connect(role, { kernel: nodeKernel });
    const kept: Frame[] = [];
    const expected: string[] = [];
    for (let read = 0; read < 200; read++) {
      const payloads = Array.from({ length: 20 }, (_, at) =>
        new Uint8Array((read * 7 + at * 31) % 700).fill(read + at),
      );
      expected.push(...payloads.map(toHex));
      kept.push(...deliver(connection, toRole(role, ...payloads.map((payload) => frame(0x82, payload)))));
    }
    expect(kept.map(({ data }) => toHex(data))).toEqual(expected);
  });

  test("keep no more than 4 KiB of memory, or sixteen times their own", () => {
    const connection = connect(role);
    const payloads = [16, 65, 500, 1024, 1025, 5_000].map((size) => frame(0x82, new Uint8Array(size)));
    for (const { data } of deliver(connection, toRole(role, ...payloads, ...payloads))) {
      expect(data.buffer.byteLength).toBeLessThanOrEqual(Math.max(4096, data.length * 16));
    }
  });

  test("are the same where they may stay in the memory that was read to", () => {
    const large = fc.nat(40_000).map((size) => frame(0x82, new Uint8Array(size).fill(size)));
    const sizes = fc.array(fc.oneof(large, frames.map(concat)), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.constantFrom(64, 100, 256), (all, readKilobytes) => {
        const bytes = toRole(role, ...all);
        const readSize = readKilobytes * 1024;
        const reads = Array.from({ length: Math.ceil(bytes.length / readSize) }, (_, at) =>
          bytes.slice(at * readSize, (at + 1) * readSize),
        );
        const given = connect(role, { kernel: nodeKernel, limits: largeLimits });
        const kept = reads.flatMap((read) => {
          // A copy: what is masked is unmasked in its place.
          given.receive(read.slice(), true);
          const batch = given.take();
          if (given.hasInput) given.retain();
          while (given.hasInput) batch.push(...given.take());
          return batch;
        });
        const plain = deliver(connect(role, { limits: largeLimits }), ...reads);
        expect(kept.map(({ type, data }) => `${type} ${toHex(data)}`)).toEqual(
          plain.map(({ type, data }) => `${type} ${toHex(data)}`),
        );
        for (const { data } of kept) {
          expect(data.constructor).toBe(Uint8Array);
          expect(data.buffer.byteLength).toBeLessThanOrEqual(Math.max(4096, data.length * 16));
        }
      }),
      { numRuns: 60 },
    );
  });

  /** What is read in one go, and with which calls of the kernel. */
  function readAll(input: Uint8Array, mayKeep = false) {
    const calls: string[] = [];
    const kernel: Kernel = {
      ...plainKernel,
      decode: (...call) => (calls.push("decode"), plainKernel.decode(...call)),
      units: (...call) => (calls.push("units"), plainKernel.units(...call)),
      allocate: (size) => (calls.push(`allocate ${size}`), plainKernel.allocate(size)),
    };
    const whole = new WholeFrames(role === "server", kernel);
    const batch: Frame[] = [];
    whole.read(input, 0, mayKeep, { maxPayload: 70_000, maxBytes: 2 ** 20, maxFrames: 100 }, batch);
    return { batch, calls, at: whole.at, largeBytes: whole.largeBytes, largeSize: whole.largeSize };
  }
  const ofSize = (firstByte: number, size: number) => frame(firstByte, new Uint8Array(size).fill(0x61));

  test.each([
    ...[0, 1, 64, 65, 125, 126, 127, 16_384].map((size) => [0x81, size, true] as const),
    ...[16_385, 65_535, 65_536].map((size) => [0x81, size, false] as const),
    ...[0, 125, 126, 16_385, 65_535].map((size) => [0x82, size, true] as const),
    [0x82, 65_536, false],
    [0x01, 3, false],
    [0x02, 3, false],
    [0x80, 3, false],
    [0xc1, 3, false],
    [0x88, 3, false],
  ] as const)("with the first byte %i and %i bytes: taken is %s", (firstByte, size, isTaken) => {
    const sent = toRole(role, ofSize(firstByte, size));
    for (const rest of ["", "82 00", "82"]) {
      const { batch, at } = readAll(concat([sent, toRole(role, rest)]));
      expect(at).toBe(!isTaken ? 0 : sent.length + (rest === "82 00" ? toRole(role, rest).length : 0));
      if (isTaken) expect(batch[0]?.data).toEqual(new Uint8Array(size).fill(0x61));
    }
    const cut = readAll(sent.subarray(0, -1));
    expect([cut.batch, cut.at]).toEqual([[], 0]);
  });

  test.each(["82 7e 00 7d", "82 7e 00", "82 7e", "82"])("are left when they begin with %s", (header) => {
    const input = concat([toRole(role, header), new Uint8Array(header.length === 11 ? 200 : 0)]);
    expect(readAll(input)).toMatchObject({ batch: [], at: 0 });
  });

  test("of text that is not UTF-8 are left", () => {
    expect(readAll(toRole(role, "81 01 61", "81 01 80"))).toMatchObject({
      at: toRole(role, "81 01 61").length,
    });
  });

  test("are counted where they are large and binary", () => {
    const input = toRole(
      role,
      ...[8_191, 8_192, 9_000].map((size) => ofSize(0x82, size)),
      ofSize(0x81, 9_000),
    );
    expect(readAll(input)).toMatchObject({ largeBytes: 17_192, largeSize: 9_000 });
  });

  test.each([
    ["stay in memory that is given, of which they are a sixteenth", 100, true, true],
    ["are copied where they are less of it", 99, true, false],
    ["are copied out of memory that is not given", 100, false, false],
  ])("%s", (_, size, isGiven, stays) => {
    const memory = new Uint8Array(16 * 100);
    const sent = toRole(role, ofSize(0x82, size));
    memory.set(sent);
    const { batch } = readAll(memory.subarray(0, sent.length), isGiven);
    expect(batch[0]?.data.buffer === memory.buffer).toBe(stays);
  });

  test("of 65 bytes to 32 KiB share memory with their neighbours", () => {
    const shares = (size: number) => {
      const { batch } = readAll(toRole(role, ofSize(0x82, size), ofSize(0x82, size)));
      return batch[0]?.data.buffer === batch[1]?.data.buffer;
    };
    expect([64, 65, 1_000, 30_000].map(shares)).toEqual([false, true, true, true]);
    const allocated = (size: number) =>
      readAll(toRole(role, ofSize(0x82, size), ofSize(0x82, 40_000))).calls[0];
    expect([32_768, 32_769].map(allocated)).toEqual(["allocate 65536", "allocate 32769"]);
  });

  test("of short ASCII are cut out of one string, where no mask is in the way", () => {
    const { calls, batch } = readAll(toRole(role, ...[64, 1, 64].map((size) => ofSize(0x81, size))));
    expect(calls).toEqual(role === "server" ? ["decode", "decode", "decode"] : ["units"]);
    expect(batch.map((each) => each.type === "text" && each.readText().length)).toEqual([64, 1, 64]);
    expect(readAll(toRole(role, ofSize(0x81, 65))).calls).toEqual(["decode"]);
    expect(readAll(toRole(role, frame(0x81, "c2 80"))).calls).toEqual(["decode"]);
  });

  test("of a role and a kernel have one reader for all connections", () => {
    const reader = wholeFramesFor(role === "server", plainKernel);
    expect(wholeFramesFor(role === "server", plainKernel)).toBe(reader);
    expect(wholeFramesFor(role !== "server", plainKernel)).not.toBe(reader);
    expect(wholeFramesFor(role === "server", nodeKernel)).not.toBe(reader);
  });

  test("end a batch in time", () => {
    const batch: Frame[] = [];
    const whole = new WholeFrames(role === "server", plainKernel);
    const input = concat(Array.from({ length: 10 }, () => toRole(role, "82 02 01 02")));
    whole.read(input, 0, false, { maxPayload: 2, maxBytes: 5, maxFrames: 100 }, batch);
    expect([batch.length, whole.bytes, whole.at]).toEqual([3, 6, (input.length / 10) * 3]);
    whole.read(input, whole.at, false, { maxPayload: 2, maxBytes: 100, maxFrames: 5 }, batch);
    expect(batch.length).toBe(5);
    whole.read(input, whole.at, false, { maxPayload: 1, maxBytes: 100, maxFrames: 50 }, batch);
    expect(batch.length, "too large for this way").toBe(5);
  });
});

describe.each(kernels)("%s text", (_, text) => {
  const bytes = fc.oneof(
    encodedText,
    fc.uint8Array({ maxLength: 40 }),
    encodedText.map((all) => all.subarray(0, -1)),
  );

  test("is decoded as the platform's strict decoder does, wherever it lies", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const decoded = (part: Uint8Array): string | undefined => {
      try {
        return strict.decode(part);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(bytes, fc.nat(9), fc.nat(9), (part, before, behind) => {
        const memory = concat([new Uint8Array(before), part, new Uint8Array(behind).fill(0xff)]);
        expect(text.decode(memory, before, before + part.length)).toBe(decoded(part));
        expect(text.isUtf8(part)).toBe(decoded(part) !== undefined);
      }),
      { numRuns: 500 },
    );
  });

  test("has a unit for each byte of ASCII", () => {
    const ascii = Uint8Array.from({ length: 128 }, (_, at) => at);
    expect(text.units(ascii, 3, 128)).toBe(String.fromCharCode(...ascii.subarray(3)));
  });
});
