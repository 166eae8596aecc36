// SPDX-License-Identifier: Apache-2.0
// An AbortSignal in every phase ends what it was given to, with its own reason, and is let go of (LC-01).
import { describe, expect, test } from "vitest";
import { ConnectionEvents, type Frame, HttpClient, type Phase, WebSockets } from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { rejection, testClient } from "../support/clients.ts";
import { closeFrame, hostileServer, type Script } from "../support/hostile-server.ts";
import { checkLeaks, turn, turns, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const reason = { why: "the user left" };

/** The ways to open a session. */
const calls = {
  webSocket: (client: HttpClient<"WebSockets">, request: { url: string; signal: AbortSignal }) =>
    client.webSocket(request, () => new Promise(() => undefined)),
  webSocketSession: (client: HttpClient<"WebSockets">, request: { url: string; signal: AbortSignal }) =>
    client.webSocketSession(request),
  webSocketRaw: (client: HttpClient<"WebSockets">, request: { url: string; signal: AbortSignal }) =>
    client.webSocketRaw(request, () => new Promise(() => undefined)),
};
const names = Object.keys(calls) as (keyof typeof calls)[];

describe.each(names)("LC-01: %s", (name) => {
  const call = calls[name];

  test("before the start: nothing is connected", async () => {
    await using server = await hostileServer(() => undefined);
    await using client = testClient();
    const controller = watchedController();
    controller.abort(reason);
    expect(await rejection(call(client, { url: server.url, signal: controller.signal }))).toBe(reason);
    await server.abandoned();
    expect(server.peers).toHaveLength(0);
  });

  test("while the name is resolved", async () => {
    await using client = testClient();
    const controller = watchedController();
    const opening = rejection(call(client, { url: "ws://nowhere.invalid/", signal: controller.signal }));
    controller.abort(reason);
    expect(await opening).toBe(reason);
  });

  test("while it connects, at each of the first turns", async () => {
    for (let count = 0; count < 8; count++) {
      await using server = await hostileServer((peer) => peer.gone());
      await using client = testClient();
      const controller = watchedController();
      const opening = rejection(call(client, { url: server.url, signal: controller.signal }));
      for (let passed = 0; passed < count; passed++) await turn();
      controller.abort(reason);
      expect(await opening).toBe(reason);
      await server.abandoned();
    }
  });

  test("in the middle of TLS", async () => {
    const controller = watchedController();
    // A bare server: it takes the greeting and answers nothing.
    await using server = await hostileServer(async (peer) => {
      await peer.bytes(5);
      controller.abort(reason);
    });
    await using client = testClient({}, { tls: { ca: certificates().ca } });
    expect(await rejection(call(client, { url: server.secureUrl, signal: controller.signal }))).toBe(reason);
    await server.abandoned();
  });

  test.each<[where: string, script: (abort: () => void) => Script]>([
    ["before the answer", (abort) => (peer) => peer.request().then(abort)],
    [
      "inside the head",
      (abort) => async (peer) => {
        await peer.request();
        peer.write("HTTP/1.1 101 Switch");
        await turns();
        abort();
      },
    ],
    [
      "while a refusal's body is waited for",
      (abort) => async (peer) => {
        await peer.request();
        peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nx");
        await turns();
        abort();
      },
    ],
    ["together with the answer", (abort) => (peer) => peer.accept().then(abort)],
  ])("during the upgrade, %s", async (_, script) => {
    const controller = watchedController();
    await using server = await hostileServer(script(() => controller.abort(reason)));
    await using client = testClient();
    expect(await rejection(call(client, { url: server.url, signal: controller.signal }))).toBe(reason);
    await server.abandoned();
  });
});

test.each<[phase: Phase, scheme: "ws" | "wss"]>([
  ["dns", "ws"],
  ["connect", "ws"],
  ["upgrade", "ws"],
  ["dns", "wss"],
  ["connect", "wss"],
  ["tls", "wss"],
  ["upgrade", "wss"],
])("by who is told that the phase %s begins, with %s: nothing stays connected", async (wanted, scheme) => {
  const { ca, good } = certificates();
  await using server = await hostileServer((peer) => peer.gone(), scheme === "wss" ? { tls: good } : {});
  const controller = watchedController();
  await using client = testClient({}, { tls: { ca } }).install(ConnectionEvents, {
    listener: (event) => {
      if (event.type === "phaseStarted" && event.phase === wanted) controller.abort(reason);
    },
  });
  const url = `${scheme}://${wanted === "dns" ? "localhost" : "127.0.0.1"}:${server.port}/`;
  expect(await rejection(client.webSocketSession({ url, signal: controller.signal }))).toBe(reason);
  await turns();
  await server.abandoned();
});

test("LC-01: together with the 101, at each turn around its arrival", async () => {
  for (let count = 0; count < 8; count++) {
    const controller = watchedController();
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      for (let passed = 0; passed < count; passed++) await turn();
      controller.abort(reason);
    });
    await using client = testClient();
    const { signal } = controller;
    const ended = client
      .webSocketSession({ url: server.url, signal })
      .then(async (session) => (await session.ended).error);
    expect(await ended.catch((error: unknown) => error)).toBe(reason);
    await server.abandoned();
  }
});

