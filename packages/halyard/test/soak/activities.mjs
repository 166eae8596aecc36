// SPDX-License-Identifier: Apache-2.0
// What the client does in each cycle, all at once. Each of them has one outcome, and throws when there is another.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionEvents, Frame, HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { deflate } from "halyard/deflate";

/**
 * @typedef {object} Surroundings
 * @property {Record<"plain" | "plainHttp2" | "tls" | "faulty", number>} ports
 * @property {string} ca
 * @property {string} otherCa
 * @property {AbortSignal} signal which is given to everything, and never aborts
 * @property {Clients} clients
 * @property {(session: import("halyard").WebSocketSession) => void} seen is told of each session
 *
 * @typedef {Record<"plain" | "quiet" | "compressing" | "http2" | "plainHttp2" | "few", HttpClient>} Clients
 */

const abortReason = new Error("enough");
const KiB = 2 ** 10;
// Long ones: it is not the machine that is tried.
const config = { closeTimeout: 30_000, handshakeTimeout: 30_000 };

/** Clients that live as long as the run. @param {string} ca @returns {Clients} */
export function longLived(ca) {
  const compressing = { ...config, extensions: [deflate({ threshold: 0 })] };
  return {
    plain: new HttpClient(Cio, { tls: { ca } }).install(WebSockets, { ...config, pingInterval: 5 }),
    quiet: new HttpClient(Cio).install(WebSockets, { ...config, pingInterval: 0 }),
    compressing: new HttpClient(Cio, { tls: { ca } }).install(WebSockets, compressing),
    http2: new HttpClient(Cio, { tls: { ca }, http2: "prefer" }).install(WebSockets, compressing),
    plainHttp2: new HttpClient(Cio, { http2: "require" }).install(WebSockets, config),
    few: new HttpClient(Cio, { maxConnections: 2 }).install(WebSockets, config),
  };
}

