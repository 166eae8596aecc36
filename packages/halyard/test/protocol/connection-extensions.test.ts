// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/protocol/connection.ts";
import { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { FakeCodec, negotiated, withCodec } from "./fake-extension.ts";
import { outcome } from "./handshake/support.ts";
import {
  closeCodesIn,
  connect,
  deliver,
  failureOf,
  hex,
  ROLES,
  type Role,
  show,
  toRole,
  written,
} from "./support.ts";

const normal = "88 02 03 e8";
const text = (content: string): Frame => new Frame.Text(content);

function withInversion(role: Role, holds = false): { connection: Connection; codec: FakeCodec } {
  const codec = new FakeCodec();
  codec.holds = holds;
  return { connection: connect(role, { extensions: [withCodec(codec)] }), codec };
}

async function finishDecoding(connection: Connection, codec: FakeCodec): Promise<void> {
  codec.finish();
  connection.decoded((await connection.decoding) as Uint8Array);
}

async function finishEncoding(connection: Connection, codec: FakeCodec): Promise<void> {
  codec.finish();
  connection.encoded((await connection.encoding) as Uint8Array);
}

function closeCode(connection: Connection): number | undefined {
  const failure = failureOf(connection);
  const [code] = closeCodesIn(written(connection));
  expect(code).toBe(failure?.closeCode);
  return code;
}

describe.each(ROLES)("a reserved bit that comes to a %s", (role) => {
  const bits = { rsv1: 0x40, rsv2: 0x20, rsv3: 0x10 };
  const claims = Object.entries(bits);

  test.each(claims)(
    "%s fails the connection where nobody has claimed it (RFC 6455 section 5.2)",
    (name, bit) => {
      const others = Object.keys(bits).filter((other) => other !== name);
      const reserves = Object.fromEntries(others.map((other) => [other, true]));
      for (const extensions of [[], [negotiated("a", { reserves })]]) {
        for (const first of [0x81, 0x82, 0x01, 0x89, 0x88]) {
          const connection = connect(role, { extensions });
          deliver(connection, toRole(role, Uint8Array.of(first | bit, 0)));
          expect(failureOf(connection)).toBeInstanceOf(ProtocolViolationError);
          expect(closeCode(connection)).toBe(1002);
        }
      }
    },
  );

  test.each(claims)("%s may stand where a message begins, if it is claimed", (name, bit) => {
    const connection = connect(role, { extensions: [negotiated("a", { reserves: { [name]: true } })] });
    const frames = deliver(
      connection,
      toRole(role, Uint8Array.of(0x82 | bit, 0), Uint8Array.of(0x02 | bit, 0), "80 00"),
    );
    expect(frames).toHaveLength(2);
    for (const each of frames) expect(each).toMatchObject({ [name]: true });
    expect(failureOf(connection)).toBeNull();
  });

  test.each(claims)(
    "%s on a control or continuation frame is a fault even then (RFC 7692 section 6.1)",
    (name, bit) => {
      const extensions = [negotiated("a", { reserves: { [name]: true } })];
      for (const before of [[], [Uint8Array.of(0x02 | bit, 0)]]) {
        for (const first of [0x88, 0x89, 0x8a, ...(before.length > 0 ? [0x00, 0x80] : [])]) {
          const connection = connect(role, { extensions });
          deliver(connection, toRole(role, ...before, Uint8Array.of(first | bit, 0)));
          expect(closeCode(connection)).toBe(1002);
        }
      }
    },
  );
});

describe.each(ROLES)("a %s with a codec that takes its time", (role) => {
  test("has no input, and no frames, until the result is there", async () => {
    const { connection, codec } = withInversion(role, true);
    expect(connection.decoding).toBeNull();
    connection.receive(toRole(role, "81 01 78", "c1 01 9e", "89 01 70", "81 01 79"));
    expect(show(connection.take())).toEqual(["text 78"]);
    expect(connection.take()).toEqual([]);
    expect(connection).toMatchObject({ hasInput: true, endsNext: false, hasOutput: false });
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 61", "ping 70", "text 79"]);
    expect(written(connection)).toEqual(["8a 01 70"]);
    expect(connection.hasInput).toBe(false);
  });

  test("keeps what was retained while it decodes", async () => {
    const { connection, codec } = withInversion(role, true);
    const buffer = toRole(role, "c1 01 9e", "c1 01 9d");
    connection.receive(buffer);
    expect(connection.take()).toEqual([]);
    connection.retain();
    buffer.fill(0);
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 61"]);
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 62"]);
  });

  test("answers a Close frame behind the message that it decodes", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.receive(toRole(role, "c1 01 9e", normal));
    expect(connection.take()).toEqual([]);
    expect(connection.closing.received).toBeNull();
    expect(connection).toMatchObject({ hasOutput: false, endsNext: false });
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 61"]);
    expect(connection).toMatchObject({ hasOutput: false, endsNext: true });
    expect(show(connection.take())).toEqual(["close 03 e8"]);
    expect(written(connection)).toEqual([normal]);
  });

  test("fails for a fault behind the message that it decodes only then", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.receive(toRole(role, "c1 01 9e", "90 00"));
    expect(connection.take()).toEqual([]);
    expect(failureOf(connection)).toBeNull();
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 61"]);
    expect(failureOf(connection)).toBeNull();
    expect(connection.take()).toEqual([]);
    expect(closeCode(connection)).toBe(1002);
  });

  test("throws what the codec throws, but behind the frames before it", () => {
    const { connection, codec } = withInversion(role);
    connection.receive(toRole(role, "81 01 61", "c1 01 9e"));
    const fault = new RangeError("out of memory");
    codec.fault = fault;
    expect(show(connection.take())).toEqual(["text 61"]);
    expect(connection.hasInput).toBe(true);
    expect(outcome(() => connection.take())).toEqual({ thrown: fault });
    expect(connection.hasInput).toBe(false);
    expect(connection.take()).toEqual([]);
  });

  test.each([
    [1007, new ProtocolViolationError("garbage", 1007)],
    [1009, new FrameTooBigError("maxMessageSize", 2, 1)],
  ])("fails with %i when decoding does", async (code, fault) => {
    const { connection, codec } = withInversion(role, true);
    connection.receive(toRole(role, "c1 01 9e", "81 01 62"));
    connection.take();
    codec.fail(fault);
    await expect(connection.decoding).rejects.toBe(fault);
    connection.decodingFailed(fault);
    expect(connection.take()).toEqual([]);
    expect(failureOf(connection)).toBe(fault);
    expect(closeCode(connection)).toBe(code);
    expect(connection.hasInput).toBe(false);
  });

  test("fails with 1007 for text that shows as no UTF-8 when it is decoded", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.receive(toRole(role, "c1 01 00"));
    connection.take();
    await finishDecoding(connection, codec);
    expect(connection.take()).toEqual([]);
    expect(closeCode(connection)).toBe(1007);
  });

  test("sends in order, with pings, and the pongs it owes, before what waits", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.send(text("a"));
    connection.send(text("b"));
    connection.send(new Frame.Ping(hex("01")));
    deliver(connection, toRole(role, "89 01 02"));
    expect(connection).toMatchObject({ outputFrames: 3, outputMessages: 2, hasOutput: true });
    expect(written(connection)).toEqual(["8a 01 02", "89 01 01"]);
    expect(connection).toMatchObject({
      outputFrames: 2,
      outputBytes: 2,
      outputMessages: 2,
      hasOutput: false,
    });
    await finishEncoding(connection, codec);
    expect(connection).toMatchObject({ outputFrames: 2, outputMessages: 2, hasOutput: true });
    expect(written(connection)).toEqual(["c1 01 9e"]);
    await finishEncoding(connection, codec);
    expect(written(connection)).toEqual(["c1 01 9d"]);
    expect(connection).toMatchObject({ outputFrames: 0, outputBytes: 0, outputMessages: 0 });
  });

  test("tells what is ready, and not what it encodes", () => {
    const { connection, codec } = withInversion(role);
    connection.send(text("a"));
    connection.send(new Frame.Ping());
    codec.holds = true;
    connection.send(text("b"));
    expect(connection.ready).toEqual({ frames: 2, messages: 1 });
    expect(connection.readyBytes).toBeLessThan(connection.outputBytes);
    expect([connection.outputFrames, connection.outputMessages]).toEqual([3, 2]);
  });

  test("closes behind what it encodes, and ends not before", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.send(text("a"));
    connection.send(new Frame.Close(hex("03 e8")));
    expect(connection.send(text("b"))).toBe(false);
    deliver(connection, toRole(role, normal));
    expect(connection.closing.isComplete).toBe(true);
    expect(connection).toMatchObject({ hasOutput: false, endsAfterOutput: false });
    await finishEncoding(connection, codec);
    expect(written(connection)).toEqual(["c1 01 9e", normal]);
    expect(connection.endsAfterOutput).toBe(role === "server");
  });

  test("answers a Close frame behind what it encodes", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.send(text("a"));
    deliver(connection, toRole(role, normal));
    expect(connection).toMatchObject({ hasOutput: false, endsAfterOutput: false });
    await finishEncoding(connection, codec);
    expect(written(connection)).toEqual(["c1 01 9e", normal]);
  });

  test("sends as it is what the codec would rather not encode", async () => {
    for (const holds of [false, true]) {
      const codec = new FakeCodec();
      const connection = connect(role, { extensions: [withCodec(codec)] });
      codec.encode = (chunk) => (holds ? Promise.resolve({ plain: chunk.slice() }) : { plain: chunk });
      connection.send(text("abc"));
      if (holds) connection.encoded((await connection.encoding) as { plain: Uint8Array });
      expect(written(connection)).toEqual(["81 03 61 62 63"]);
    }
  });

  test("gives up what it encodes for a fault of the peer's", () => {
    const { connection } = withInversion(role, true);
    connection.send(text("a"));
    connection.send(text("b"));
    deliver(connection, toRole(role, "90 00"));
    expect(connection.encoding).toBeNull();
    expect(connection.endsAfterOutput).toBe(true);
    connection.encoded(hex("9e"));
    expect(closeCode(connection)).toBe(1002);
    // They never leave, and count as unsent.
    expect(connection).toMatchObject({ outputMessages: 2, outputBytes: 0, hasOutput: false });
  });

  test("keeps its own Close frame through a fault of the peer's", () => {
    const { connection } = withInversion(role, true);
    connection.send(text("a"));
    connection.send(new Frame.Close(hex("03 e9")));
    deliver(connection, toRole(role, "90 00"));
    expect(written(connection)).toEqual(["88 02 03 e9"]);
    expect(failureOf(connection)?.closeCode).toBe(1002);
  });

  test("decodes and encodes at once", async () => {
    const { connection, codec } = withInversion(role, true);
    connection.send(text("a"));
    connection.receive(toRole(role, "c1 01 9d"));
    expect(connection.take()).toEqual([]);
    expect(codec.busy).toBe(2);
    await finishEncoding(connection, codec);
    expect(written(connection)).toEqual(["c1 01 9e"]);
    expect(connection.take()).toEqual([]);
    await finishDecoding(connection, codec);
    expect(show(connection.take())).toEqual(["text 62"]);
  });

  test("disposes of it, and takes nothing more from it", () => {
    const { connection, codec } = withInversion(role, true);
    connection.receive(toRole(role, "c1 01 9e", "c1 01 9d"));
    connection.take();
    connection.dispose();
    expect(codec.disposed).toBe(1);
    expect(connection.decoding).toBeNull();
    expect(connection.take()).toEqual([]);
    expect(connection.hasInput).toBe(false);
    expect(codec.calls).toHaveLength(1);
  });
});

