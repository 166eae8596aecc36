// SPDX-License-Identifier: Apache-2.0
// How sessions end on Darwin, whatever of the undocumented the platform does.
import {
  bounded,
  ConnectionError,
  type DefaultWebSocketSession,
  Frame,
  PingTimeoutError,
  TimeoutError,
  unlimited,
} from "halyard";
import { VirtualClock } from "halyard/testing";
import { describe, expect, test } from "vitest";
import { rejection } from "../../halyard/test/support/clients.ts";
import {
  closeFrame,
  hostileServer,
  type Peer,
  serverFrame,
} from "../../halyard/test/support/hostile-server.ts";
import { turns, until } from "../../halyard/test/support/leaks.ts";
import { type Dialect, dialects, plain } from "./foundation/dialect.ts";
import { darwinClient, type Setting } from "./support.ts";

const many = Array.from({ length: 400 }, (_, index) => String(index));
const says = (...texts: readonly string[]): Buffer =>
  Buffer.concat(texts.map((text) => serverFrame(1, text)));
const bye = Buffer.concat([serverFrame(8, Buffer.concat([Uint8Array.of(16, 225), Buffer.from("why")]))]);

/** What the program sees. */
interface Outcome {
  readonly received: readonly string[];
  /** The error at the end of `incoming`, if it has not just ended. */
  readonly error?: string;
  readonly code: number;
  readonly message?: string;
  /** The code that the peer heard. */
  readonly heard?: number;
}

const lost = { error: "ConnectionError", code: 1006 };
const violated = { received: ["a"], error: "ProtocolViolationError", code: 1002 };

const rows: readonly (readonly [
  what: string,
  says: Buffer,
  then: "stay" | "end" | "reset",
  outcome: Outcome,
])[] = [
  ["closes", bye, "stay", { received: [], code: 4321, message: "why", heard: 4321 }],
  ["closes without a code", serverFrame(8, ""), "stay", { received: [], code: 1005 }],
  ["closes without a message", closeFrame(1001), "stay", { received: [], code: 1001, heard: 1001 }],
  [
    "closes behind many messages",
    Buffer.concat([says(...many), bye]),
    "stay",
    { received: many, code: 4321 },
  ],
  ["ends the connection", Buffer.alloc(0), "end", { received: [], ...lost }],
  ["ends the connection behind many messages", says(...many), "end", { received: many, ...lost }],
  ["resets the connection", Buffer.alloc(0), "reset", { received: [], ...lost }],
  [
    "sends reserved bits",
    Buffer.concat([says("a"), Uint8Array.of(0xc1, 0)]),
    "stay",
    { ...violated, heard: 1002 },
  ],
  [
    "masks",
    Buffer.concat([says("a"), Uint8Array.of(0x81, 0x80, 1, 2, 3, 4)]),
    "stay",
    { ...violated, heard: 1002 },
  ],
  [
    "sends no UTF-8",
    Buffer.concat([says("a"), serverFrame(1, Uint8Array.of(0xff))]),
    "stay",
    { ...violated, heard: 1007 },
  ],
  [
    "closes with a code that must not be sent",
    Buffer.concat([says("a"), closeFrame(1005)]),
    "stay",
    { ...violated, heard: 1002 },
  ],
  [
    "sends more than it may",
    Buffer.concat([says("a"), serverFrame(2, Buffer.alloc(2_000))]),
    "stay",
    { received: ["a"], error: "FrameTooBigError", code: 1009, heard: 1009 },
  ],
];

async function drain(session: DefaultWebSocketSession): Promise<{ received: string[]; error?: string }> {
  const received: string[] = [];
  try {
    for await (const frame of session.incoming)
      received.push(frame.type === "text" ? frame.readText() : frame.type);
    return { received };
  } catch (error) {
    return { received, error: (error as Error).name };
  }
}

