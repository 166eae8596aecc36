// SPDX-License-Identifier: Apache-2.0
// The prototype of all objects, polluted: by names of options, and by names that come from a peer.
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Cio, type CioOptions } from "../../src/engines/cio/index.ts";
import { Js, type WebSocketConstructor } from "../../src/engines/js/index.ts";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import {
  Auth,
  basicAuth,
  bounded,
  ConnectionEvents,
  constantCookies,
  DefaultRequest,
  Frame,
  HttpClient,
  HttpCookies,
  HttpRedirect,
  HttpRequestRetry,
  HttpTimeout,
  json,
  Logging,
  UserAgent,
  WebSockets,
} from "../../src/index.ts";
import { WebSocketServer, type WebSocketServerOptions } from "../../src/server/index.ts";
import { receiveStream } from "../../src/streams/index.ts";
import { bareClient, request } from "../support/bare-client.ts";
import { certificates } from "../support/certificates.ts";
import { testClient } from "../support/clients.ts";
import { connectProxy, socks5Proxy } from "../support/forward-proxies.ts";
import { hostileServer } from "../support/hostile-server.ts";
import { httpServer } from "../support/http-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const prototype = Object.prototype as unknown as Record<string, unknown>;

/** The names of options, of ours and of what our parts tell each other. */
const names = `
  ALPNProtocols accept addressTimeout agent algorithms allowHttpsDowngrade alternatives answerLimits anyMethod auth baseDelay
  body bytes ca cert channels checkHttpMethod checkServerIdentity ciphers clientMaxWindowBits clientNoContextTakeover clock
  closeTimeout compress compressIf connectTimeout contentConverter cookies create credentialHeaders early extensions fin
  handshakeTimeout headers heartbeat host http2 incoming isAnswer isReleasable json keepAlive key keyLog level listener
  localAddress logger masking maxChunkSize maxConnections maxDelay maxFragments maxFrameSize maxHeadSize maxHeaders
  maxInterimResponses maxLineSize maxMessageSize maxPendingPongs maxRedirects maxRetries maxVersion memLevel message messages
  method minVersion noDelay onEnd onError onOverflow origins outgoing passphrase password path pfx pingInterval
  pingTimeout pins port protocol providers proxy proxyTls query random randomBytes realm refreshTokens rejectUnauthorized replacer
  requestTimeout respectRetryAfter retryIf retryOnException retryOnServerErrors reviver rsv1 sanitizeHeader
  sendWithoutRequest serverMaxWindowBits serverNoContextTakeover servername signal socketPath socketTimeout storage
  subprotocols threshold timeout tls url username webSocket webSocketStream
`
  .trim()
  .split(/\s+/);

/** Has a property of each name on the prototype of all objects, and gives back where our sources have read one. */
async function readsOfPrototype(run: () => Promise<void>): Promise<string[]> {
  const reads = new Set<string>();
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        const [, , reader = ""] = new Error("read").stack?.split("\n") ?? [];
        if (/halyard\/src\//.test(reader)) reads.add(`${name} ${reader.trim()}`);
        return undefined;
      },
      // As if it were a plain property, which an assignment hides.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }
  try {
    await run();
  } finally {
    for (const name of names) Reflect.deleteProperty(prototype, name);
  }
  return [...reads];
}

async function* parts(): AsyncGenerator<string> {
  yield "in";
  yield "parts";
}

/** All that a program can do with a session, with options that say nothing. */
async function useAll(client: HttpClient<"WebSockets">, url: string): Promise<void> {
  for (const target of [url, new URL(url), { url }]) {
    await client.webSocket(target, async (session) => {
      await session.send("a".repeat(2_000));
      await session.send(parts());
      await session.send(new Frame.Text("frame", {}));
      for (let count = 0; count < 3; count++) await session.incoming.receive();
      await session.sendSerialized({ a: 1 });
      await session.receiveDeserialized();
      await session.send("stream");
      for await (const _ of await receiveStream(session, {})) continue;
      await session.close({ code: 1000 }, {});
    });
  }
}

const { ca, good } = certificates();
const converters = { contentConverter: json({}) };

async function echo(options: WebSocketServerOptions) {
  const server = new WebSocketServer({ ...options, ...converters, channels: {} }).webSocket(
    "/",
    async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    },
  );
  const { port } = await server.listen({});
  return { port, [Symbol.asyncDispose]: () => server.close() };
}

