// SPDX-License-Identifier: Apache-2.0
// A canary in every place where a secret can be, and all that errors and logs show searched for it.
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { CookieJar } from "tough-cookie";
import { describe, expect, test, vi } from "vitest";
import {
  Auth,
  basicAuth,
  bearerAuth,
  type ConnectionEvent,
  ConnectionEvents,
  DefaultRequest,
  digestAuth,
  HttpClient,
  HttpCookies,
  HttpRedirect,
  HttpRequestRetry,
  InvalidArgumentError,
  type LogEvent,
  Logging,
  toughCookies,
  UserAgent,
  WebSockets,
} from "../../src/index.ts";
import { printable, safeHeader } from "../../src/session/safe-text.ts";
import { FakeEngine } from "../client/fake-engine.ts";
import { certificates } from "../support/certificates.ts";
import { testClient } from "../support/clients.ts";
import { hostileServer, unusedPort } from "../support/hostile-server.ts";
import { httpServer, type Reply } from "../support/http-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

/** Made at run time, so that it stands in no source line of a stack. */
const canary = `canary${randomUUID().replaceAll("-", "")}`;
const { ca, good } = certificates();

/** All that somebody could print of a value, its causes included. */
function shownOf(value: unknown): string {
  const error = value as Error & { errors?: unknown[] };
  const own = inspect(value, {
    depth: Infinity,
    maxStringLength: Infinity,
    showHidden: true,
    getters: false,
  });
  const cause = error?.cause === undefined ? "" : shownOf(error.cause);
  return [
    String(value),
    error?.message,
    error?.stack,
    JSON.stringify(value),
    JSON.stringify(Object.entries(Object(error) as object)),
    own,
    cause,
  ].join("\n");
}

