// SPDX-License-Identifier: Apache-2.0
// wss: whom the client believes, what it says before it does, and what can go wrong on the way (TL-01 to TL-09).
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TlsOptions } from "../../src/engines/cio/index.ts";
import { ConnectionError, HandshakeError, TimeoutError, TlsError } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { certificates, type Identity } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import {
  closeFrame,
  type HostileOptions,
  type HostileServer,
  hostileServer,
  type Peer,
  reset,
} from "../support/hostile-server.ts";
import { checkLeaks, turns } from "../support/leaks.ts";
import { socketPath } from "../support/socket-path.ts";

checkLeaks();
afterEach(() => void vi.restoreAllMocks());

const trusted = certificates();
const { ca, good } = trusted;

/** Accepts the handshake and closes as soon as the client has sent a frame. */
async function polite(peer: Peer): Promise<void> {
  await peer.accept();
  await peer.frame();
  peer.end(closeFrame(1000).toString("latin1"));
}

async function secureServer(
  tls: HostileOptions["tls"],
  options: HostileOptions = {},
): Promise<HostileServer> {
  return await hostileServer(polite, { tls: { ...good, ...tls }, ...options });
}

/** Notes something of each connection while it stands: Bun tells little of one that is over. */
async function notingServer<T>(
  noted: T[],
  look: (socket: TLSSocket) => T,
  tls: HostileOptions["tls"],
): Promise<HostileServer> {
  const script = async (peer: Peer): Promise<void> => {
    noted.push(look(peer.socket as TLSSocket));
    await polite(peer);
  };
  return await hostileServer(script, { tls: { ...good, ...tls } });
}

const isReused = (socket: TLSSocket) => socket.isSessionReused();
const protocolOf = (socket: TLSSocket) => socket.getProtocol();

/** Opens and closes a session; gives back the server's side of the connection. */
async function connected(server: HostileServer, tls: TlsOptions, url = server.secureUrl): Promise<TLSSocket> {
  await using client = testClient({}, { tls });
  const end = await (await client.webSocketSession(url)).close();
  expect(end.clean).toBe(true);
  return server.peer.socket as TLSSocket;
}

describe("a server is believed", () => {
  test("when the given authority vouches for its name", async () => {
    const protocols: unknown[] = [];
    await using server = await notingServer(protocols, protocolOf, { ALPNProtocols: ["http/1.1"] });
    const socket = await connected(server, { ca });
    expect(socket.servername).toBe("localhost");
    expect(socket.alpnProtocol).toBe("http/1.1");
    expect(protocols).toEqual(["TLSv1.3"]);
  });

  test("when it vouches for its address, which is not sent as a name (TL-04)", async () => {
    await using server = await secureServer({});
    const socket = await connected(server, { ca }, `wss://127.0.0.1:${server.port}/`);
    expect(socket.servername).toBe(false);
  });

  test("with a final dot, which the name is sent without", async () => {
    await using path = await socketPath();
    await using server = await secureServer({}, { socketPath: path.name });
    await using client = testClient({}, { tls: { ca } });
    await (await client.webSocketSession({ url: "wss://localhost./", socketPath: path.name })).close();
    expect((server.peer.socket as TLSSocket).servername).toBe("localhost");
  });

  test("under another name, when tls.servername says so (TL-04)", async () => {
    await using server = await secureServer(trusted.wrongHost);
    const socket = await connected(server, { ca, servername: "other.test" });
    expect(socket.servername).toBe("other.test");
  });

  test("with no check at all, when rejectUnauthorized is false, of which the process is warned (TL-03)", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    for (const identity of [trusted.selfSigned, trusted.expired, trusted.wrongHost]) {
      await using server = await secureServer(identity);
      await connected(server, { rejectUnauthorized: false });
    }
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("tls.rejectUnauthorized"),
      expect.objectContaining({ code: "HALYARD_TLS_UNVERIFIED" }),
    );
  });

  test("with one of several authorities, given as bytes", async () => {
    await using server = await secureServer({});
    await connected(server, { ca: [trusted.otherCa, new TextEncoder().encode(ca)] });
  });

  test("and shown our certificate, when it asks for one (TL-06)", async () => {
    const names: unknown[] = [];
    const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
    await using server = await notingServer(names, nameOf, { requestCert: true, ca });
    await connected(server, { ca, ...trusted.client });
    expect(names).toEqual(["a client"]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "by the ticket that it gave after it was verified, with %s, and by nobody else",
    async (maxVersion) => {
      const reused: boolean[] = [];
      await using server = await notingServer(reused, isReused, { maxVersion });
      await using client = testClient({}, { tls: { ca } });
      for (let round = 0; round < 3; round++) await (await client.webSocketSession(server.secureUrl)).close();
      await connected(server, { ca });
      expect(reused).toEqual([false, true, true, false]);
    },
  );

  test("at another address only after a check of its own: a ticket is for one name (TL-04)", async () => {
    const reused: boolean[] = [];
    await using server = await notingServer(reused, isReused, {});
    await using client = testClient({}, { tls: { ca } });
    for (const host of ["localhost", "127.0.0.1", "localhost"]) {
      await (await client.webSocketSession(`wss://${host}:${server.port}/`)).close();
    }
    expect(reused).toEqual([false, false, true]);
  });

  test("with TLS 1.2 when it has no more", async () => {
    const protocols: unknown[] = [];
    await using server = await notingServer(protocols, protocolOf, { maxVersion: "TLSv1.2" });
    await connected(server, { ca });
    expect(protocols).toEqual(["TLSv1.2"]);
  });
});