/** @type {Record<string, (around: Surroundings) => Promise<void>>} */
export const activities = {
  "echo over TCP": (around) => echo(around, "plain", url(around, "plain", "/echo")),
  "echo over TLS": (around) => echo(around, "plain", url(around, "tls", "/echo")),
  "echo, compressed": (around) => echo(around, "compressing", url(around, "plain", "/echo")),
  "echo, compressed, over TLS": (around) => echo(around, "compressing", url(around, "tls", "/echo")),
  "echo over HTTP/2 and TLS": (around) => echo(around, "http2", url(around, "tls", "/echo")),
  "echo over HTTP/2": (around) => echo(around, "plainHttp2", url(around, "plainHttp2", "/echo")),
  "more connections than are allowed": async (around) => {
    await Promise.all([1, 2, 3, 4].map(() => echo(around, "few", url(around, "plain", "/echo"))));
  },
  "a message in parts": async (around) => {
    const session = await open(around, "compressing", url(around, "plain", "/size"));
    await session.send(parts(16, 16 * KiB));
    assert.equal((await session.incoming.receive()).readText(), String(256 * KiB));
    await closes(session, 1000);
  },
  "a client of its own": async (around) => {
    const client = new HttpClient(Cio, { tls: { ca: around.ca } }).install(WebSockets, config);
    const session = await client.webSocketSession(url(around, "tls", "/idles"));
    around.seen(session);
    await client.close();
    assert.equal((await session.closeReason).code, 1001);
  },
  "the server closes": async (around) => {
    const session = await open(around, "plain", url(around, "plain", "/closes"));
    for await (const _ of session.incoming) assert.fail("nothing was sent");
    assert.equal((await session.closeReason).code, 4000);
  },
  "both close": async (around) => {
    const session = await open(around, "plain", url(around, "tls", "/closes"));
    assert.equal((await session.close()).clean, true);
  },
  "the server drops the connection": async (around) => {
    const session = await open(around, "compressing", url(around, "plain", "/drops"));
    await session.send("now");
    await assert.rejects(session.incoming.receive(), { code: "ERR_HALYARD_CONNECTION" });
    assert.equal((await session.closeReason).code, 1006);
  },
  "the server's handler throws": async (around) => {
    const session = await open(around, "plain", url(around, "plain", "/throws"));
    assert.equal((await session.closeReason).code, 1011);
  },
  "a slow reader that leaves": async (around) => {
    const session = await open(around, "compressing", url(around, "plain", "/pours"));
    for (let count = 0; count < 20; count++) {
      await session.incoming.receive();
      await delay(1);
    }
    session.cancel();
    await session.ended;
  },
  "a slow reader that closes": async (around) => {
    const session = await open(around, "plain", url(around, "tls", "/pours"));
    await session.incoming.receive();
    await closes(session, 1000);
  },
  "receive is aborted": async (around) => {
    const session = await open(around, "plain", url(around, "plain", "/idles"));
    for (let count = 0; count < 20; count++) {
      const controller = new AbortController();
      const receiving = assert.rejects(session.incoming.receive({ signal: controller.signal }), abortReason);
      controller.abort(abortReason);
      await receiving;
    }
    await assert.rejects(session.incoming.receive({ signal: AbortSignal.timeout(1) }), {
      name: "TimeoutError",
    });
    await closes(session, 1000);
  },
  "send is aborted": async (around) => {
    const session = await open(around, "plain", url(around, "plain", "/idles"));
    const message = new Frame.Binary(new Uint8Array(256 * KiB));
    const controller = new AbortController();
    const { signal } = controller;
    const sending = async () => {
      for (;;) await session.outgoing.send(message, { signal });
    };
    setTimeout(() => controller.abort(abortReason), 20);
    await assert.rejects(sending, abortReason);
    session.cancel();
    await session.ended;
  },
  "the session is aborted": (around) =>
    abortedOpen(around, url(around, "plain", "/idles"), (session) => session.incoming.receive()),
  "the session is aborted while it closes": (around) =>
    abortedOpen(around, url(around, "faulty", "/no-close"), (session) => {
      void session.close();
      return session.incoming.receive();
    }),
  "aborted before anything": (around) => aborted(around, "started", url(around, "plain", "/echo")),
  "aborted while the name is resolved": (around) =>
    aborted(around, "dns", url(around, "plain", "/echo", "localhost")),
  "aborted while it connects": (around) => aborted(around, "connect", url(around, "plain", "/echo")),
  "aborted during TLS": (around) => aborted(around, "tls", url(around, "tls", "/echo")),
  "aborted during the upgrade": (around) => aborted(around, "upgrade", url(around, "faulty", "/mute")),
  "aborted during the upgrade over HTTP/2": (around) =>
    aborted(around, "upgrade", url(around, "tls", "/echo"), { http2: "require" }),
  "a server that is silent": (around) =>
    refused(around, { url: url(around, "faulty", "/mute"), timeout: 50 }, { code: "ERR_HALYARD_TIMEOUT" }),
  "a server that resets": (around) =>
    refused(around, url(around, "faulty", "/reset"), { code: "ERR_HALYARD_CONNECTION", phase: "upgrade" }),
  // Linux tells of the reset, or of an end behind what was written before it.
  "a server that resets within its answer": (around) =>
    refused(around, url(around, "faulty", "/half"), {
      code: /^ERR_HALYARD_(?:HANDSHAKE|CONNECTION)$/,
      phase: "upgrade",
    }),
  "a server that talks nonsense": (around) =>
    refused(around, url(around, "faulty", "/garbage"), { code: "ERR_HALYARD_HANDSHAKE" }),
  "a server that refuses": (around) =>
    refused(around, url(around, "faulty", "/refused"), { code: "ERR_HALYARD_HANDSHAKE", status: 403 }),
  "a path that is not served": (around) =>
    refused(around, url(around, "plain", "/nothing"), { code: "ERR_HALYARD_HANDSHAKE", status: 404 }),
  "a port where nobody listens": (around) =>
    refused(around, "ws://127.0.0.1:1/", { code: "ERR_HALYARD_CONNECTION", phase: "connect" }),
  "a server that is not trusted": async (around) => {
    const { otherCa } = around;
    const client = new HttpClient(Cio, { tls: { ca: otherCa } }).install(WebSockets, config);
    await assert.rejects(client.webSocketSession(url(around, "tls", "/echo")), { code: "ERR_HALYARD_TLS" });
    await client.close();
  },
  "a frame that is none": (around) => fails(around, "/bad-frame", "ERR_HALYARD_PROTOCOL_VIOLATION", 1002),
  "a compressed message that is none": (around) =>
    fails(around, "/bad-deflate", "ERR_HALYARD_PROTOCOL_VIOLATION", 1007),
  "a reset within a frame": (around) => fails(around, "/mid-frame", "ERR_HALYARD_CONNECTION", 1006),
  "an end without a Close frame": (around) => fails(around, "/eof", "ERR_HALYARD_CONNECTION", 1006),
  "a Close frame that nobody answers": async (around) => {
    const session = await open(around, "plain", url(around, "faulty", "/no-close"));
    const { clean, error } = await session.close(undefined, { timeout: 30 });
    assert.equal(clean, false);
    assert.equal(error?.code, "ERR_HALYARD_TIMEOUT");
  },
  "a Close frame and the end in one": async (around) => {
    const session = await open(around, "plain", url(around, "faulty", "/closes"));
    assert.equal((await session.closeReason).code, 1000);
    await session.ended;
  },
  "a client that resets before its request is whole": ({ ports }) =>
    rawClient(ports.plain, "GET /echo HTTP/1.1\r\n"),
  "a client that resets during TLS": ({ ports }) => rawClient(ports.tls, "\x16\x03\x01\x00\xff\x01"),
  "a client that resets within HTTP/2": ({ ports }) =>
    rawClient(ports.plainHttp2, "PRI * HTTP/2.0\r\n\r\nSM"),
  "a client that resets within a frame": ({ ports }) =>
    rawClient(ports.plain, upgrade("/echo"), "\x82\xff\0\0"),
  "a client that breaks the protocol": ({ ports }) =>
    rawClient(ports.plain, upgrade("/echo"), "\x83\x80\0\0\0\0"),
};