describe.each(ROLES)("the batches of a %s", (role) => {
  test("count bytes as they are decoded, and the limit is that of messages", () => {
    const codec = new FakeCodec();
    codec.decode = (chunk, _, limit) => {
      codec.calls.push(`<= ${limit}`);
      return new Uint8Array(100 * chunk.length);
    };
    const limits = { maxMessageSize: 1000, maxFrameSize: 500 };
    const connection = connect(role, { extensions: [withCodec(codec)], limits, batchBytes: 250 });
    connection.receive(toRole(role, ...Array.from({ length: 7 }, () => "c2 01 00")));
    expect([connection.take().length, connection.take().length, connection.take().length]).toEqual([3, 3, 1]);
    expect(new Set(codec.calls)).toEqual(new Set(["<= 1000"]));
  });

  test("are of so much work, and a message that is decoded is that of sixteen more", () => {
    const connection = connect(role, { extensions: [withCodec(new FakeCodec())] });
    connection.receive(toRole(role, ...Array.from({ length: 100 }, () => "c2 01 00")));
    expect([connection.take().length, connection.take().length]).toEqual([61, 39]);
    expect(connection.work).toBe(1_700);
  });
});

describe.each(ROLES)("frame by frame a %s", (role) => {
  const adds = (name: string, byte: number): ReturnType<typeof negotiated> => {
    const add = (frame: Frame.Text | Frame.Binary): Frame.Binary =>
      new Frame.Binary(Uint8Array.of(...frame.data, byte), frame);
    return negotiated(name, { processIncoming: add, processOutgoing: add });
  };

  test("runs messages through its extensions, the last first on the way out; control frames pass", () => {
    const connection = connect(role, { extensions: [adds("a", 1), adds("b", 2)] });
    connection.send(new Frame.Binary(hex("00")));
    connection.send(new Frame.Ping(hex("00")));
    expect(written(connection)).toEqual(["82 03 00 02 01", "89 01 00"]);
    expect(show(deliver(connection, toRole(role, "82 01 00", "8a 01 00")))).toEqual([
      "binary 00 01 02",
      "pong 00",
    ]);
  });

  test("hands a message that the codec has decoded to its other extensions", () => {
    const connection = connect(role, { extensions: [adds("a", 1), withCodec(new FakeCodec())] });
    expect(show(deliver(connection, toRole(role, "c2 01 9e")))).toEqual(["binary 61 01"]);
  });
});
