// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Connection } from "../../src/protocol/connection.ts";
import { FrameTooBigError, InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { anyCuts, cut } from "./handshake/support.ts";
import {
  anyText,
  concat,
  connect,
  deliver,
  detach,
  failureOf,
  frame,
  hex,
  LIMITS,
  ROLES,
  type Role,
  show,
  split,
  toHex,
  toRole,
  written,
} from "./support.ts";

const more = { fin: false };
const text = (content: string) => new Frame.Text(content);
const normal = "88 02 03 e8";

test("a client needs masking keys, a server does not", () => {
  expect(() => new Connection({ role: "client", limits: LIMITS })).toThrow(TypeError);
  expect(() => new Connection({ role: "server", limits: LIMITS })).not.toThrow();
});

describe.each(ROLES)("a %s", (role) => {
  test("gives out what came and writes what was sent", () => {
    const connection = connect(role);
    expect(show(deliver(connection, toRole(role, "81 01 61", "82 00", "8a 01 62")))).toEqual([
      "text 61",
      "binary",
      "pong 62",
    ]);
    expect(connection.hasOutput).toBe(false);
    for (const each of [
      text("a"),
      new Frame.Binary(hex("ff")),
      new Frame.Ping(hex("01")),
      new Frame.Pong(),
    ]) {
      expect(connection.send(each)).toBe(true);
    }
    expect(connection).toMatchObject({ hasOutput: true, outputFrames: 4, outputMessages: 2 });
    expect(connection.outputBytes).toBe(
      toRole(role === "client" ? "server" : "client", "81 01 61", "82 01 ff", "89 01 01", "8a 00").length,
    );
    expect(written(connection)).toEqual(["81 01 61", "82 01 ff", "89 01 01", "8a 00"]);
    expect(connection).toMatchObject({
      hasOutput: false,
      outputFrames: 0,
      outputMessages: 0,
      outputBytes: 0,
      endsAfterOutput: false,
    });
    expect(connection.takeOutput()).toEqual([]);
  });

  test("masks exactly when it is the client (RFC 6455 section 5.1, FR-01)", () => {
    const connection = connect(role);
    connection.send(text("a"));
    deliver(connection, toRole(role, "89 00", normal));
    const masked = split(concat(connection.takeOutput())).map(({ key }) => key !== null);
    expect(masked).toEqual([role === "client", role === "client", role === "client"]);
  });

  test("copies a payload when it is sent (SN-02)", () => {
    const connection = connect(role);
    const payload = hex("61 62");
    connection.send(new Frame.Binary(payload));
    expect(toHex(payload)).toBe("61 62");
    payload.fill(0xa5);
    expect(written(connection)).toEqual(["82 02 61 62"]);
  });

  test("continues a fragmented message with opcode 0, around control frames (RFC 6455 section 5.4)", () => {
    const connection = connect(role);
    for (const each of [new Frame.Text("a", more), new Frame.Ping(), new Frame.Text("b")])
      connection.send(each);
    expect(written(connection)).toEqual(["01 01 61", "89 00", "80 01 62"]);
  });

  test("refuses a frame that would break the protocol, and nothing changes by it (FR-02)", () => {
    const connection = connect(role);
    connection.send(new Frame.Binary(hex("61"), more));
    for (const each of [
      text("b"),
      new Frame.Text("c", { rsv1: true }),
      new Frame.Binary(hex("64"), { rsv3: true }),
    ]) {
      expect(() => connection.send(each)).toThrow(InvalidArgumentError);
    }
    expect(connection.outputFrames).toBe(1);
    connection.send(new Frame.Binary(hex("62")));
    expect(written(connection)).toEqual(["02 01 61", "80 01 62"]);
  });

  test("refuses a message that is larger than messages may be, though frames may", () => {
    const limits = { maxFrameSize: 4, maxMessageSize: 3 };
    const connection = connect(role, { limits });
    expect(show(deliver(connection, toRole(role, "82 03 61 62 63", "82 04 61 62 63 64")))).toHaveLength(1);
    expect(failureOf(connection)).toEqual(new FrameTooBigError("maxMessageSize", 4, 3));
    const raw = connect(role, { mode: "raw", limits });
    expect(show(deliver(raw, toRole(role, "82 04 61 62 63 64")))).toEqual(["binary 61 62 63 64"]);
  });

  test("uses the memory of what was written again, once nobody reads it", () => {
    const connection = connect(role);
    const memories = new Set<ArrayBufferLike>();
    for (let round = 0; round < 40; round++) {
      connection.send(new Frame.Binary(new Uint8Array(50_000)));
      for (const { buffer } of connection.takeOutput()) memories.add(buffer);
      connection.releaseOutput();
    }
    expect(memories.size).toBeLessThan(4);
  });

  test("can be disposed of without an extension", () => {
    const connection = connect(role);
    connection.receive(toRole(role, "82 01 61"));
    connection.dispose();
    expect(connection.hasInput).toBe(false);
    expect(connection.take()).toEqual([]);
  });

  test("takes a new limit of a frame's size for what comes from then on", () => {
    const connection = connect(role, { limits: { maxFrameSize: 1 } });
    expect(connection.maxFrameSize).toBe(1);
    connection.maxFrameSize = 2;
    expect(show(deliver(connection, toRole(role, "82 02 61 62")))).toEqual(["binary 61 62"]);
    deliver(connection, toRole(role, "82 03"));
    expect(failureOf(connection)).toEqual(new FrameTooBigError("maxFrameSize", 3, 2));
  });
});

describe.each(ROLES)("pings that come to a %s", (role) => {
  const pings = (count: number) => Array.from({ length: count }, (_, at) => frame(0x89, Uint8Array.of(at)));
  const pongs = (from: number, to: number) =>
    pings(to)
      .slice(from)
      .map((each) => toHex(each).replace("89", "8a"));

  test("are answered with their payload, in order, and given out (RFC 6455 section 5.5.2)", () => {
    const connection = connect(role);
    const longest = frame(0x89, new Uint8Array(125).fill(0xfe));
    expect(deliver(connection, toRole(role, ...pings(10), longest, "89 00"))).toHaveLength(12);
    expect(connection.hasOutput).toBe(true);
    expect(written(connection)).toEqual([...pongs(0, 10), toHex(longest).replace("89", "8a"), "8a 00"]);
    expect(connection.hasOutput).toBe(false);
  });

  test("and wait are at most 16, the newest (RFC 6455 section 5.5.3, MM-03)", () => {
    const connection = connect(role);
    deliver(connection, toRole(role, ...pings(16)));
    expect(written(connection)).toEqual(pongs(0, 16));
    deliver(connection, toRole(role, ...pings(18)));
    expect(written(connection)).toEqual(pongs(2, 18));
  });

  test("inside a fragmented message are answered at once", () => {
    const connection = connect(role);
    deliver(connection, toRole(role, "01 01 61", "89 01 70"));
    expect(written(connection)).toEqual(["8a 01 70"]);
  });

  test("are answered before the data that waits, and before a Close frame", () => {
    const connection = connect(role);
    connection.send(text("a"));
    deliver(connection, toRole(role, ...pings(2), normal));
    expect(written(connection)).toEqual([...pongs(0, 2), "81 01 61", normal]);
  });

  test("are not answered behind our Close frame, whether it was written or waits (CL-08, CL-11)", () => {
    const connection = connect(role);
    connection.send(new Frame.Close());
    deliver(connection, toRole(role, "89 01 61"));
    expect(written(connection)).toEqual(["88 00"]);
    expect(show(deliver(connection, toRole(role, "89 01 62", "81 01 63")))).toEqual(["ping 62", "text 63"]);
    expect(connection.hasOutput).toBe(false);
  });

  test("are answered with what came, whatever became of the ping that was given out", () => {
    const connection = connect(role);
    const [ping] = deliver(connection, toRole(role, "89 01 61"));
    ping?.data.fill(0xff);
    expect(written(connection)).toEqual(["8a 01 61"]);
  });

  test("do not count as output until they are taken", () => {
    const connection = connect(role);
    deliver(connection, toRole(role, "89 01 61"));
    expect(connection).toMatchObject({ hasOutput: true, outputFrames: 0, outputBytes: 0 });
  });
});

describe.each(ROLES)("in the raw mode a %s", (role) => {
  test("hands on every frame as it came and answers none", () => {
    const connection = connect(role, { mode: "raw" });
    const frames = ["01 01 61", "89 01 70", "00 00", "80 01 62", "8a 00", normal];
    const received = ["text 61 ...", "ping 70", "text ...", "text 62", "pong", "close 03 e8"];
    expect(show(deliver(connection, toRole(role, ...frames)))).toEqual(received);
    expect(connection.hasOutput).toBe(false);
    expect(connection.closing).toMatchObject({ initiator: "peer", canSend: true, canReceive: false });
  });

  test("lets the application answer pings and the Close frame", () => {
    const connection = connect(role, { mode: "raw" });
    deliver(connection, toRole(role, "89 01 70", normal));
    expect(connection.endsAfterOutput).toBe(false);
    expect(connection.send(new Frame.Pong(hex("70")))).toBe(true);
    expect(connection.send(new Frame.Close(hex("03 e8")))).toBe(true);
    expect(written(connection)).toEqual(["8a 01 70", normal]);
    expect(connection.closing.isComplete).toBe(true);
    expect(connection.endsAfterOutput).toBe(role === "server");
  });
});

describe.each(ROLES)("the batches of a %s", (role) => {
  const messages = (...contents: string[]) =>
    toRole(role, ...contents.map((content) => frame(0x82, hex(content))));

  test("end with the message that reaches the budget; the rest waits for the next", () => {
    const connection = connect(role, { batchBytes: 4 });
    connection.receive(messages("01 02", "03", "04", "05 06 07 08 09", "0a"));
    expect(show(connection.take())).toEqual(["binary 01 02", "binary 03", "binary 04"]);
    expect(connection).toMatchObject({ hasInput: true, endsNext: false });
    expect(show(connection.take())).toEqual(["binary 05 06 07 08 09"]);
    expect(show(connection.take())).toEqual(["binary 0a"]);
    expect(connection.hasInput).toBe(false);
    expect(connection.take()).toEqual([]);
  });

  test("count a message in fragments as the frames behind it", () => {
    const connection = connect(role, { batchBytes: 8 });
    const rest = Array.from({ length: 6 }, () => "82 02 63 64");
    connection.receive(toRole(role, "02 02 61 61", "80 02 62 62", ...rest));
    expect([connection.take().length, connection.take().length, connection.take().length]).toEqual([3, 4, 0]);
  });

  test("are of a thousand small messages at most", () => {
    const connection = connect(role);
    const message = toRole(role, "82 01 61");
    connection.receive(Buffer.concat(Array.from({ length: 2_500 }, () => message)));
    const sizes: number[] = [];
    while (connection.hasInput) sizes.push(connection.take().length);
    expect(sizes).toEqual([1024, 1024, 452]);
    expect(connection.work).toBe(2_500);
  });

  test("hold 1 MiB by default", () => {
    const connection = connect(role);
    const message = frame(0x82, new Uint8Array(2 ** 17));
    connection.receive(toRole(role, ...Array.from({ length: 9 }, () => message)));
    expect([connection.take().length, connection.take().length]).toEqual([8, 1]);
  });

  test("find what was retained when the memory of the read is used again (FR-13)", () => {
    const connection = connect(role, { batchBytes: 1 });
    const buffer = Buffer.from(messages("01", "02", "03 04"));
    connection.receive(buffer.subarray(0, -1));
    expect(show(connection.take())).toEqual(["binary 01"]);
    connection.retain();
    const rest = Buffer.from(buffer.subarray(-1));
    buffer.fill(0xa5);
    expect(show(connection.take())).toEqual(["binary 02"]);
    expect(connection.take()).toEqual([]);
    expect(show(deliver(connection, rest))).toEqual(["binary 03 04"]);
  });

  test("end after so much work, also in the middle of a message, and go on from there", () => {
    const fragments = Array.from({ length: 5_000 }, (_, at) => frame(at === 0 ? 0x01 : 0x00, "61"));
    const connection = connect(role, { limits: { maxFragments: 6_000 } });
    connection.receive(toRole(role, ...fragments, frame(0x80, "62"), frame(0x81, "63")));
    const frames: Frame[] = [];
    let calls = 0;
    for (let most = 0; connection.hasInput; calls++) {
      most = connection.work + 1_100;
      frames.push(...connection.take());
      expect(connection.work).toBeLessThan(most);
    }
    expect(calls).toBeGreaterThanOrEqual(5);
    expect(show(frames).map((each) => each.slice(-5))).toEqual(["61 62", "xt 63"]);
  });

  test.each([
    ["it is retained", (connection: Connection) => connection.retain()],
    ["more has come", (connection: Connection) => connection.receive(messages("09"))],
  ])("can be transferred away while others wait, once %s", (_, act) => {
    const connection = connect(role, { batchBytes: 1 });
    const large = Array.from({ length: 3 }, (_, at) => frame(0x82, new Uint8Array(1_000).fill(at)));
    connection.receive(toRole(role, ...large), true);
    connection.take();
    act(connection);
    const [second] = connection.take() as [Frame];
    expect(second.data).toEqual(new Uint8Array(1_000).fill(1));
    detach(second.data);
    expect(connection.take()[0]?.data).toEqual(new Uint8Array(1_000).fill(2));
  });

  test("are the same when more comes before what waits has been read", () => {
    const all = messages("01", "02 03", "04 05 06", "07", "08");
    for (let cut = 1; cut < all.length; cut++) {
      const connection = connect(role, { batchBytes: 1 });
      const frames: Frame[] = [];
      connection.receive(all.slice(0, cut));
      frames.push(...connection.take());
      connection.receive(all.slice(cut, cut + 3));
      connection.receive(all.slice(cut + 3));
      while (connection.hasInput) frames.push(...connection.take());
      expect(show(frames).join()).toBe("binary 01,binary 02 03,binary 04 05 06,binary 07,binary 08");
    }
  });

  test("find an end behind the budget", () => {
    const connection = connect(role, { batchBytes: 1 });
    connection.receive(toRole(role, "82 01 61", normal));
    expect(show(connection.take())).toEqual(["binary 61"]);
    expect(connection).toMatchObject({ hasInput: true, endsNext: false });
    expect(show(connection.take())).toEqual(["close 03 e8"]);
  });
});

describe.each<[Role, Role]>([
  ["client", "server"],
  ["server", "client"],
])("what a %s sends to a %s", (from, to) => {
  const size = fc.oneof({ weight: 20, arbitrary: fc.nat(300) }, fc.constantFrom(125, 126, 65535, 65536));
  const binaryBytes = fc
    .tuple(size, fc.nat(255))
    .map(([length, seed]) => Buffer.from(Uint8Array.from({ length }, (_, at) => at * 13 + seed)));
  const textBytes = anyText.map((content) => Buffer.from(content));
  const content = fc.oneof(
    fc.record({ type: fc.constant("text" as const), bytes: textBytes }),
    fc.record({ type: fc.constant("binary" as const), bytes: binaryBytes }),
  );
  const message = fc.record({ content, cuts: fc.array(fc.nat(), { maxLength: 4 }), pings: fc.boolean() });

  test.each(["default", "raw"] as const)(
    "arrives as it was, under any split of the bytes, in the %s mode (FR-10)",
    (mode) => {
      fc.assert(
        fc.property(
          fc.array(message, { maxLength: 6 }),
          anyCuts,
          fc.integer({ min: 1, max: 400 }),
          (messages, cuts, batchBytes) => {
            const [sender, receiver] = [connect(from), connect(to, { mode, batchBytes })];
            const expected: Frame[] = [];
            for (const { content: whole, cuts: places, pings } of messages) {
              const parts = cut(whole.bytes, places);
              const DataFrame = whole.type === "text" ? Frame.Text : Frame.Binary;
              for (const [at, part] of parts.entries()) {
                const fragment = new DataFrame(part, { fin: at === parts.length - 1 });
                sender.send(fragment);
                if (mode === "raw") expected.push(fragment);
                if (!pings || fragment.fin) continue;
                sender.send(new Frame.Ping(Uint8Array.of(at)));
                expected.push(new Frame.Ping(Uint8Array.of(at)));
              }
              if (mode === "default") expected.push(new DataFrame(whole.bytes));
            }
            const chunks = cut(concat(sender.takeOutput()), cuts);
            expect(show(deliver(receiver, ...chunks))).toEqual(show(expected));
            expect(receiver.closing.failure).toBeNull();
          },
        ),
      );
    },
  );
});

describe.each(ROLES)("random bytes that come to a %s", (role) => {
  // Mostly first bytes and lengths that are allowed, so that more than the first header is read.
  const header = fc.tuple(
    fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xc1, 0x83),
    fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(125, 126, 127)),
    fc.uint8Array({ maxLength: 8 }),
  );
  const likely = fc
    .array(header)
    .map((headers) => headers.map(([first, length, rest]) => concat([Uint8Array.of(first, length), rest])))
    .map((frames) => toRole(role, ...frames));

  test("fail the connection in no other way than by the peer's faults, the same under any split (FR-10)", () => {
    const input = fc.oneof(likely, fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(input, anyCuts, fc.constantFrom("default", "raw"), (bytes, cuts, mode) => {
        const outcomes = [[bytes], cut(bytes, cuts), cut(bytes, [...bytes.keys()])].map((chunks) => {
          const connection = connect(role, { mode });
          const frames = show(deliver(connection, ...chunks));
          return { frames, closing: connection.closing };
        });
        const failure = outcomes[0]?.closing.failure ?? null;
        if (failure !== null)
          expect("closeCode" in failure && failure.closeCode).toBeOneOf([1002, 1007, 1009]);
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
      { numRuns: 400 },
    );
  });
});
