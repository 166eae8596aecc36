// SPDX-License-Identifier: Apache-2.0
// What a handshake is made of on Darwin, and the errors of those that fail.
import { createServer } from "node:net";
import {
  ClientClosedError,
  ConnectionError,
  HandshakeError,
  HttpClient,
  InvalidArgumentError,
  TimeoutError,
  TlsError,
  UnsupportedCapabilityError,
  unlimited,
  WebSockets,
} from "halyard";
import { describe, expect, test } from "vitest";
import { certificates } from "../../halyard/test/support/certificates.ts";
import { failure, rejection } from "../../halyard/test/support/clients.ts";
import { hostileServer, type Peer } from "../../halyard/test/support/hostile-server.ts";
import { until } from "../../halyard/test/support/leaks.ts";
import { Darwin, type DarwinOptions, DarwinRequestError } from "../src/index.ts";
import { dialects } from "./foundation/dialect.ts";
import { foundationDouble } from "./foundation/foundation.ts";
import { darwinClient } from "./support.ts";

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function secure({ url }: { readonly url: string }): string {
  return url.replace(/^ws:/, "wss:");
}

/** The request that a server gets of a session that is opened and closed. */
async function requestOf(options: DarwinOptions, request: object = {}): Promise<string> {
  let head = "";
  await using server = await hostileServer(async (peer) => {
    head = await peer.accept(undefined, "Sec-WebSocket-Protocol: b\r\n");
  });
  await using darwin = darwinClient({ options });
  const session = await darwin.client.webSocketSession({
    url: `${server.url}a%20b?c=d&e`,
    subprotocols: ["a", "b"],
    ...request,
  });
  expect(session.subprotocol).toBe("b");
  expect(session.call.response.status).toBe(101);
  expect(session.call.response.headers.get("upgrade")).toBe("websocket");
  session.cancel();
  return head;
}

