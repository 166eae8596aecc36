// SPDX-License-Identifier: Apache-2.0
// Connection.stream(): data messages in pieces, as they arrive.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import type { Connection } from "../../src/protocol/connection.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { FakeCodec, negotiated, withCodec } from "./fake-extension.ts";
import {
  anyText,
  closeCodesIn,
  concat,
  connect,
  deliver,
  failureOf,
  frame,
  hex,
  LIMITS,
  ROLES,
  type Role,
  show,
  toHex,
  toRole,
  written,
} from "./support.ts";

type Options = Parameters<typeof connect>[1];

function streaming(role: Role, options: Options = {}): Connection {
  const connection = connect(role, options);
  connection.stream();
  return connection;
}

function compressed(role: Role, options: Options = {}): { connection: Connection; codec: FakeCodec } {
  const codec = new FakeCodec();
  return { connection: streaming(role, { extensions: [withCodec(codec)], ...options }), codec };
}

/** The pieces joined to messages, as `text 61 62`. */
function joined(frames: readonly Frame[]): string[] {
  const messages: string[] = [];
  let payload: Uint8Array[] = [];
  for (const { type, data, fin } of frames) {
    payload.push(data);
    if (!fin) continue;
    messages.push(`${type} ${toHex(concat(payload))}`.trim());
    payload = [];
  }
  return messages;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe.each(ROLES)("to a %s that streams", (role) => {
  test("a frame comes in the pieces that the reads make of it", () => {
    const connection = streaming(role);
    const bytes = toRole(role, "82 05 01 02 03 04 05");
    const header = bytes.length - 5;
    expect(show(deliver(connection, bytes.subarray(0, header)))).toEqual([]);
    expect(show(deliver(connection, bytes.subarray(header, header + 2)))).toEqual(["binary 01 02 ..."]);
    expect(show(deliver(connection, bytes.subarray(header + 2, header + 3)))).toEqual(["binary 03 ..."]);
    expect(show(deliver(connection, bytes.subarray(header + 3)))).toEqual(["binary 04 05"]);
  });

  test("fragments come one by one, empty ones only at the end, and control frames between them", () => {
    const connection = streaming(role);
    const frames = deliver(
      connection,
      toRole(role, "01 01 61", "89 01 70", "00 00", "00 01 62", "80 00", "81 00"),
    );
    expect(show(frames)).toEqual(["text 61 ...", "ping 70", "text 62 ...", "text", "text"]);
    expect(written(connection)).toEqual(["8a 01 70"]);
  });

  test("what was assembled already comes first, in one piece", () => {
    const connection = connect(role);
    const bytes = toRole(role, "01 02 61 62", "00 01 63", "80 03 64 65 66");
    expect(deliver(connection, bytes.subarray(0, -2))).toEqual([]);
    connection.stream();
    expect(show(deliver(connection, bytes.subarray(-2)))).toEqual(["text 61 62 63 64 65 66"]);
    expect(show(deliver(connection, toRole(role, "81 01 61")))).toEqual(["text 61"]);
  });

  test("characters may be cut, and are checked over all pieces", () => {
    const connection = streaming(role);
    const smile = utf8("😀");
    deliver(connection, toRole(role, frame(0x01, smile.subarray(0, 1)), frame(0x00, smile.subarray(1, 3))));
    const [last] = deliver(connection, toRole(role, frame(0x80, smile.subarray(3))));
    // Alone it is no text, and must not be sent as if it were.
    expect(last).toMatchObject({ type: "text", fin: true, isKnownUtf8: false });
    expect(failureOf(connection)).toBeNull();
  });

  test.each([
    ["in the middle", ["01 01 61", "00 01 ff"], ["text 61 ..."]],
    ["at the end", ["01 01 61", "80 02 f0 9f"], ["text 61 ..."]],
    ["at an empty end", ["01 02 61 f0", "80 00"], ["text 61 f0 ..."]],
  ])("text that is no UTF-8 %s fails with 1007, behind what came before", (_, frames, expected) => {
    const connection = streaming(role);
    expect(show(deliver(connection, toRole(role, ...frames)))).toEqual(expected);
    expect(failureOf(connection)?.closeCode).toBe(1007);
    expect(closeCodesIn(written(connection))).toEqual([1007]);
  });

  test("no limit holds: not of frames, not of messages, not of fragments", () => {
    const limits = { maxFrameSize: 2, maxMessageSize: 3, maxFragments: 2 };
    const connection = streaming(role, { limits });
    deliver(connection, toRole(role, "02 03 01 02 03", "00 01 04", "00 01 05", "80 01 06"));
    expect(failureOf(connection)).toBeNull();
    connection.maxFrameSize = 1;
    expect(connection.maxFrameSize).toBe(1);
    const frame = toRole(role, "82 02 01 02");
    expect(joined(deliver(connection, frame))).toEqual(["binary 01 02"]);
    expect(joined(deliver(connection, frame.subarray(0, -1), frame.subarray(-1)))).toEqual(["binary 01 02"]);
    expect(failureOf(connection)).toBeNull();
  });

  test.each([
    ["4 GiB", "00 00 00 01 00 00 00 00"],
    ["all that can be announced", "00 1f ff ff ff ff ff ff"],
  ])("a frame of %s takes no memory before it comes", (_, length) => {
    const connection = streaming(role);
    const bytes = role === "server" ? hex(`82 ff ${length} 00 00 00 00 01`) : hex(`82 7f ${length} 01`);
    const [piece] = deliver(connection, bytes);
    expect(piece?.data.buffer.byteLength).toBeLessThanOrEqual(2);
    const [next] = deliver(connection, new Uint8Array(5_000));
    expect(next?.data.length).toBe(5_000);
    expect(next?.data.buffer.byteLength).toBeLessThanOrEqual(10_000);
  });

  test("a length past 2^53 is refused", () => {
    const connection = streaming(role);
    deliver(connection, hex(`82 ${role === "server" ? "ff" : "7f"} 00 20 00 00 00 00 00 00 00 00 00 00`));
    expect(failureOf(connection)?.closeCode).toBe(1009);
  });

  test("each piece is its reader's own", () => {
    const connection = streaming(role);
    const frames = deliver(connection, toRole(role, "02 01 61", "80 02 62 63"));
    structuredClone(frames[0]?.data, { transfer: [frames[0]?.data.buffer as ArrayBuffer] });
    expect(toHex(frames[1]?.data ?? hex(""))).toBe("62 63");
  });

  test("the rules of the protocol hold", () => {
    for (const wrong of [["80 01 61"], ["01 01 61", "81 01 62"], ["09 00"], ["c1 00"]]) {
      const connection = streaming(role);
      deliver(connection, toRole(role, ...wrong));
      expect(failureOf(connection)?.closeCode).toBe(1002);
    }
  });
});

describe.each(ROLES)("a compressed message to a %s that streams", (role) => {
  test("is decoded piece by piece, and an empty result is no piece", () => {
    const { connection, codec } = compressed(role);
    const frames = deliver(
      connection,
      toRole(role, "41 01 9e", "00 00", "00 01 9d", "80 00", "c2 00", "81 01 61"),
    );
    expect(show(frames)).toEqual(["text 61 ...", "text 62 ...", "text", "binary", "text 61"]);
    expect(codec.calls).toEqual(
      ["decode 9e", "decode 9d", "decode  fin", "decode  fin"].map((call) => `${call} <= Infinity`),
    );
  });

  test("makes no piece while the codec keeps all of it back", () => {
    const { connection, codec } = compressed(role);
    codec.decode = (chunk, fin) => (fin ? chunk.slice() : new Uint8Array(0));
    expect(show(deliver(connection, toRole(role, "42 01 61", "00 01 62", "80 01 63")))).toEqual([
      "binary 63",
    ]);
  });

  test("is given to the codec in slices of 16 KiB", () => {
    const { connection, codec } = compressed(role);
    const sizes: string[] = [];
    codec.decode = (chunk, fin) => {
      sizes.push(`${chunk.length}${fin ? " fin" : ""}`);
      return chunk.slice();
    };
    for (const size of [16_384, 16_385, 40_000]) {
      const frames = deliver(connection, toRole(role, frame(0xc2, new Uint8Array(size))));
      expect(frames.reduce((sum, each) => sum + each.data.length, 0)).toBe(size);
      expect(frames.map((each) => each.fin).indexOf(true)).toBe(frames.length - 1);
    }
    expect(sizes.join(", ")).toBe("16384 fin, 16384, 1 fin, 16384, 16384, 7232 fin");
  });

  test("comes before what lies behind it, and all its slices are of its type", () => {
    const { connection, codec } = compressed(role);
    codec.decode = (chunk) => Uint8Array.of(chunk.length & 0x7f);
    for (const firstByte of [0xc1, 0xc2]) {
      connection.receive(toRole(role, frame(firstByte, new Uint8Array(40_000)), "82 01 ff"));
      const frames: Frame[] = [];
      while (connection.hasInput) frames.push(...connection.take());
      const type = firstByte === 0xc1 ? "text" : "binary";
      expect(show(frames)).toEqual([`${type} 00 ...`, `${type} 00 ...`, `${type} 40`, "binary ff"]);
    }
  });

  test("that becomes a thousand times as large comes slice by slice", () => {
    const { connection, codec } = compressed(role);
    let calls = 0;
    codec.decode = () => {
      calls++;
      return new Uint8Array(2 ** 20);
    };
    connection.receive(toRole(role, frame(0xc2, new Uint8Array(5 * 16_384))));
    for (let taken = 1; taken <= 5; taken++) {
      expect(connection.hasInput).toBe(true);
      expect(connection.take().map(({ data, fin }) => `${data.length} ${fin}`)).toEqual([
        `1048576 ${taken === 5}`,
      ]);
      expect(calls).toBe(taken);
    }
    expect(connection.hasInput).toBe(false);
  });

  test("of which a part was assembled already is decoded from its begin", () => {
    const codec = new FakeCodec();
    const connection = connect(role, { extensions: [withCodec(codec)] });
    deliver(connection, toRole(role, "41 01 9e", "00 01 9d"));
    connection.stream();
    expect(joined(deliver(connection, toRole(role, "80 01 9c")))).toEqual(["text 61 62 63"]);
    expect(codec.calls[0]).toBe("decode 9e 9d 9c fin <= Infinity");
  });

  test("that the codec has whole when streaming begins comes whole", async () => {
    const codec = new FakeCodec();
    codec.holds = true;
    const connection = connect(role, { extensions: [withCodec(codec)] });
    connection.receive(toRole(role, "c1 02 9e 9d", "41 01 9e", "89 00", "80 01 9d"));
    expect(connection.take()).toEqual([]);
    connection.stream();
    const seen: string[] = [];
    while (connection.decoding !== null) {
      const { decoding } = connection;
      codec.finish();
      connection.decoded(await decoding);
      seen.push(...show(connection.take()));
    }
    expect(seen).toEqual(["text 61 62", "text 61 ...", "ping", "text 62"]);
    expect(connection.hasInput).toBe(false);
  });

  test.each([
    ["in a piece", ["41 01 9e", "80 01 00"], ["text 61 ..."]],
    ["at its end", ["41 01 9e", "80 01 0f"], ["text 61 ..."]],
    ["at an empty end", ["41 02 9e 0f", "80 00"], ["text 61 f0 ..."]],
  ])("that is no UTF-8 %s fails with 1007", (_, frames, expected) => {
    const { connection } = compressed(role);
    expect(show(deliver(connection, toRole(role, ...frames)))).toEqual(expected);
    expect(closeCodesIn(written(connection))).toEqual([1007]);
  });

  test("that the codec cannot decode takes what lies behind it along", () => {
    const { connection, codec } = compressed(role);
    codec.fault = Object.assign(new Error("of ours"));
    connection.receive(toRole(role, frame(0xc2, new Uint8Array(20_000)), "81 01 61"));
    expect(() => connection.take()).toThrow("of ours");
    connection.dispose();
    expect(connection.hasInput).toBe(false);
  });
});

describe.each(ROLES)("to a %s nothing changes", (role) => {
  test("in a raw connection, limits included", () => {
    const connection = streaming(role, { mode: "raw", limits: { maxFrameSize: 3 } });
    const bytes = toRole(role, "82 03 01 02 03");
    expect(show(deliver(connection, bytes.subarray(0, -1)))).toEqual([]);
    expect(show(deliver(connection, bytes.subarray(-1)))).toEqual(["binary 01 02 03"]);
    deliver(connection, toRole(role, "82 04 01 02 03 04"));
    expect(failureOf(connection)?.closeCode).toBe(1009);
  });

  test("where an extension wants whole messages", () => {
    const seen: string[] = [];
    const processIncoming = (message: Frame.Text | Frame.Binary) => {
      seen.push(...show([message]));
      return message;
    };
    const connection = streaming(role, { extensions: [negotiated("a", { processIncoming })] });
    deliver(connection, toRole(role, "01 01 61", "80 01 62"));
    expect(seen).toEqual(["text 61 62"]);
  });
});

test.each(ROLES)("to a %s text with another's reserved bit is checked, too", (role) => {
  const extensions = [negotiated("a", { reserves: { rsv2: true } })];
  for (const frames of [["a1 01 ff"], ["21 01 61", "80 01 c3"]]) {
    const connection = streaming(role, { extensions });
    deliver(connection, toRole(role, ...frames));
    expect(failureOf(connection)?.closeCode).toBe(1007);
  }
  const connection = streaming(role, { extensions });
  expect(joined(deliver(connection, toRole(role, "21 01 c3", "80 01 a4", "a2 01 ff")))).toEqual([
    "text c3 a4",
    "binary ff",
  ]);
});

test.each(ROLES)("to a %s any messages in any pieces are the same messages", (role) => {
  const content = fc.oneof(anyText, fc.uint8Array({ maxLength: 200 }));
  const message = fc.record({
    content,
    cuts: fc.array(fc.nat(200), { maxLength: 3 }),
    isEncoded: fc.boolean(),
  });
  const cut = (bytes: Uint8Array, places: readonly number[]) => {
    const ends = [...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
    return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
  };
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.nat(2_000), { maxLength: 9 }),
      fc.nat(9),
      (all, reads, begin) => {
        const frames = all.flatMap(({ content, cuts, isEncoded }) => {
          const opcode = typeof content === "string" ? 1 : 2;
          const bytes = Buffer.from(content as string).map((byte) => byte ^ (isEncoded ? 0xff : 0));
          return cut(bytes, cuts).map((part, at) => {
            const first = at === 0 ? opcode | (isEncoded ? 0x40 : 0) : 0;
            return frame(first | (at === cuts.length ? 0x80 : 0), part);
          });
        });
        const connection = connect(role, { extensions: [withCodec(new FakeCodec())] });
        const received = cut(toRole(role, ...frames), reads).flatMap((bytes, at) => {
          // At any point of the way.
          if (at === begin) connection.stream();
          return deliver(connection, bytes);
        });
        const name = (value: unknown) => (typeof value === "string" ? "text" : "binary");
        expect(joined(received)).toEqual(
          all.map((each) => `${name(each.content)} ${toHex(Buffer.from(each.content as string))}`.trim()),
        );
        expect(failureOf(connection)).toBeNull();
      },
    ),
    { numRuns: 150 },
  );
});