describe("a server is refused, and told nothing of the request (TL-01)", () => {
  test.each<[what: string, identity: Identity, tls: TlsOptions, reason: string, message: RegExp]>([
    ["of an unknown authority", good, {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", /tls\.ca/],
    ["of another authority", good, { ca: trusted.otherCa }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", /tls\.ca/],
    ["of no authority", trusted.selfSigned, { ca }, "DEPTH_ZERO_SELF_SIGNED_CERT", /tls\.ca/],
    ["with another name", trusted.wrongHost, { ca }, "ERR_TLS_CERT_ALTNAME_INVALID", /tls\.servername/],
    [
      "with an address instead of the name",
      trusted.addressOnly,
      { ca },
      "ERR_TLS_CERT_ALTNAME_INVALID",
      /name/,
    ],
    ["with an expired certificate", trusted.expired, { ca }, "CERT_HAS_EXPIRED", /must be renewed/],
    ["with one for later", trusted.notYetValid, { ca }, "CERT_NOT_YET_VALID", /not yet valid/],
    ["with one for clients", trusted.client, { ca }, "INVALID_PURPOSE", /purpose/],
    [
      "without the demanded name",
      good,
      { ca, servername: "x.test" },
      "ERR_TLS_CERT_ALTNAME_INVALID",
      /x\.test/,
    ],
  ])("%s", async (_, identity, tls, reason, message) => {
    await using server = await secureServer(identity);
    await using client = testClient({}, { tls });
    const error = await failure(client.webSocketSession(`${server.secureUrl}?token=secret`), TlsError);
    await server.abandoned();
    expect(error).toMatchObject({
      code: "ERR_HALYARD_TLS",
      phase: "tls",
      reason,
      url: `${server.secureUrl}?...`,
      message: expect.stringMatching(message) as string,
    });
    expect(error.message).toMatch(/^cannot establish TLS with wss:/);
    await turns();
    for (const peer of server.peers) {
      expect(peer.size).toBe(0);
      // The script waits for a request that must never come.
      await peer.gone();
    }
    server.failures.length = 0;
  });

  test("whose certificate is for a name, by its address", async () => {
    await using server = await secureServer(trusted.nameOnly);
    await using client = testClient({}, { tls: { ca } });
    const error = await failure(client.webSocketSession(`wss://127.0.0.1:${server.port}/`), TlsError);
    await server.abandoned();
    expect(error.reason).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    await turns();
    server.failures.length = 0;
  });

  test.each<[what: string, tls: HostileOptions["tls"], client: TlsOptions]>([
    [
      "that has only TLS 1.1 (TL-05)",
      { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" },
      {},
    ],
    ["without a version in common", { maxVersion: "TLSv1.2" }, { minVersion: "TLSv1.3" }],
    ["that speaks only HTTP/2", { ALPNProtocols: ["h2"] }, {}],
    ["that demands a certificate, with TLS 1.2", { requestCert: true, ca, maxVersion: "TLSv1.2" }, {}],
  ])("%s", async (_, tls, options) => {
    await using server = await secureServer(tls);
    await using client = testClient({}, { tls: { ca, ...options } });
    const error = await failure(client.webSocketSession(server.secureUrl), TlsError);
    await server.abandoned();
    expect(error).toMatchObject({
      phase: "tls",
      reason: expect.stringMatching(/^(ERR_SSL_|EPROTO)/) as string,
    });
    expect(server.peers).toHaveLength(0);
  });

  test("that demands a certificate, with TLS 1.3, which tells it behind the handshake (TL-06)", async () => {
    await using server = await secureServer({ requestCert: true, ca });
    await using client = testClient({}, { tls: { ca } });
    const error = await failure(client.webSocketSession(server.secureUrl), TlsError);
    await server.abandoned();
    expect(error).toMatchObject({ reason: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
    expect(error.message).toMatch(/tls\.cert/);
    expect(server.peers).toHaveLength(0);
  });
});

describe("something else than TLS (TL-07)", () => {
  test.each<[what: string, script: (peer: Peer) => unknown]>([
    ["plain HTTP", (peer) => peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")],
    ["garbage", (peer) => peer.write("\x16\x03\x03\xff\xff garbage")],
    ["an alert", (peer) => peer.write("\x15\x03\x03\x00\x02\x02\x28")],
  ])("%s is a TlsError", async (_, script) => {
    await using server = await hostileServer(script);
    await using client = testClient({}, { tls: { ca } });
    const error = await failure(client.webSocketSession(server.secureUrl), TlsError);
    await server.abandoned();
    expect(error.phase).toBe("tls");
    // OpenSSL's own text is a line of addresses and source files.
    expect(error.message).toMatch(/^[^\n]{20,150}$/);
  });

  test.each<[what: string, script: (peer: Peer) => unknown]>([
    ["FIN", (peer) => peer.end()],
    ["RST", (peer) => peer.bytes(5).then(() => peer.reset())],
    ["FIN after the greeting", (peer) => peer.bytes(5).then(() => peer.end())],
  ])("%s is a ConnectionError", async (_, script) => {
    await using server = await hostileServer(script);
    await using client = testClient({}, { tls: { ca } });
    const error = await failure(client.webSocketSession(server.secureUrl), ConnectionError);
    await server.abandoned();
    expect(error).toMatchObject({ code: "ERR_HALYARD_CONNECTION", phase: "tls", url: server.secureUrl });
  });

  test.each<[where: string, options: HostileOptions, phase: string]>([
    ["during TLS", {}, "tls"],
    ["after TLS", { tls: good }, "upgrade"],
  ])("silence %s ends at the deadline", async (_, options, phase) => {
    await using server = await hostileServer(() => undefined, options);
    await using client = testClient({ handshakeTimeout: 400 }, { tls: { ca } });
    const error = await failure(client.webSocketSession(server.secureUrl), TimeoutError);
    await server.abandoned();
    expect(error).toMatchObject({ phase, milliseconds: 400, url: server.secureUrl });
  });
});

describe("behind TLS", () => {
  test("a refusal is told as without", async () => {
    await using server = await hostileServer(
      async (peer) => {
        await peer.request();
        peer.write("HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope");
      },
      { tls: good },
    );
    await using client = testClient({}, { tls: { ca } });
    const error = await failure(client.webSocketSession(server.secureUrl), HandshakeError);
    await server.abandoned();
    expect(error).toMatchObject({ status: 403, body: "nope", phase: "upgrade" });
  });

  test("what a block throws is the caller's, as without", async () => {
    await using server = await hostileServer((peer) => peer.accept(), { tls: good });
    await using client = testClient({}, { tls: { ca } });
    const error = new Error("of the block");
    const block = client.wss(server.secureUrl, () => Promise.reject(error));
    expect(await failure(block, Error)).toBe(error);
  });

  /** Ends the bare connection in the middle of a message. */
  async function truncated(act: (socket: Socket) => void): Promise<ConnectionError> {
    let bare: Socket | undefined;
    await using server = await hostileServer(
      (peer) => peer.accept(Buffer.from("\x81\x02hi\x81\x20half", "latin1")),
      { tls: good, onConnection: (socket) => (bare = socket) },
    );
    await using client = testClient({}, { tls: { ca } });
    const session = await client.webSocketSession(server.secureUrl);
    expect((await session.incoming.receive()).data).toHaveLength(2);
    if (bare !== undefined) act(bare);
    const error = await failure(session.incoming.receive(), ConnectionError);
    await server.abandoned();
    expect(await session.ended).toMatchObject({
      clean: false,
      reason: { code: 1006 },
      initiator: "peer",
      error,
    });
    return error;
  }

  test("FIN without a farewell inside a message is 1006, and gives nothing of it (TL-08)", async () => {
    await truncated((socket) => socket.destroy());
  });

  test("RST inside a message, too", async () => {
    await truncated(reset);
  });

  test("garbage instead of a record is a TlsError, and ends the connection (TL-09)", async () => {
    expect(await truncated((socket) => socket.write("this is no record of TLS"))).toBeInstanceOf(TlsError);
  });

  test("large messages pass both ways, and many small ones", async () => {
    await using server = new WebSocketServer({ tls: good }).webSocket("/echo", async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    });
    const { url, port } = await server.listen();
    expect(url).toMatch(/^wss:/);
    await using client = testClient({}, { tls: { ca } });
    const request = { url: "/echo", host: "localhost", port };
    const sizes = await client.wss(request, async (session) => {
      const payloads = [3 << 20, ...Array.from({ length: 500 }, (_, at) => at)].map(
        (size) => new Uint8Array(size),
      );
      void (async () => {
        for (const payload of payloads) await session.send(payload);
      })();
      const received: number[] = [];
      while (received.length < payloads.length) received.push((await session.incoming.receive()).data.length);
      return received;
    });
    expect(sizes).toEqual([3 << 20, ...Array.from({ length: 500 }, (_, at) => at)]);
  });

  test("a Unix socket changes nothing about who is verified", async () => {
    await using path = await socketPath();
    await using server = await hostileServer(polite, { tls: trusted.addressOnly, socketPath: path.name });
    await using client = testClient({}, { tls: { ca } });
    const session = await client.webSocketSession({ url: "wss://127.0.0.1/", socketPath: path.name });
    expect((await session.close()).clean).toBe(true);
    const error = await failure(
      client.webSocketSession({ url: "wss://localhost/", socketPath: path.name }),
      TlsError,
    );
    await server.abandoned();
    expect(error.reason).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    await turns();
    server.failures.length = 0;
  });
});
