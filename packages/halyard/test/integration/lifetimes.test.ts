// SPDX-License-Identifier: Apache-2.0
// How sessions end, whoever ends them, and that they always do (NW-05, NW-06, LC-05, LC-08).
import { describe, expect, test } from "vitest";
import {
  ChannelClosedError,
  ClientClosedError,
  ConnectionError,
  type DefaultClientWebSocketSession,
  DefaultRequest,
  type Frame,
  TimeoutError,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { agreement, closeFrame, hostileServer, type Peer, serverFrame } from "../support/hostile-server.ts";
import { checkLeaks, turn, turns, until } from "../support/leaks.ts";

checkLeaks();

const hi = serverFrame(1, "hi");

function textOf(frame: Frame): string {
  return Buffer.from(frame.data).toString();
}

/** Answers the client's Close frame, as soon as it comes, and ends the connection. */
async function answerClose(peer: Peer): Promise<number> {
  for (;;) {
    const { first, payload } = await peer.frame();
    if (first !== 0x88) continue;
    peer.end(closeFrame(payload.readUInt16BE()).toString("latin1"));
    return payload.readUInt16BE();
  }
}

describe("a block", () => {
  test("with a receive loop and a send loop runs until the server closes", async () => {
    await using server = new WebSocketServer().webSocket("/", async (session) => {
      for (let count = 0; count < 100; count++) {
        await session.send(String(count));
        await session.incoming.receive();
      }
    });
    const { url } = await server.listen();
    await using client = testClient();
    const seen = await client.webSocket(url, async (session) => {
      const texts: string[] = [];
      for await (const frame of session.incoming) {
        texts.push(textOf(frame));
        await session.send(frame);
      }
      expect(await session.closeReason).toMatchObject({ code: 1000 });
      return texts;
    });
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => String(at)));
  });

  test("that throws closes with 1011, tells the peer nothing of the error, and gives it to the caller (FR-14, LC-05)", async () => {
    let closing: Promise<Buffer> | undefined;
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      closing = peer.frame().then(({ payload }) => payload);
      const payload = await closing;
      peer.end(serverFrame(8, payload).toString("latin1"));
    });
    await using client = testClient();
    const error = new Error("secret");
    for (const block of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      // biome-ignore format: one case a line
      expect(await rejection(client.webSocket(server.url, block))).toBe(error);
      const payload = await closing;
      expect(payload?.readUInt16BE()).toBe(1011);
      expect(String(payload)).not.toContain("secret");
    }
  });

  test("that returns while messages pour in ends soon all the same (LC-05)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      const closed = answerClose(peer);
      while (!peer.socket.writableEnded && !peer.socket.destroyed) {
        await peer.pour([Buffer.concat(Array.from({ length: 1000 }, () => hi))]);
        await turn();
      }
      expect(await closed).toBe(1000);
    });
    await using client = testClient();
    expect(await client.webSocket(server.url, ({ incoming }) => incoming.receive().then(textOf))).toBe("hi");
  });

  test("whose session has died gets the error of it, and nothing else does", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept(hi);
      await peer.frame();
      await peer.reset();
    });
    await using client = testClient();
    const run = client.webSocket(server.url, async (session) => {
      await session.send("now");
      for await (const _ of session.incoming) continue;
    });
    expect(await failure(run, ConnectionError)).toMatchObject({
      phase: "open",
      cause: { code: "ECONNRESET" },
    });
  });
});

