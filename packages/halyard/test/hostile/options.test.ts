// SPDX-License-Identifier: Apache-2.0
// Whatever JavaScript can give for an option or an argument is taken, or refused by name; it never ends in an error of another kind.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import { Js } from "../../src/engines/js/index.ts";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import {
  Auth,
  basicAuth,
  bearerAuth,
  bounded,
  CloseReason,
  ConnectionEvents,
  codec,
  type DefaultClientWebSocketSession,
  DefaultRequest,
  digestAuth,
  Frame,
  HalyardError,
  HttpClient,
  HttpCookies,
  HttpRedirect,
  HttpRequestRetry,
  HttpTimeout,
  InvalidArgumentError,
  json,
  Logging,
  UserAgent,
  WebSockets,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { FakeEngine } from "../client/fake-engine.ts";
import { rejection } from "../support/clients.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const anything = fc.oneof(
  fc.anything({
    withNullPrototype: true,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withTypedArray: true,
  }),
  fc.constantFrom<unknown>(
    Symbol("s"),
    () => 1,
    class {},
    [undefined],
    Number.NaN,
    -0,
    2 ** 53,
    "\0\r\n",
    Array(2),
  ),
);

const engine = new FakeEngine();
const client = new HttpClient(engine);
const open = client.install(WebSockets, {});

/** Who takes options; and which, besides any object. */
const takers: Record<string, readonly [options: string, take: (options: never) => unknown]> = {
  WebSockets: [
    "pingInterval pingTimeout heartbeat maxFrameSize maxMessageSize maxFragments maxPendingPongs closeTimeout handshakeTimeout extensions contentConverter channels",
    (options) => client.install(WebSockets, options),
  ],
  WebSocketServer: [
    "pingInterval extensions subprotocols origins maxConnections onError clock tls http2 handshakeTimeout",
    (options) => new WebSocketServer(options),
  ],
  Cio: [
    "tls proxy proxyTls noDelay keepAlive addressTimeout maxConnections answerLimits http2 clock randomBytes",
    (options) => Cio.create(options),
  ],
  "Cio.tls": [
    "ca cert key pfx passphrase servername ALPNProtocols checkServerIdentity pins keyLog minVersion maxVersion ciphers",
    (tls) => Cio.create({ tls }),
  ],
  Js: ["webSocket create capabilities webSocketStream clock", (options) => Js.create(options)],
  deflate: [
    "clientNoContextTakeover serverMaxWindowBits alternatives threshold compressIf level memLevel",
    (options) => deflate(options),
  ],
  bounded: ["messages bytes onOverflow", (options) => bounded(options)],
  json: ["replacer reviver", (options) => json(options)],
  codec: ["encode decode messages", (options) => codec(options)],
  HttpTimeout: [
    "requestTimeout connectTimeout socketTimeout",
    (options) => client.install(HttpTimeout, options),
  ],
  HttpRequestRetry: [
    "maxRetries retryOnServerErrors retryIf anyMethod baseDelay maxDelay respectRetryAfter random",
    (options) => client.install(HttpRequestRetry, options),
  ],
  HttpRedirect: [
    "maxRedirects allowHttpsDowngrade credentialHeaders checkHttpMethod",
    (options) => client.install(HttpRedirect, options),
  ],
  HttpCookies: ["storage", (options) => client.install(HttpCookies, options)],
  UserAgent: ["agent", (options) => client.install(UserAgent, options)],
  Logging: ["logger level sanitizeHeader", (options) => client.install(Logging, options)],
  ConnectionEvents: ["listener onError", (options) => client.install(ConnectionEvents, options)],
  Auth: ["providers", (options) => client.install(Auth, options)],
  basicAuth: ["username password realm origins sendWithoutRequest", (options) => basicAuth(options)],
  digestAuth: ["username password realm origins algorithms", (options) => digestAuth(options)],
  bearerAuth: ["loadTokens refreshTokens realm origins sendWithoutRequest", (options) => bearerAuth(options)],
  DefaultRequest: [
    "url protocol host port path query headers subprotocols socketPath proxy",
    (options) => client.install(DefaultRequest, options),
  ],
  "new Frame.Text": ["fin rsv1", (options) => new Frame.Text("text", options)],
  "new Frame.Close": ["code message", (reason) => new Frame.Close(reason)],
};