describe.each(dialects)("a peer that, %s", (_, dialect) => {
  test.each(rows)("%s", async (__, bytes, then, { message = "", heard, ...outcome }) => {
    let peer: Peer | undefined;
    await using server = await hostileServer(async (each) => {
      await each.accept(bytes);
      peer = each;
      if (then === "end") each.end();
      if (then === "reset") await each.reset();
    });
    await using darwin = darwinClient({
      dialect,
      options: { maximumMessageSize: 1_000 },
      // Few enough that the platform is stopped in the middle.
      config: { channels: { incoming: bounded({ messages: 2 }) } },
    });
    const session = await darwin.client.webSocketSession(server.url);
    const seen = await drain(session);
    const reason = await session.closeReason;
    expect({ ...seen, code: reason.code }).toEqual(outcome);
    if (outcome.error === undefined && outcome.code === 4321) expect(reason.message).toBe(message || "why");
    if (heard !== undefined) {
      const { first, payload } = (await peer?.frame()) ?? { first: 0, payload: Buffer.alloc(0) };
      expect([first, payload.readUInt16BE()]).toEqual([0x88, heard]);
    }
    peer?.end();
    expect((await session.ended).clean).toBe(outcome.error === undefined);
  });
});

/** Our close, its reason checked at the peer, which reacts to it. */
async function closing(dialect: Dialect, react: (peer: Peer) => unknown, closeTimeout = 2_000) {
  let heard = "";
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    const { first, payload } = await peer.frame();
    heard = `${first.toString(16)} ${payload.readUInt16BE()} ${payload.subarray(2).toString()}`;
    await react(peer);
  });
  await using darwin = darwinClient({ dialect, config: { closeTimeout } });
  const session = await darwin.client.webSocketSession(server.url);
  const end = await session.close({ code: 4001, message: "enough" });
  await until(() => heard !== "", "our Close frame");
  expect(heard).toBe("88 4001 enough");
  expect(end).toMatchObject({ initiator: "local", reason: { code: 4001, message: "enough" } });
  return end;
}

/** Which tell what comes of a close. */
const telling = dialects.filter(
  ([, { cancelCompletes, cancelCompletesClean }]) => !cancelCompletes && !cancelCompletesClean,
);

describe.each(telling)("our close, %s, when the peer", (_, dialect) => {
  test("answers, has its reason", async () => {
    const end = await closing(dialect, answer);
    expect(end.received?.code).toBe(4001);
  });

  test("answers nothing, ends with the time-out", async () => {
    const end = await closing(dialect, () => undefined, 50);
    expect(end.clean).toBe(false);
    expect(end.error).toBeInstanceOf(TimeoutError);
  });

  test("ends the connection instead, is not clean", async () => {
    const { clean, error } = await closing(dialect, (peer) => peer.end());
    // A platform that tells of no error tells of no loss either.
    expect(clean).toBe(dialect.lossIsNoError);
    if (!clean) expect((error as Error).name).toMatch(/^(ConnectionError|TimeoutError)$/);
  });
});

function answer(peer: Peer): void {
  peer.write(closeFrame(4001));
  peer.end();
}

describe.each(dialects)("our close, %s,", (_, dialect) => {
  test("is clean when the peer answers", async () => {
    expect((await closing(dialect, answer)).clean).toBe(true);
  });

  test("comes behind all that was sent", async () => {
    const size = 2 ** 20;
    let received = 0;
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      await peer.bytes(14 + size);
      received = size;
      peer.write(closeFrame((await peer.frame()).payload.readUInt16BE()));
      peer.end();
    });
    await using darwin = darwinClient({ dialect });
    const session = await darwin.client.webSocketSession(server.url);
    await session.send(new Uint8Array(size));
    const { clean, unsent } = await session.close();
    await until(() => received > 0, "the message");
    expect({ clean, unsent, received }).toEqual({ clean: true, unsent: 0, received: size });
  });
});