describe("LG-01: no secret in any error and any event", () => {
  const headers = {
    Authorization: `Bearer ${canary}`,
    Cookie: `id=${canary}`,
    "Proxy-Authorization": canary,
    "X-Api-Key": canary,
    "X-Auth-Token": canary,
    "X-Amz-Security-Token": canary,
    "X-Session": canary,
    "Sec-WebSocket-Key2": canary,
    Referer: `https://example.org/?code=${canary}`,
  };
  const target = (origin: string) =>
    `${origin.replace("//", `//u:${canary}@`)}/path?token=${canary}&sig=${canary}`;
  const tellAll: Record<string, string | string[]> = {
    "Set-Cookie": [`session=${canary}`, `__Host-x=${canary}; Secure; Path=/`],
    "WWW-Authenticate": `Digest realm="r", nonce="${canary}", qop="auth", Basic realm="r", Bearer error_description="${canary}"`,
    "Proxy-Authenticate": `Basic realm="${canary}"`,
    "Authentication-Info": `nextnonce="${canary}"`,
    "Content-Location": `/x?token=${canary}`,
    Refresh: `5; url=/x?token=${canary}`,
    Link: `<https://example.org/?token=${canary}>; rel=next`,
  };

  /** What servers answer, by the path of the request. */
  const replies: Record<string, Reply> = {
    "/ok": { status: 101, headers: tellAll },
    "/401": { status: 401, headers: tellAll },
    "/503": { status: 503, headers: tellAll },
    "/loop": { status: 302, headers: { ...tellAll, Location: `/loop?access_token=${canary}` } },
    "/bad": { status: 307, headers: { ...tellAll, Location: `ftp://u:${canary}@h/?t=${canary}` } },
    "/down": { status: 308, headers: { ...tellAll, Location: `http://127.0.0.1/?t=${canary}` } },
    "/away": { status: 302, headers: { ...tellAll, Location: `https://localhost:1/away?t=${canary}` } },
  };

  /** A client with every plugin, and what it has told. */
  function talkative(tls: object = { ca }) {
    const events: LogEvent[] = [];
    const told: ConnectionEvent[] = [];
    const client = testClient({}, { tls })
      .install(ConnectionEvents, { listener: (event) => told.push(event) })
      .install(Logging, { level: "headers", logger: { log: (event) => events.push(event) } })
      .install(HttpRedirect, { maxRedirects: 2, credentialHeaders: ["X-Api-Key"] })
      .install(HttpRequestRetry, { baseDelay: 1, maxRetries: 1 })
      .install(HttpCookies, { storage: toughCookies(new CookieJar()) })
      .install(UserAgent, { agent: "canary/1" });
    return { client, events, told };
  }

  async function outcomes(open: Promise<unknown>[]): Promise<string> {
    const settled = await Promise.allSettled(open);
    return settled.map((each) => (each.status === "rejected" ? shownOf(each.reason) : "")).join("\n");
  }

  test.each([false, true])("servers that answer, refuse, redirect; TLS: %s", async (isTls) => {
    await using server = await httpServer(
      ({ target: path }) => {
        const reply = replies[path.split("?")[0]?.replace("/path", "") ?? ""];
        return reply ?? "accept";
      },
      isTls ? good : undefined,
    );
    const { client, events, told } = talkative();
    await using _client = client;
    const providers = [
      digestAuth({ username: "u", password: canary }),
      basicAuth({ username: "u", password: canary }),
      bearerAuth({
        loadTokens: () => ({ accessToken: canary, refreshToken: canary }),
        refreshTokens: () => ({ accessToken: `${canary}2` }),
      }),
    ];
    const clients = [client, ...providers.map((provider) => client.install(Auth, { providers: [provider] }))];
    let errors = "";
    for (const each of clients) {
      for (const path of Object.keys(replies)) {
        const opened: Promise<unknown>[] = [];
        const url = `${server.ws}${path}?token=${canary}`;
        const subprotocols = path === "/401" ? [canary] : [];
        opened.push(each.webSocket({ url, subprotocols }, () => undefined));
        opened.push(each.webSocket({ url, headers }, () => undefined));
        opened.push(each.webSocket(url.replace("//", `//u:${canary}@`), () => undefined));
        const plain = { url: `${server.http}${path}?token=${canary}`, headers, body: canary };
        if (path !== "/ok") opened.push(each.post(plain).then((response) => response.text()));
        const bare = { ...plain, body: undefined, headers: {} };
        if (path !== "/ok") opened.push(each.get(bare).then((response) => response.text()));
        errors += await outcomes(opened);
      }
    }
    expect(server.seen.some(({ raw }) => raw.includes(canary))).toBe(true);
    expect(errors).toContain("RedirectError");
    expect(errors).toContain("HandshakeError");
    expect(errors).not.toContain(canary);
    expect(events.length).toBeGreaterThan(50);
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(1);
    expect(JSON.stringify(events)).not.toContain(canary);
    expect(told.length).toBeGreaterThan(10);
    expect(inspect(told, { depth: Infinity, maxArrayLength: Infinity })).not.toContain(canary);
    expect(inspect(client, { depth: Infinity, showHidden: true })).not.toContain(canary);
    // Base64 hides nothing.
    const encoded = Buffer.from(`u:${canary}`).toString("base64");
    expect(errors + JSON.stringify(events)).not.toContain(encoded);
  });

  test("servers that are not there, say nothing, are not trusted, or speak no HTTP", async () => {
    const nowhere = `ws://127.0.0.1:${await unusedPort()}`;
    // The platform's fetch connects again behind an abort, and so leaves connections that this server cuts at its end.
    await using silent = await httpServer(() => new Promise<never>(() => undefined));
    await using rude = await hostileServer((peer) => peer.end("nonsense\r\n\r\n"));
    await using cut = await hostileServer((peer) => peer.reset());
    await using liar = await hostileServer(async (peer) => {
      await peer.request();
      peer.end(
        `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSet-Cookie: a=${canary}\r\n\r\n`,
      );
    });
    await using untrusted = await httpServer(() => "accept", good);
    const { client, events, told } = talkative({});
    await using _client = client;
    const origins = [nowhere, silent.ws, rude.url, cut.url, liar.url].map((url) => url.replace(/\/$/, ""));
    const opened = [...origins, untrusted.ws].flatMap((origin): Promise<unknown>[] => [
      client.webSocketSession({ url: target(origin), timeout: 500 }),
      client.webSocketSession({ url: `${origin}/?${canary}`, headers, timeout: 500 }),
      client.get({ url: target(origin), timeout: 500 }),
      client.post({ url: `${origin}/?${canary}`, headers, json: { canary }, timeout: 500 }),
    ]);
    const errors = await outcomes(opened);
    for (const name of ["ConnectionError", "TimeoutError", "HandshakeError", "TlsError"])
      expect(errors).toContain(name);
    expect(errors).not.toContain(canary);
    expect(JSON.stringify(events)).not.toContain(canary);
    expect(told.length).toBeGreaterThan(10);
    expect(inspect(told, { depth: Infinity, maxArrayLength: Infinity })).not.toContain(canary);
  });

  test("requests that cannot be made, and configurations that cannot be used", async () => {
    const { client } = talkative();
    await using _client = client;
    const url = `ws://u:${canary}@127.0.0.1:1/`;
    const wrong: object[] = [
      { url: `ws://[${canary}/` },
      { url: `${url}#${canary}` },
      { url: `ws://u%ff:${canary}@127.0.0.1/` },
      { url: `ws://${canary}%3Ax:y@127.0.0.1/` },
      { host: `u:${canary}@h/` },
      { url, headers: { Authorization: `${canary}\r\nX: 1` } },
      { url, headers: { "X-A": `${canary}\u0100` } },
      { url, headers: { [`${canary} `]: "1" } },
      { url, cookies: { a: `${canary};` } },
      { url, auth: canary },
      { url, auth: { token: `${canary} ` } },
      { url, auth: { username: `${canary}:`, password: canary } },
      { url, auth: { username: "a", password: canary, [canary.slice(0, 1)]: canary } },
      { url, path: `/${canary}#` },
      { url, path: `/${canary}\n` },
    ];
    const calls = wrong.flatMap((request): Promise<unknown>[] => [
      client.webSocketSession(request),
      client.get(request as { url: string }),
    ]);
    const settled = await Promise.allSettled(calls);
    for (const [at, each] of settled.entries()) {
      expect(each.status, JSON.stringify(wrong[at >> 1])).toBe("rejected");
      // The name of a header that is none is shown, as a name.
      if (each.status === "rejected" && at >> 1 !== 7)
        expect(shownOf(each.reason), String(at)).not.toContain(canary);
    }
    const configs = [
      () => basicAuth({ username: `${canary}:`, password: canary }),
      () => bearerAuth({ loadTokens: canary as never }),
      () => digestAuth({ username: "u", password: canary, origins: [`https://[${canary}`] }),
      () => client.install(DefaultRequest, { url: `ws://[${canary}` }),
      () => client.install(HttpRedirect, { credentialHeaders: [`${canary} `] }),
    ];
    for (const make of configs) {
      let thrown: unknown;
      try {
        make();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(InvalidArgumentError);
      expect(shownOf(thrown)).not.toContain(canary);
    }
  });

  test.each([
    ["X-Team", "red", "red"],
    ["Location", "/a?token=1", "/a?..."],
    ["Location", "https://u:p@example.org/a?token=1#x", "https://example.org/a?..."],
    ["Location", "//example.org", "//example.org"],
    ["location", "http://[", "***"],
    ["set-cookie", "a=1", "***"],
    ["AUTHORIZATION", "Basic x", "***"],
    ["Sec-WebSocket-Protocol", "token.abc", "***"],
    ["Sec-WebSocket-Version", "13", "13"],
  ])("a header %s: %s is shown as %s", (name, value, shown) => {
    expect(safeHeader(name, value)).toBe(shown);
  });
});

describe("LG-02: what a server writes cannot write the log", () => {
  test("control characters and directions are escaped, and long text is cut", () => {
    expect(printable("a\r\n\u001b[31m\u0000\u009b\u202eb\u2028\ud800")).toBe(
      "a\\u{d}\\u{a}\\u{1b}[31m\\u{0}\\u{9b}\\u{202e}b\\u{2028}\\u{d800}",
    );
    expect(printable("x".repeat(10_000))).toBe(`${"x".repeat(256)}...`);
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.constantFrom("X-A", "Location"),
        (text, name) => {
          expect(safeHeader(name, text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          expect(safeHeader(name, text).length).toBeLessThan(256 * 8 + 4);
        },
      ),
    );
  });

  test("over a real socket, on the console", async () => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    try {
      await using server = await hostileServer(async (peer) => {
        await peer.request();
        peer.end("HTTP/1.1 403 X\r\nX-Note: \u009b31m\u0085FAKE 200 ok\r\nContent-Length: 0\r\n\r\n");
      });
      await using client = testClient().install(Logging, { level: "headers" });
      await client.webSocketSession(server.url).catch(() => undefined);
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u);
      expect(JSON.parse(lines[1] ?? "")).toMatchObject({
        type: "response",
        kind: "webSocket",
        status: 403,
        headers: expect.arrayContaining([["x-note", "\\u{9b}31m\\u{85}FAKE 200 ok"]]),
      });
    } finally {
      log.mockRestore();
    }
  });
});