describe("OP-01: nothing is read from a prototype that was polluted", () => {
  test.each<[way: string, server: () => WebSocketServerOptions, client: CioOptions]>([
    ["plain", () => ({ extensions: [deflate({})] }), { answerLimits: {} }],
    ["over TLS", () => ({ tls: good }), { tls: { ca } }],
    ["over HTTP/2", () => ({ tls: good, http2: true }), { tls: { ca }, http2: "require" }],
  ])("on the way %s, and through proxies", async (_, configure, options) => {
    const serverOptions = configure();
    const reads = await readsOfPrototype(async () => {
      await using server = await echo(serverOptions);
      await using http = await hostileServer(connectProxy(server.port, []));
      await using socks = await hostileServer(socks5Proxy(server.port, []));
      const scheme = serverOptions.tls === undefined ? "ws" : "wss";
      for (const proxy of [
        false,
        `http://127.0.0.1:${http.port}`,
        `socks5h://127.0.0.1:${socks.port}`,
      ] as const) {
        await using client = new HttpClient(Cio, { ...options, proxy })
          .install(WebSockets, {
            extensions: serverOptions.extensions,
            ...converters,
            channels: { incoming: bounded({ messages: 5 }) },
          })
          .install(HttpTimeout, {})
          .install(HttpRequestRetry, {})
          .install(HttpRedirect, {})
          .install(HttpCookies, { storage: constantCookies({ a: "b" }) })
          .install(UserAgent, {})
          .install(DefaultRequest, {})
          .install(Logging, { logger: { log: () => undefined } })
          .install(ConnectionEvents, { listener: () => undefined })
          .install(Auth, { providers: [basicAuth({ username: "u", password: "p" })] });
        await useAll(client, `${scheme}://localhost:${server.port}/`);
      }
    });
    expect(reads).toEqual([]);
  });

  test("by the engine Js", async () => {
    const reads = await readsOfPrototype(async () => {
      await using server = await echo({});
      await using client = new HttpClient(Js, {
        webSocket: WebSocket as unknown as WebSocketConstructor,
      }).install(WebSockets, converters);
      await useAll(client, `ws://localhost:${server.port}/`);
    });
    expect(reads).toEqual([]);
  });

  test("for plain HTTP", async () => {
    const reads = await readsOfPrototype(async () => {
      await using server = await httpServer(() => "accept");
      await using client = new HttpClient(Cio, {});
      const url = `http://127.0.0.1:${server.port}/`;
      for (const target of [url, { url, method: "POST", json: 1 }]) {
        const answer = await client.request(target);
        await answer.body?.cancel();
      }
    });
    expect(reads).toEqual([]);
  });

  test.each([
    ["ws", undefined],
    ["wss", good],
  ])(
    "so that a URL of %s leads where it says, with what the program has given and nothing else",
    async (scheme, tls) => {
      const heads: string[] = [];
      await using server = await hostileServer(
        async (peer) => {
          heads.push(await peer.accept());
          const { payload } = await peer.frame();
          peer.end(Buffer.from([0x88, payload.length, ...payload]).toString("latin1"));
        },
        tls === undefined ? {} : { tls },
      );
      await using client = testClient({}, { tls: { ca } });
      const evil: Record<string, unknown> = {
        host: "127.0.0.9",
        port: 1,
        path: "/evil",
        query: { evil: "1" },
        headers: { "X-Evil": "1" },
        auth: { basic: { username: "evil", password: "evil" } },
        subprotocols: ["evil"],
        socketPath: "/nowhere",
        proxy: "http://127.0.0.1:1",
        timeout: 1e-9,
        rejectUnauthorized: false,
        localAddress: "192.0.2.1",
        localPort: 1,
        family: 6,
        socket: {},
        pskCallback: {},
      };
      try {
        Object.assign(prototype, evil);
        expect(await client.webSocket(`${scheme}://localhost:${server.port}/`, () => "fine")).toBe("fine");
      } finally {
        for (const name of Object.keys(evil)) Reflect.deleteProperty(prototype, name);
      }
      expect(heads).toHaveLength(1);
      expect(heads[0]).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: localhost:/);
      expect(heads[0]).not.toMatch(/evil/i);
    },
  );

  test("so that no page may connect that the server does not list", async () => {
    try {
      prototype.origins = "*";
      await using server = new WebSocketServer().webSocket("/", () => undefined);
      const { port } = await server.listen();
      await using client = await bareClient(port);
      client.write(request({ headers: { Origin: "https://evil.test" } }));
      expect(await client.hears(/^HTTP\/1\.1 \d+/)).toMatch(/^HTTP\/1\.1 403 /);
    } finally {
      delete prototype.origins;
    }
  });
});

describe("OP-02: names such as __proto__ from the other side are names like others", () => {
  const evil = ["__proto__", "constructor", "hasOwnProperty", "toString"];

  test("of headers and parameters, of an answer", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept(
        Buffer.from([0x88, 2, 3, 0xe8]),
        evil.map((name) => `${name}: polluted\r\n`).join(""),
      );
      peer.end();
    });
    await using client = testClient();
    const session = await client.webSocketSession(server.url);
    const { headers } = session.call.response;
    for (const name of evil) expect(headers.get(name)).toBe("polluted");
    await session.ended;
    expect({}).not.toHaveProperty("polluted");
    expect(Object.getPrototypeOf({})).toBe(prototype);
  });

  test("of headers, subprotocols, extensions and paths, of a request", async () => {
    let seen: string | null = null;
    await using server = new WebSocketServer({ subprotocols: ["chat"], extensions: [deflate()] }).webSocket(
      "/",
      (session) => {
        seen = session.call.request.headers.get("__proto__");
      },
    );
    const { port } = await server.listen();
    await using client = await bareClient(port);
    client.write(
      request({
        headers: {
          "Sec-WebSocket-Protocol": evil.join(", "),
          "Sec-WebSocket-Extensions": evil.map((name) => `${name}; ${name}=1`).join(", "),
          ["__proto__"]: "polluted",
        },
      }),
    );
    const head = await client.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
    expect(head).not.toMatch(/Sec-WebSocket-(Protocol|Extensions)/);
    expect(seen).toBe("polluted");
    for (const name of evil) {
      await using other = await bareClient(port);
      other.write(request({ path: `/${name}` }));
      expect(await other.hears(/^HTTP\/1\.1 \d+/)).toMatch(/^HTTP\/1\.1 404 /);
    }
  });
});