describe("closing", () => {
  test("from our side: `await using` says 1000 and waits for the answer", async () => {
    let code: number | undefined;
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      code = await answerClose(peer);
    });
    await using client = testClient();
    let session: DefaultClientWebSocketSession;
    {
      await using held = await client.webSocketSession(server.url);
      session = held;
    }
    expect(code).toBe(1000);
    expect(await session.ended).toMatchObject({ clean: true, initiator: "local", unsent: 0 });
    expect(session.signal.aborted).toBe(true);
    await failure(session.send("late"), ChannelClosedError);
    await failure(session.incoming.receive(), ChannelClosedError);
    expect(await session.close()).toBe(await session.ended);
  });

  test("from the peer's side, its FIN behind the Close frame in one write, behind a message", async () => {
    await using server = await hostileServer(async (peer) => {
      const request = await peer.request();
      const all = [Buffer.from(agreement(request)), hi, hi, closeFrame(1001)];
      peer.end(Buffer.concat(all).toString("latin1"));
      expect((await peer.frame()).payload.readUInt16BE()).toBe(1001);
    });
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    const seen: string[] = [];
    for await (const frame of session.incoming) seen.push(textOf(frame));
    expect(seen).toEqual(["hi", "hi"]);
    expect(await session.ended).toMatchObject({ clean: true, initiator: "peer", reason: { code: 1001 } });
  });

  test("never answered: the deadline ends it, whatever still comes (CL-03, CL-04)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      await peer.frame();
      await peer.drip(() => hi.toString("latin1"));
    });
    await using client = testClient({ closeTimeout: 60 });
    const session = await client.webSocketSession(server.url);
    const began = performance.now();
    const end = await session.close({ code: 1000 });
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(end).toMatchObject({ clean: false, reason: { code: 1000 }, received: null });
    expect(end.error).toBeInstanceOf(TimeoutError);
    expect(end.error).toMatchObject({ phase: "closing", milliseconds: 60, url: server.url });
  });

  test("answered, but the connection is never ended: the deadline ends that, too, and it was clean (CL-03)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.write(closeFrame(1000));
    });
    await using client = testClient({ closeTimeout: 60 });
    const session = await client.webSocketSession(server.url);
    expect(await session.close()).toMatchObject({ clean: true, error: undefined });
  });

  test("against a peer that reads nothing: what it did not take is counted (CL-06)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      peer.socket.pause();
      await until(() => isOver, "the end of the session");
      peer.socket.resume();
    });
    let isOver = false;
    await using client = testClient({ closeTimeout: 60 });
    const session = await client.webSocketSession(server.url);
    const sends = Array.from({ length: 64 }, () => rejectionOrNothing(session.send(new Uint8Array(1 << 20))));
    const end = await session.close();
    expect(end.clean).toBe(false);
    expect(end.unsent).toBeGreaterThan(0);
    await Promise.all(sends);
    isOver = true;
  });

  test("a peer that ends its side without a Close frame: 1006", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept(hi);
      peer.end();
    });
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    expect(textOf(await session.incoming.receive())).toBe("hi");
    const error = await failure(session.incoming.receive(), ConnectionError);
    expect(error).toMatchObject({ phase: "open", url: server.url });
    expect(error.message).toMatch(/without a Close frame/);
    expect(await session.ended).toMatchObject({
      clean: false,
      reason: { code: 1006 },
      initiator: "peer",
      error,
    });
  });

  test("a RST with sends pending: all of them reject, and the flush (NW-05, NW-06)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      peer.socket.pause();
      await until(() => started, "the sends");
      await peer.reset();
    });
    let started = false;
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    const sends = Array.from({ length: 64 }, () => rejectionOrNothing(session.send(new Uint8Array(1 << 20))));
    const flushing = rejection(session.flush());
    started = true;
    const errors = (await Promise.all(sends)).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toBeInstanceOf(ConnectionError);
    expect(await flushing).toBeInstanceOf(ConnectionError);
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1006 } });
  });

  test("cancel drops the connection at once, twice is once", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    const cause = new Error("enough");
    const receiving = rejection(session.incoming.receive());
    await turns();
    session.cancel(cause);
    session.cancel();
    expect(await receiving).toBe(cause);
    expect(await session.ended).toMatchObject({ clean: false, error: cause, initiator: "local" });
    await server.peer.gone();
    expect(server.peer.received, "behind the request").toHaveLength(0);
  });
});

describe("client.close() (LC-08)", () => {
  test("closes open sessions with 1001, the descendants' as well; a second call gives the same promise", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      codes.push(await answerClose(peer));
    });
    const client = testClient();
    const descendant = client.install(DefaultRequest, { url: server.url });
    const sessions = [await client.webSocketSession(server.url), await descendant.webSocketSession("/x")];
    const blocked = descendant.webSocket({}, ({ closeReason }) => closeReason);
    await until(() => server.peers.length === 3, "three connections");
    await turns();
    const closing = client.close();
    expect(descendant.close()).toBe(closing);
    await closing;
    expect(codes).toEqual([1001, 1001, 1001]);
    expect(await blocked).toMatchObject({ code: 1001 });
    for (const session of sessions)
      expect(await session.ended).toMatchObject({ clean: true, initiator: "local" });
  });

  test("is bounded by closeTimeout when nobody answers", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    const client = testClient({ closeTimeout: 60 });
    const session = await client.webSocketSession(server.url);
    await client.close();
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1001 } });
  });

  test.each(["at once", "during the upgrade"])(
    "while connecting, %s: ClientClosedError (CL-05)",
    async (when) => {
      await using server = await hostileServer((peer) => peer.gone());
      const client = testClient();
      const opening = rejection(client.webSocketSession(server.url));
      if (when !== "at once") {
        await until(() => server.peers.some((peer) => peer.received.includes("\r\n\r\n")), "a request");
      }
      await client.close();
      expect(await opening).toBeInstanceOf(ClientClosedError);
    },
  );

  test("and then: no session any more, and nothing is left of the attempt", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    const client = testClient();
    await client.close();
    const error = await failure(client.webSocketSession(server.url), ClientClosedError);
    expect(error.code).toBe("ERR_HALYARD_CLIENT_CLOSED");
    await failure(
      client.webSocket(server.url, () => undefined),
      ClientClosedError,
    );
    expect(server.peers).toHaveLength(0);
  });
});

/** What a promise rejected with, or nothing. */
async function rejectionOrNothing(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