/** A session whose time a test turns, and its peer. */
async function timed(setting: Setting) {
  const clock = new VirtualClock();
  const peers: Peer[] = [];
  const server = await hostileServer(async (peer) => {
    await peer.accept();
    peers.push(peer);
  });
  const darwin = darwinClient({ clock, ...setting, options: { clock } });
  const session = await darwin.client.webSocketSession(server.url);
  await until(() => peers.length > 0, "the peer");
  return {
    clock,
    session,
    darwin,
    peer: peers[0] as Peer,
    async [Symbol.asyncDispose]() {
      session.cancel();
      await darwin[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("a platform that says nothing", () => {
  const silent: Dialect = { ...plain, cancelIsUntold: true, receiveStays: true };

  test("of our close: the session ends with its own time-out", async () => {
    await using met = await timed({ dialect: silent });
    const closing = met.session.close();
    const { payload } = await met.peer.frame();
    met.peer.write(closeFrame(payload.readUInt16BE()));
    await met.clock.advance(2_000);
    const { clean, error } = await closing;
    expect([clean, error instanceof TimeoutError]).toEqual([false, true]);
  });

  test("of a lost connection: a ping finds it", async () => {
    const dialect = { ...plain, lossIsUntold: true, receiveStays: true };
    await using met = await timed({ dialect, config: { pingInterval: 20_000, pingTimeout: 5_000 } });
    await met.peer.reset();
    await until(() => met.peer.isGone, "the loss");
    await met.clock.advance(20_000);
    await met.clock.advance(5_000);
    // Either the ping itself fails, or it is not answered.
    await met.clock.advance(1_000);
    const { clean, error } = await met.session.ended;
    expect(clean).toBe(false);
    expect(error instanceof PingTimeoutError || error instanceof ConnectionError).toBe(true);
  });
});

describe("a platform whose time-outs go on when the connection is open", () => {
  test("ends no idle session", async () => {
    await using met = await timed({ dialect: { ...plain, timesOut: true } });
    await met.clock.advance(365 * 24 * 60 * 60 * 1000);
    met.peer.write(serverFrame(1, "still here"));
    const frame = await met.session.incoming.receive();
    expect(frame instanceof Frame.Text && frame.readText()).toBe("still here");
  });
});

test.each(dialects)(
  "what was not sent before the connection was lost is told as that, %s",
  async (_, dialect) => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      peer.socket.pause();
      peer.write(serverFrame(1, "paused"));
      await turns();
      await peer.reset();
    });
    await using darwin = darwinClient({ dialect, config: { channels: { outgoing: unlimited() } } });
    const session = await darwin.client.webSocketSession(server.url);
    await session.incoming.receive();
    // All in one turn: who waits for each leaves the loop turns, in which the reset is noticed.
    const sending = Promise.all(Array.from({ length: 20 }, () => session.send(new Uint8Array(2 ** 20))));
    const flushing = rejection(session.flush());
    await sending;
    const { clean, unsent } = await session.ended;
    expect(clean).toBe(false);
    expect(unsent).toBeGreaterThan(0);
    expect(await flushing).toBeInstanceOf(Error);
  },
);

test("an empty Close frame of ours goes with 1000, which Apple can say", async () => {
  let heard: number | undefined;
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    heard = (await peer.frame()).payload.readUInt16BE();
    answer(peer);
  });
  await using darwin = darwinClient();
  const session = await darwin.client.webSocketSession(server.url);
  await session.send(new Frame.Close());
  await session.ended;
  expect(heard).toBe(1000);
});

test("what was received is read to its end, though the platform has told of it long ago", async () => {
  const dialect = { ...plain, endOvertakes: true };
  await using server = await hostileServer((peer) =>
    peer.accept(Buffer.concat([says(...many, ...many), bye])),
  );
  await using darwin = darwinClient({
    dialect,
    config: { channels: { incoming: bounded({ messages: 1 }) } },
  });
  const session = await darwin.client.webSocketSession(server.url);
  await until(() => darwin.double.activeTasks === 0, "the end of the task");
  expect((await drain(session)).received).toHaveLength(800);
  expect((await session.closeReason).code).toBe(4321);
});