describe("the request", () => {
  test("has path, query, offer and headers, and no cookies of the app", async () => {
    const head = await requestOf({}, { headers: { "X-Team": "red", "x-many": ["1", "2"], cookie: "own=1" } });
    expect(head.split("\r\n")[0]).toBe("GET /a%20b?c=d&e HTTP/1.1");
    expect(head).toMatch(/^Sec-WebSocket-Protocol: a, b\r$/m);
    expect(head).toMatch(/^X-Team: red\r$/im);
    expect(head).toMatch(/^x-many: 1, 2\r$/im);
    expect(head).toMatch(/^cookie: own=1\r$/im);
    expect(head).not.toContain("device");
  });

  test.each<[string, Record<string, string>]>([
    ["of the handshake", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" }],
    ["that is the plugin's", { "sec-websocket-protocol": "a" }],
    ["with a line break", { "X-Team": "red\r\nX-Other: blue" }],
    ["that has no name", { "": "red" }],
    ["with a line break in its name", { "X-Team: red\r\nX-Other": "blue" }],
  ])("has no header %s", async (_, headers) => {
    await using darwin = darwinClient();
    const opening = darwin.client.webSocketSession({ url: "ws://127.0.0.1:1/", headers });
    expect(await rejection(opening)).toBeInstanceOf(InvalidArgumentError);
  });

  test("is what configureSession and configureRequest make of it, in one session of the engine", async () => {
    const sessions: unknown[] = [];
    const options: DarwinOptions = {
      configureSession(configuration) {
        sessions.push(configuration);
        configuration.HTTPCookieStorage = {};
      },
      configureRequest: (request) => request.setValueForHTTPHeaderField("yes", "X-Configured"),
    };
    const head = await requestOf(options);
    expect(head).toMatch(/^X-Configured: yes\r$/im);
    expect(head).toMatch(/^Cookie: of=the device\r$/im);
    expect(sessions).toHaveLength(1);
  });

  test.each(["configureSession", "configureRequest"] as const)("fails with what %s throws", async (name) => {
    const thrown = new Error("of the program");
    await using darwin = darwinClient({
      options: {
        [name]: () => {
          throw thrown;
        },
      },
    });
    const error = await failure(darwin.client.webSocketSession("ws://127.0.0.1:1/?secret"), HandshakeError);
    expect(error.cause).toBe(thrown);
    expect(error.message).not.toContain("secret");
  });
});

test("all connections of an engine are tasks of one session", async () => {
  await using server = await hostileServer((peer) => peer.accept());
  await using darwin = darwinClient();
  for (let count = 0; count < 3; count++) (await darwin.client.webSocketSession(server.url)).cancel();
  expect(darwin.double.sessions).toHaveLength(1);
});

describe.each(dialects)("a handshake that fails, %s", (_, dialect) => {
  test.each([
    ["a refusal", "HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 0\r\n\r\n", 403],
    ["a challenge of HTTP", "HTTP/1.1 401 Unauthorized\r\nX-Why: no\r\nWWW-Authenticate: Basic\r\n\r\n", 401],
    ["a redirect", "HTTP/1.1 302 Found\r\nX-Why: no\r\nLocation: /other\r\n\r\n", 302],
  ])("by %s tells status and headers", async (__, answer, status) => {
    let requests = 0;
    await using server = await hostileServer(async (peer) => {
      requests++;
      await peer.request();
      peer.write(answer);
    });
    await using darwin = darwinClient({ dialect });
    const error = await failure(darwin.client.webSocketSession(`${server.url}?secret`), HandshakeError);
    expect([error.status, error.headers?.get("x-why"), error.phase]).toEqual([status, "no", "upgrade"]);
    expect(error.message).not.toContain("secret");
    // Nobody has gone where the redirect leads.
    expect(requests).toBe(1);
  });

  test("by a refusal whose headers nobody can hold", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.request();
      peer.write("HTTP/1.1 403 Forbidden\r\nX Y: 1\r\nX-Odd: \x01\r\nX-Why: no\r\n\r\n");
    });
    await using darwin = darwinClient({ dialect });
    const error = await failure(darwin.client.webSocketSession(server.url), HandshakeError);
    expect([...(error.headers ?? [])]).toEqual([["x-why", "no"]]);
  });

  test("by an answer that is none", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.request();
      peer.write("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: nonsense\r\n\r\n");
    });
    await using darwin = darwinClient({ dialect });
    const opening = darwin.client.webSocketSession(server.url);
    expect(await rejection(opening)).toBeInstanceOf(HandshakeError);
  });

  test("by an end of the connection", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.request();
      peer.end();
    });
    await using darwin = darwinClient({ dialect });
    const error = await failure(darwin.client.webSocketSession(server.url), ConnectionError);
    expect([error.phase, (error.cause as DarwinRequestError).code]).toEqual(["upgrade", -1005]);
  });

  test("in time, since nobody answers", async () => {
    await using server = await hostileServer((peer) => peer.request());
    await using darwin = darwinClient({ dialect, config: { handshakeTimeout: 50 } });
    expect(await rejection(darwin.client.webSocketSession(server.url))).toBeInstanceOf(TimeoutError);
    await until(() => server.peers[0]?.isGone === true, "the end of the attempt");
  });
});

describe("a connection that fails", () => {
  test("because nobody listens", async () => {
    await using darwin = darwinClient();
    const port = await freePort();
    const error = await failure(darwin.client.webSocketSession(`ws://127.0.0.1:${port}/`), ConnectionError);
    expect(error.phase).toBe("connect");
    expect(error.message).toContain("check host and port");
    expect(error.cause).toBeInstanceOf(DarwinRequestError);
    expect(error.cause).toMatchObject({ domain: "NSURLErrorDomain", code: -1004 });
  });

  test("because there is no such name", async () => {
    await using darwin = darwinClient();
    const error = await failure(darwin.client.webSocketSession("ws://nowhere.invalid/"), ConnectionError);
    expect(error.phase).toBe("dns");
  });
});