/** @param {Surroundings} around @param {keyof Surroundings["ports"]} server */
function url({ ports }, server, path, host = "127.0.0.1") {
  return `${server === "tls" ? "wss" : "ws"}://${host}:${ports[server]}${path}`;
}

/** @param {Surroundings} around @param {keyof Clients} client @param {string} to */
async function open({ clients, signal, seen }, client, to) {
  const session = await clients[client].webSocketSession({ url: to, signal });
  seen(session);
  return session;
}

async function closes(session, code) {
  const { reason } = await session.close();
  assert.equal(reason.code, code);
}

/** Messages of all sizes, to and fro. */
async function echo(around, client, to) {
  const session = await open(around, client, to);
  for (const size of [0, 5, 126, 4 * KiB, 100 * KiB]) {
    const text = "halyard ".repeat(size / 8);
    await session.send(text);
    assert.equal((await session.incoming.receive()).readText(), text);
  }
  await closes(session, 1000);
}

async function* parts(count, size) {
  for (let at = 0; at < count; at++) {
    await delay(1);
    yield new Uint8Array(size).fill(at);
  }
}

/** Aborts when a phase begins. */
async function aborted({ ca }, phase, to, engine = {}) {
  const controller = new AbortController();
  const listener = (event) => {
    if (event.type === phase || (event.type === "phaseStarted" && event.phase === phase))
      controller.abort(abortReason);
  };
  const client = new HttpClient(Cio, { tls: { ca }, ...engine })
    .install(WebSockets, config)
    .install(ConnectionEvents, { listener });
  await assert.rejects(client.webSocketSession({ url: to, signal: controller.signal }), abortReason);
  await client.close();
}

async function abortedOpen({ clients, seen }, to, use) {
  const controller = new AbortController();
  const session = await clients.plain.webSocketSession({ url: to, signal: controller.signal });
  seen(session);
  const using = assert.rejects(use(session), abortReason);
  setTimeout(() => controller.abort(abortReason), 5);
  await using;
  await session.ended;
}

async function refused({ clients, signal }, request, wanted) {
  const options = typeof request === "string" ? { url: request } : request;
  await assert.rejects(clients.plain.webSocketSession({ ...options, signal }), wanted);
}

async function fails(around, path, error, code) {
  const session = await open(around, "compressing", url(around, "faulty", path));
  await assert.rejects(session.incoming.receive(), { code: error });
  const { reason } = await session.ended;
  assert.equal(reason.code, code);
}

function upgrade(path) {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
  );
}

/** Sends what it is given, the second part once something has come for the first, and resets the connection. */
async function rawClient(port, first, second) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const isClosed = once(socket, "close");
  socket.write(first, "latin1");
  if (second !== undefined) {
    await once(socket, "data");
    socket.write(second, "latin1");
  }
  setTimeout(() => socket.resetAndDestroy(), 5);
  await isClosed;
}