describe.each(ROLES)("pongs of a %s that wait", (role) => {
  const ping = (number: number) => Uint8Array.of(0x89, 1, number);
  const pong = (number: number) => toHex(Uint8Array.of(0x8a, 1, number));

  test.each([
    ["at the limit", 3, [1, 2, 3]],
    ["one past it", 4, [2, 3, 4]],
    ["far past it", 9, [7, 8, 9]],
  ])("are the newest: %s", (_, count, expected) => {
    const connection = connect(role, { limits: { ...LIMITS, maxPendingPongs: 3 } });
    const pings = Array.from({ length: count }, (_, at) => ping(at + 1));
    expect(deliver(connection, toRole(role, ...pings))).toHaveLength(count);
    expect(written(connection)).toEqual(expected.map(pong));
    deliver(connection, toRole(role, ping(20)));
    expect(written(connection), "what was written waits no more").toEqual([pong(20)]);
  });

  test("may be one, or any number", () => {
    for (const [maxPendingPongs, expected] of [
      [1, 1],
      [Infinity, 40],
      [undefined, 16],
    ] as const) {
      const connection = connect(role, { limits: { maxPendingPongs } });
      deliver(connection, toRole(role, ...Array.from({ length: 40 }, (_, at) => ping(at))));
      const frames = written(connection);
      expect(frames).toHaveLength(expected);
      expect(frames.at(-1)).toBe(pong(39));
    }
  });
});

test("a fault ends a stream that waits for more input with its Close frame", () => {
  const connection = streaming("client");
  deliver(connection, toRole("client", "02 01 61"));
  deliver(connection, toRole("client", "88 02 03 e8"));
  expect(connection.closing.received?.readReason()).toEqual(new CloseReason(1000));
  expect(connection.take()).toEqual([]);
});