/** Accepts a connection on which there is a request; there is none where TLS has failed. */
async function acceptIfAsked(peer: Peer): Promise<void> {
  await until(() => peer.isGone || peer.size > 0, "a request, or the end");
  if (peer.size > 0) await peer.accept();
}

test("a connection that is being opened when the engine is closed says so", async () => {
  await using server = await hostileServer((peer) => peer.request());
  await using darwin = darwinClient();
  const opening = rejection(darwin.client.webSocketSession(server.url));
  await until(() => (server.peers[0]?.size ?? 0) > 0, "the request");
  await darwin.client.engine.close();
  expect(await opening).toBeInstanceOf(ClientClosedError);
});

describe("TLS", () => {
  const { ca, good, wrongHost, expired, selfSigned } = certificates();

  test("opens where the system trusts the certificate", async () => {
    await using server = await hostileServer(acceptIfAsked, { tls: good });
    await using darwin = darwinClient({ anchors: [ca] });
    const session = await darwin.client.webSocketSession(secure(server));
    expect(session.call.response.status).toBe(101);
    session.cancel();
  });

  test.each([
    ["of an unknown authority", good, []],
    ["for another host", wrongHost, [ca]],
    ["that has expired", expired, [ca]],
    ["that signs itself", selfSigned, [ca]],
  ])("refuses a certificate %s", async (_, tls, anchors) => {
    await using server = await hostileServer(acceptIfAsked, { tls });
    await using darwin = darwinClient({ anchors });
    const error = await failure(darwin.client.webSocketSession(secure(server)), TlsError);
    expect([error.phase, error.reason]).toEqual(["tls", "NSURLErrorServerCertificateUntrusted"]);
    expect(server.peers.every(({ size }) => size === 0)).toBe(true);
  });

  test("refuses a server that does not speak it", async () => {
    await using server = await hostileServer((peer) => peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await using darwin = darwinClient();
    const opening = darwin.client.webSocketSession(secure(server));
    expect(await rejection(opening)).toBeInstanceOf(TlsError);
  });

  /** What comes of a session whose challenge is answered so. */
  async function challenged(
    handle: (
      challenge: Parameters<Required<DarwinOptions>["handleChallenge"]>[2],
      answer: Parameters<Required<DarwinOptions>["handleChallenge"]>[3],
      trust: (serverTrust: object) => object,
    ) => void | Promise<void>,
    anchors: readonly string[] = [],
  ): Promise<unknown> {
    await using server = await hostileServer(acceptIfAsked, { tls: good });
    const double = foundationDouble({ anchors });
    const client = new HttpClient(Darwin, {
      binding: double.foundation,
      handleChallenge: (_session, task, challenge, answer) => {
        expect(task.taskIdentifier).toBe(1);
        return handle(challenge, answer, (trust) => double.NSURLCredential.credentialForTrust(trust));
      },
    }).install(WebSockets, { handshakeTimeout: 300 });
    const outcome = await client.webSocketSession(secure(server)).then(
      (session) => {
        session.cancel();
        return session.subprotocol;
      },
      (error: unknown) => error,
    );
    await client.close();
    expect(double.misuses).toEqual([]);
    expect(double.activeTasks).toBe(0);
    return outcome;
  }

  test("is what the handler makes of it: a certificate that only it trusts", async () => {
    const outcome = await challenged(({ protectionSpace }, answer, trust) => {
      expect(protectionSpace.authenticationMethod).toBe("NSURLAuthenticationMethodServerTrust");
      expect(protectionSpace.host).toBe("127.0.0.1");
      answer(0, trust(protectionSpace.serverTrust as object));
    });
    expect(outcome).toBe("");
  });

  test("is what the system does when the handler says so", async () => {
    expect(await challenged((_, answer) => answer(1, null), [ca])).toBe("");
    expect(await challenged((_, answer) => answer(1, null))).toBeInstanceOf(TlsError);
  });

  test("is not when the handler gives it up, though the system trusts", async () => {
    const error = await challenged((_, answer) => answer(2, null), [ca]);
    expect(error).toBeInstanceOf(TlsError);
    expect((error as Error).message).toContain("a challenge gave up the connection");
  });

  test.each([
    ["throws", false],
    ["rejects", true],
  ])("is not when the handler %s, whose error is the cause", async (_, isAsync) => {
    const thrown = new Error("not pinned");
    const error = await challenged(() => {
      if (isAsync) return Promise.reject(thrown);
      throw thrown;
    }, [ca]);
    expect(error).toBeInstanceOf(TlsError);
    expect((error as Error).cause).toBe(thrown);
  });

  test("is decided by the handler's first answer", async () => {
    const outcome = await challenged(
      (_, answer) => {
        answer(1, null);
        answer(2, null);
      },
      [ca],
    );
    expect(outcome).toBe("");
  });

  test("ends in time when the handler never answers", async () => {
    expect(await challenged(() => undefined, [ca])).toBeInstanceOf(TimeoutError);
  });
});

describe("what Darwin cannot do is refused before anything is connected:", () => {
  test.each<[string, WebSockets.Config]>([
    ["limits of frames", { maxFrameSize: 100 }],
    ["limits of messages", { maxMessageSize: 100 }],
  ])("%s", async (_, config) => {
    await using darwin = darwinClient({ config });
    const opening = darwin.client.webSocketSession("ws://127.0.0.1:1/");
    expect(await rejection(opening)).toBeInstanceOf(UnsupportedCapabilityError);
    expect(darwin.double.sessions).toHaveLength(0);
  });

  test("raw sessions", async () => {
    await using darwin = darwinClient();
    const opening = darwin.client.webSocketRaw("ws://127.0.0.1:1/", () => undefined);
    expect(await rejection(opening)).toBeInstanceOf(UnsupportedCapabilityError);
  });
});

describe("options", () => {
  const { foundation } = foundationDouble();

  test.each<[string, object]>([
    ["an unknown one", { maxSize: 1 }],
    ["another binding", { binding: "objc-js" }],
    ["a size of none", { binding: foundation, maximumMessageSize: 0 }],
    ["a callback that is none", { binding: foundation, configureSession: 1 }],
    ["a handler that is none", { binding: foundation, handleChallenge: "trust" }],
    ["a clock that is none", { binding: foundation, clock: 1 }],
  ])("refuse %s", (_, options) => {
    expect(() => Darwin.create(options as DarwinOptions)).toThrow(InvalidArgumentError);
  });

  test("take NativeScript's globals, and say where there are none", () => {
    expect(() => Darwin.create()).toThrow(/^Darwin needs the global NSObject, which is not here/);
    Object.assign(globalThis, foundation);
    try {
      expect(Darwin.create().name).toBe("Darwin");
      expect(Darwin.create({ binding: "nativescript" }).capabilities.has("backpressure")).toBe(true);
    } finally {
      for (const name of Object.keys(foundation)) Reflect.deleteProperty(globalThis, name);
    }
  });

  test.each<[string, DarwinOptions]>([
    ["a bound of messages that is Halyard's, not Apple's of 1 MiB", {}],
    ["none with Infinity", { maximumMessageSize: Infinity }],
  ])("have %s", async (_, options) => {
    const size = options.maximumMessageSize === undefined ? 3 * 2 ** 20 : 17 * 2 ** 20;
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      const header = Buffer.alloc(10);
      header.set([0x82, 127]);
      header.writeUInt32BE(size, 6);
      peer.write(Buffer.concat([header, Buffer.alloc(size)]));
    });
    await using darwin = darwinClient({ options, config: { channels: { incoming: unlimited() } } });
    const session = await darwin.client.webSocketSession(server.url);
    expect((await session.incoming.receive()).size).toBe(size);
    session.cancel();
  });
});