function onlyOurs(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
  }
}

describe("OP-04: KA-07: any value", () => {
  test.each(Object.entries(takers))("for the options of %s", (_, [options, take]) => {
    const call = (given: unknown) => onlyOurs(() => take(given as never));
    const named = fc.constantFrom(...options.split(" "));
    fc.assert(fc.property(anything, call), { numRuns: 100 });
    fc.assert(
      fc.property(named, anything, (name, value) => call({ [name]: value })),
      { numRuns: 400 },
    );
  });

  test.each(["webSocketSession", "get"] as const)("for the options of a request, as of %s", async (name) => {
    const options =
      "url protocol host port path query headers subprotocols socketPath proxy method timeout signal cookies auth body json";
    const fetches = globalThis.fetch;
    globalThis.fetch = () => Promise.resolve(new Response());
    try {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...options.split(" ")), anything, async (option, value) => {
          for (const given of [value, { url: "ws://host/", [option]: value }] as never[]) {
            const error: unknown = await open[name](given).then(
              (opened) => ("close" in opened ? opened.close().then(() => undefined) : undefined),
              (rejected: unknown) => rejected,
            );
            if (error !== undefined) expect(error).toBeInstanceOf(HalyardError);
          }
        }),
        { numRuns: 600 },
      );
    } finally {
      globalThis.fetch = fetches;
    }
  });

  test("for what a session is told", async () => {
    const session: DefaultClientWebSocketSession = await open.webSocketSession("ws://host/");
    await fc.assert(
      fc.asyncProperty(anything, anything, async (value, other) => {
        const given = value as never;
        for (const call of [
          () => (Symbol.asyncIterator in Object(value) ? undefined : session.send(given)),
          () => session.sendSerialized(given),
          () => new CloseReason(given, other as never),
          () => new Frame.Ping(given),
          () => new Frame.Binary(given),
          () => {
            session.pingInterval = given;
          },
          () => {
            session.maxFrameSize = given;
          },
        ]) {
          const error: unknown = await Promise.resolve()
            .then(call)
            .catch((thrown: unknown) => thrown);
          if (error instanceof Error && !(error instanceof HalyardError)) throw error;
        }
      }),
      { numRuns: 200 },
    );
    session.cancel();
    await session.ended;
  });

  test("a getter that throws throws what it throws, and leaves nothing half made", async () => {
    const fault = new Error("from the getter");
    const options = {
      get url(): string {
        throw fault;
      },
    };
    expect(await rejection(open.webSocketSession(options))).toBe(fault);
    expect(() => open.install(DefaultRequest, options)).toThrow(fault);
    const session = await open.webSocketSession("ws://host/");
    expect((await session.close()).clean).toBe(true);
  });

  test("what is changed after the call changes nothing", async () => {
    const request = {
      url: "ws://host/",
      headers: { "X-A": "1" },
      query: { a: 1 },
      subprotocols: [] as string[],
    };
    const opening = open.webSocketSession(request);
    Object.assign(request, { url: "ws://evil/" });
    request.headers["X-A"] = "evil";
    request.query.a = 2;
    request.subprotocols.push("evil");
    const session = await opening;
    const { url, headers, subprotocols } = engine.request;
    expect([url.href, headers, subprotocols]).toEqual(["ws://host/?a=1", [["X-A", "1"]], []]);
    await session.close();
  });
});

test("OP-04: an option that is an object shows nothing of itself in the error", () => {
  const secret = { toString: () => "hunter2", toJSON: () => "hunter2" };
  const make = () => client.install(WebSockets, { pingInterval: secret as never });
  expect(make).toThrow(InvalidArgumentError);
  expect(make).not.toThrow("hunter2");
});