describe("LG-03: a logger cannot harm", () => {
  test("one that throws or rejects is counted, and nothing else happens", async () => {
    const engine = new FakeEngine();
    let count = 0;
    const log = () => {
      if (count++ % 2 === 0) throw new Error("disk full");
      return Promise.reject(new Error("disk full"));
    };
    const client = new HttpClient(engine).install(WebSockets).install(Logging, { logger: { log } });
    const session = await client.webSocketSession("ws://127.0.0.1/");
    session.cancel();
    await engine.clock.advance(0);
    expect(client.plugin(Logging).failures).toBe(2);
  });

  test("what it is given holds no part of the request but text, and levels choose what", async () => {
    const engine = new FakeEngine();
    const told = async (config: Logging.Config) => {
      const events: LogEvent[] = [];
      const logger = { log: (event: LogEvent) => void events.push(event) };
      const client = new HttpClient(engine).install(WebSockets).install(Logging, { logger, ...config });
      (
        await client.webSocketSession({ url: "ws://127.0.0.1/?a", headers: { "X-A": "1", "X-B": "2" } })
      ).cancel();
      return events;
    };
    const base = { request: 1, kind: "webSocket", method: "GET", url: "ws://127.0.0.1/?..." };
    expect(await told({ level: "none" })).toEqual([]);
    expect(await told({})).toEqual([
      { ...base, type: "request" },
      { ...base, type: "response", status: 101, milliseconds: 0 },
    ]);
    const [first] = await told({ level: "headers", sanitizeHeader: (name) => name === "X-B" });
    expect(first).toEqual({
      ...base,
      type: "request",
      headers: [
        ["X-A", "1"],
        ["X-B", "***"],
      ],
    });
    for (const config of [{ level: "all" }, { logger: {} }, { sanitizeHeader: 1 }]) {
      expect(() => new HttpClient(engine).install(Logging, config as never)).toThrow(InvalidArgumentError);
    }
  });
});
