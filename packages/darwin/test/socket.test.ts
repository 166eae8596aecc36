// SPDX-License-Identifier: Apache-2.0
// The socket of a task, used by hand: what a session would do only at an unlucky moment.
import { CloseReason, type EngineRequest } from "halyard";
import type { MessageListener, MessageSocket, MessageTransport, Opening } from "halyard/engine";
import { VirtualClock } from "halyard/testing";
import { expect, test } from "vitest";
import { hostileServer, type Peer, serverFrame } from "../../halyard/test/support/hostile-server.ts";
import { turns, until } from "../../halyard/test/support/leaks.ts";
import { DarwinBinding } from "../src/darwin-binding.ts";
import { resolveOptions } from "../src/options.ts";
import { type Dialect, plain } from "./foundation/dialect.ts";
import { foundationDouble } from "./foundation/foundation.ts";

/** An open socket, what its listener hears, and its peer, which has said what it is to say. */
async function meet(says: Buffer, dialect: Dialect = plain) {
  const peers: Peer[] = [];
  const server = await hostileServer(async (peer) => {
    await peer.accept(says);
    peers.push(peer);
  });
  const clock = new VirtualClock();
  const double = foundationDouble({ dialect });
  const binding = new DarwinBinding(resolveOptions({ binding: double.foundation, clock }));
  const heard: string[] = [];
  const sockets: MessageSocket[] = [];
  const listener: MessageListener = {
    message: (content) => heard.push(String(content)),
    closed: (code) => heard.push(`closed ${code}`),
    failed: () => heard.push("failed"),
  };
  const opening: Opening = {
    attempt: { signal: new AbortController().signal, onAbort: () => undefined, entered: () => undefined },
    safeUrl: server.url,
    listen: (socket) => {
      sockets.push(socket);
      return listener as MessageTransport;
    },
  };
  const request = { url: new URL(server.url), headers: [], subprotocols: [] };
  await binding.connect(request as unknown as EngineRequest, opening);
  await until(() => peers.length > 0, "the peer");
  return {
    clock,
    double,
    heard,
    listener,
    peer: peers[0] as Peer,
    socket: sockets[0] as MessageSocket,
    async [Symbol.asyncDispose]() {
      await binding.close();
      await server[Symbol.asyncDispose]();
      expect(double.misuses).toEqual([]);
    },
  };
}

const bye = serverFrame(8, Uint8Array.of(3, 232));

test("a pause while a receive waits, and the end of it, do not make it two", async () => {
  await using met = await meet(Buffer.alloc(0));
  const { socket, peer, heard } = met;
  socket.pause?.();
  socket.resume?.();
  socket.resume?.();
  peer.write(serverFrame(1, "a"));
  await until(() => heard.length > 0, "the message");
  expect(heard).toEqual(["a"]);
});

test("nothing is received behind our close", async () => {
  await using met = await meet(serverFrame(1, "a"));
  const { socket, peer, heard, listener } = met;
  Object.assign(listener, { message: () => socket.pause?.() });
  await turns();
  socket.close(new CloseReason(1000));
  socket.resume?.();
  await peer.frame();
  peer.write(bye);
  await until(() => heard.length > 0, "the end");
  expect(heard).toEqual(["closed 1000"]);
});

test("an end that is told waits for as long as messages before it come", async () => {
  const texts = ["a", "b", "c", "d", "e"];
  const says = Buffer.concat([...texts.map((text) => serverFrame(1, text)), bye]);
  await using met = await meet(says, { ...plain, endOvertakes: true });
  const { clock, heard, listener } = met;
  // Each takes its time.
  Object.assign(listener, {
    message(content: string) {
      heard.push(content);
      void clock.advance(200);
    },
  });
  await until(() => heard.includes("closed 1000"), "the end");
  expect(heard).toEqual([...texts, "closed 1000"]);
});

test("a socket that is dropped ends its connection, tells nothing more, and leaves no timer", async () => {
  await using met = await meet(Buffer.alloc(0));
  const { socket, double, peer, heard, clock } = met;
  socket.ping?.(new Uint8Array(0));
  socket.send("never heard of");
  socket.drop();
  socket.drop();
  expect(double.activeTasks).toBe(0);
  await peer.gone();
  await turns();
  expect([heard, clock.pending]).toEqual([[], 0]);
});