describe("LC-01: an open session", () => {
  test("is dropped: receivers, iterators and waiting sends get the reason, and so does webSocket", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      peer.socket.pause();
      await until(() => controller.signal.aborted, "the abort");
      peer.socket.resume();
    });
    await using client = testClient();
    const controller = watchedController();
    const seen: unknown[] = [];
    const run = client.webSocket({ url: server.url, signal: controller.signal }, async (session) => {
      const chunk = new Uint8Array(1 << 20);
      const receiving = rejection(session.incoming.receive());
      const iterating = rejection(session.incoming[Symbol.asyncIterator]().next());
      let sends: Promise<void>[] = [];
      for (let count = 0; count < 64; count++) sends = [...sends, session.send(chunk)];
      const flushing = rejection(session.flush());
      controller.abort(reason);
      const sent = await Promise.allSettled(sends);
      const turnedAway = sent.filter((each) => each.status === "rejected");
      expect(turnedAway.length).toBeGreaterThan(0);
      for (const each of turnedAway) expect(each.reason).toBe(reason);
      seen.push(await receiving, await iterating, await flushing, await rejection(session.send("late")));
      seen.push(session.signal.reason, (await session.ended).error);
    });
    expect(await rejection(run)).toBe(reason);
    await until(() => seen.length === 6, "the end of the block");
    for (const each of seen) expect(each).toBe(reason);
  });

  test("is not waited for: a block that never ends keeps nobody", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    await using client = testClient();
    const controller = watchedController();
    let entered = false;
    const run = client.webSocket({ url: server.url, signal: controller.signal }, () => {
      entered = true;
      return new Promise(() => undefined);
    });
    const rejected = rejection(run);
    await until(() => entered, "the block");
    controller.abort(reason);
    expect(await rejected).toBe(reason);
    await server.abandoned();
  });

  test("what it has received before stays readable", async () => {
    await using server = await hostileServer((peer) =>
      peer.accept(Buffer.from("\x81\x01a\x81\x01b", "latin1")),
    );
    await using client = testClient();
    const controller = watchedController();
    const session = await client.webSocketSession({ url: server.url, signal: controller.signal });
    const first = await session.incoming.receive();
    await turns();
    controller.abort(reason);
    const texts = [first, await session.incoming.receive()].map((frame: Frame) => Buffer.from(frame.data));
    expect(texts.map(String)).toEqual(["a", "b"]);
    expect(await rejection(session.incoming.receive())).toBe(reason);
  });

  test("while it closes: the closing ends at once", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    await using client = testClient({ closeTimeout: 60_000 });
    const controller = watchedController();
    const session = await client.webSocketSession({ url: server.url, signal: controller.signal });
    const closing = session.close();
    await turns();
    controller.abort(reason);
    expect(await closing).toMatchObject({ clean: false, error: reason, reason: { code: 1000 } });
  });

  test("twice, and after the end: nothing more happens", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.end(closeFrame(1000).toString("latin1"));
    });
    await using client = testClient();
    const controller = watchedController();
    const session = await client.webSocketSession({ url: server.url, signal: controller.signal });
    const end = await session.close();
    expect(end.clean).toBe(true);
    controller.abort(reason);
    controller.abort("again");
    expect(await session.ended).toBe(end);
    expect(await session.closeReason).toMatchObject({ code: 1000 });
  });

  test("one receive alone: the message goes to the next", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.write("\x81\x02hi");
    });
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    const controller = watchedController();
    const receiving = rejection(session.incoming.receive({ signal: controller.signal }));
    controller.abort(reason);
    expect(await receiving).toBe(reason);
    await session.send("now");
    const frame = await session.incoming.receive();
    expect(Buffer.from(frame.data).toString()).toBe("hi");
    session.cancel();
  });
});

test("one signal for many sessions has no listener more than it has sessions", async () => {
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    await peer.frame();
    peer.end(closeFrame(1000).toString("latin1"));
  });
  await using client = testClient();
  const { signal } = watchedController();
  for (let count = 0; count < 50; count++) {
    await client.webSocket({ url: server.url, signal }, () => undefined);
  }
});

test("the platform's time-out signal works like any other", async () => {
  await using server = await hostileServer(() => undefined);
  await using client = new HttpClient().install(WebSockets);
  const signal = AbortSignal.timeout(30);
  const error = await rejection(client.webSocketSession({ url: server.url, signal }));
  expect(error).toBe(signal.reason);
  await server.abandoned();
});
