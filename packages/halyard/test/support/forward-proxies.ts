// SPDX-License-Identifier: Apache-2.0
// Proxies that do what they should: each is a script for a server, which leads every client to the same port.
import { once } from "node:events";
import { connect } from "node:net";
import type { Peer, Script } from "./hostile-server.ts";

/** Puts through what comes from now on, both ways. */
async function lead(peer: Peer, port: number): Promise<void> {
  const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const { socket } = peer;
  server.on("error", () => socket.destroy());
  server.on("close", () => socket.destroy());
  socket.on("close", () => server.destroy());
  await once(server, "connect");
  socket.removeAllListeners("data");
  server.write(peer.received);
  socket.pipe(server).pipe(socket);
}

/** CONNECT. `asked` gets the heads of requests. */
export function connectProxy(port: number, asked: string[], answer = "HTTP/1.1 200 OK\r\n\r\n"): Script {
  return async (peer) => {
    asked.push(await peer.request());
    peer.write(answer);
    await lead(peer, port);
  };
}

/** SOCKS 4 and 4a. `asked` gets the user, and the address or the name. */
export function socks4Proxy(port: number, asked: string[]): Script {
  return async (peer) => {
    const [, , , , ...address] = await peer.bytes(8);
    const texts = [await text(peer)];
    texts.push(address.slice(0, 3).join() === "0,0,0" ? await text(peer) : address.join("."));
    asked.push(texts.join(" "));
    peer.write(Uint8Array.of(0, 0x5a, 0, 0, 0, 0, 0, 0));
    await lead(peer, port);
  };
}

/** SOCKS 5. `asked` gets the credentials, if there are some, and the address or the name. */
export function socks5Proxy(port: number, asked: string[]): Script {
  return async (peer) => {
    const [, count = 0] = await peer.bytes(2);
    const hasCredentials = (await peer.bytes(count)).includes(2);
    peer.write(Uint8Array.of(5, hasCredentials ? 2 : 0));
    const texts: string[] = [];
    if (hasCredentials) {
      await peer.bytes(1);
      texts.push(await counted(peer), await counted(peer));
      peer.write(Uint8Array.of(1, 0));
    }
    const [, , , kind] = await peer.bytes(4);
    texts.push(kind === 3 ? await counted(peer) : [...(await peer.bytes(kind === 1 ? 4 : 16))].join("."));
    await peer.bytes(2);
    asked.push(texts.join(" "));
    peer.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    await lead(peer, port);
  };
}

async function counted(peer: Peer): Promise<string> {
  const [size = 0] = await peer.bytes(1);
  return (await peer.bytes(size)).toString();
}

async function text(peer: Peer): Promise<string> {
  let all = "";
  for (let next = await peer.bytes(1); next[0] !== 0; next = await peer.bytes(1)) all += next.toString();
  return all;
}
