// SPDX-License-Identifier: Apache-2.0
// Keepalive on Darwin, whose pings have no payload and disturb each other.
import { bounded, Frame, PingTimeoutError, UnsupportedCapabilityError, type WebSockets } from "halyard";
import { VirtualClock } from "halyard/testing";
import { describe, expect, test } from "vitest";
import { rejection } from "../../halyard/test/support/clients.ts";
import { hostileServer, type Peer, serverFrame } from "../../halyard/test/support/hostile-server.ts";
import { turns, until } from "../../halyard/test/support/leaks.ts";
import { type Dialect, dialects, plain } from "./foundation/dialect.ts";
import { darwinClient } from "./support.ts";

async function meet(dialect: Dialect, config: WebSockets.Config) {
  const clock = new VirtualClock();
  const peers: Peer[] = [];
  const server = await hostileServer(async (peer) => {
    await peer.accept();
    peers.push(peer);
  });
  const darwin = darwinClient({ dialect, config, options: { clock } });
  const session = await darwin.client.webSocketSession(server.url);
  await until(() => peers.length > 0, "the peer");
  return {
    clock,
    session,
    peer: peers[0] as Peer,
    async [Symbol.asyncDispose]() {
      session.cancel();
      await darwin[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function hearsPing(peer: Peer): Promise<void> {
  const { first, payload } = await peer.frame();
  expect([first, payload.length]).toEqual([0x89, 0]);
}

const pong = serverFrame(10, "");

describe.each(dialects)("pings, %s,", (_, dialect) => {
  test("go out each interval; their pongs keep the session alive, and measure latency", async () => {
    await using met = await meet(dialect, { pingInterval: 1_000, pingTimeout: 500 });
    const { clock, peer, session } = met;
    await clock.advance(999);
    for (let latency = 31; latency < 35; latency++) {
      await turns();
      expect(peer.received).toHaveLength(0);
      await clock.advance(1);
      await hearsPing(peer);
      await clock.advance(latency);
      peer.write(pong);
      await until(() => session.latency === latency, "the pong");
      await clock.advance(999 - latency);
    }
    expect(session.signal.aborted).toBe(false);
  });

  test("find a peer that is dead", async () => {
    await using met = await meet(dialect, { pingInterval: 1_000, pingTimeout: 500 });
    await met.clock.advance(1_500);
    const { error, reason } = await met.session.ended;
    expect(error).toBeInstanceOf(PingTimeoutError);
    expect(reason.code).toBe(1011);
  });

  test("are on their way one at a time, and of those that wait only the newest goes", async () => {
    await using met = await meet(dialect, {});
    const { peer, session } = met;
    for (let count = 0; count < 3; count++) await session.send(new Frame.Ping(Uint8Array.of(count)));
    await hearsPing(peer);
    await turns();
    expect(peer.received).toHaveLength(0);
    peer.write(pong);
    await hearsPing(peer);
    await session.send(new Frame.Ping());
    await turns();
    expect(peer.received).toHaveLength(0);
    peer.write(pong);
    await hearsPing(peer);
    peer.write(pong);
    await turns();
    expect(peer.received).toHaveLength(0);
  });
});

test("nobody is blamed for silence while nobody reads", async () => {
  const dialect = { ...plain, readsOnDemand: true };
  await using met = await meet(dialect, {
    pingInterval: 1_000,
    pingTimeout: 500,
    channels: { incoming: bounded({ messages: 1 }) },
  });
  const { clock, peer, session } = met;
  peer.write(Buffer.concat(Array.from({ length: 1_000 }, () => serverFrame(1, "unread"))));
  await turns();
  await clock.advance(10_000);
  expect(session.signal.aborted).toBe(false);
  for (let count = 0; count < 1_000; count++) await session.incoming.receive();
});

test("a pong that nobody asked for cannot be sent", async () => {
  await using met = await meet(plain, {});
  expect(await rejection(met.session.send(new Frame.Pong()))).toBeInstanceOf(UnsupportedCapabilityError);
});
