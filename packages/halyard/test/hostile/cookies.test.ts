// SPDX-License-Identifier: Apache-2.0
// Cookies by servers that want more than their own, with the jar of tough-cookie.
import { CookieJar } from "tough-cookie";
import { describe, expect, test } from "vitest";
import {
  type CookiesStorage,
  constantCookies,
  HandshakeError,
  HttpCookies,
  HttpRedirect,
  InvalidArgumentError,
  toughCookies,
} from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { httpServer, redirect } from "../support/http-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const { ca, good } = certificates();

function withJar(jar = new CookieJar()) {
  return testClient({}, { tls: { ca } }).install(HttpCookies, { storage: toughCookies(jar) });
}

test("cookies of a log-in go with the handshake, those of the 101 and of a refusal with what comes next", async () => {
  await using server = await httpServer(({ target }) => {
    if (target === "/login")
      return { status: 200, headers: { "Set-Cookie": ["id=1; HttpOnly; Path=/", "b=2"] } };
    if (target === "/") return "accept";
    if (target === "/refuse") return { status: 403, headers: { "Set-Cookie": "why=no" } };
    return { status: 101, headers: { "Set-Cookie": ["id=2; Path=/", "c=3"] } };
  });
  await using client = withJar();
  await (
    await client.post({ url: `${server.http}/login`, body: new URLSearchParams({ user: "ann" }) })
  ).text();
  expect(server.last).toMatchObject({ body: "user=ann" });
  await client.webSocket(`${server.ws}/socket`, () => undefined);
  expect(server.last.headers.cookie).toBe("id=1; b=2");
  await failure(client.webSocketSession(`${server.ws}/refuse`), HandshakeError);
  await (await client.get(`${server.http}/`)).text();
  expect(server.last.headers.cookie?.split("; ").toSorted()).toEqual(["b=2", "c=3", "id=2", "why=no"]);
});

test("a cookie of the request wins over the storage's, and there is one header", async () => {
  await using server = await httpServer(() => "accept");
  await using client = testClient().install(HttpCookies, { storage: constantCookies({ a: "1", b: "2" }) });
  await client.webSocket(
    { url: server.ws, cookies: { b: "own" }, headers: { Cookie: "c=3" } },
    () => undefined,
  );
  expect(server.last.headers.cookie).toBe("c=3; b=own; a=1");
  expect(server.last.raw.match(/^cookie:/gim)).toHaveLength(1);
});

test.each<[headers: Record<string, string>, cookies: Record<string, string>, sent: string | undefined]>([
  [{}, {}, undefined],
  [{ Cookie: "c=3" }, {}, "c=3"],
  [{ cookie: "c=3" }, { b: "own" }, "c=3; b=own"],
])("headers %j and cookies %j of a request are one header, or none", async (headers, cookies, sent) => {
  await using server = await httpServer(() => "accept");
  await using client = testClient();
  await client.webSocket({ url: server.ws, headers, cookies }, () => undefined);
  expect(server.last.headers.cookie).toBe(sent);
  expect(server.last.raw.match(/^cookie:/gim) ?? []).toHaveLength(sent === undefined ? 0 : 1);
});

describe("CK-01: what is not stored, or not sent", () => {
  test.each([
    ["for another domain", "x=1; Domain=example.org"],
    ["for a public suffix", "x=1; Domain=com"],
    ["for the parent of an address", "x=1; Domain=0.0.1"],
    ["Secure, without TLS", "x=1; Secure"],
    ["__Secure- without TLS", "__Secure-x=1; Secure"],
    ["__Host- without Secure", "__Host-x=1; Path=/"],
    ["for another path", "x=1; Path=/other"],
    ["expired by its age", "x=1; Max-Age=0"],
    ["expired by its date", "x=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
    ["without a name", "=1"],
    ["that is no cookie", "garbage"],
    ["too large", `x=${"1".repeat(4_096)}`],
    ["with a tab in it", "x=1\t2"],
  ])("a cookie %s", async (_, setCookie) => {
    await using server = await httpServer(() => ({ status: 101, headers: { "Set-Cookie": setCookie } }));
    await using client = withJar(new CookieJar(undefined, { allowSecureOnLocal: false }));
    for (let count = 0; count < 2; count++) await client.webSocket(`${server.ws}/a/b`, () => undefined);
    expect(server.last.headers).not.toHaveProperty("cookie");
  });

  test("with TLS a Secure cookie is kept, and goes to no server without", async () => {
    await using safe = await httpServer(
      () => ({ status: 101, headers: { "Set-Cookie": "x=1; Secure; Path=/" } }),
      good,
    );
    // Cookies do not tell ports apart.
    await using open = await httpServer(() => "accept");
    await using client = withJar(new CookieJar(undefined, { allowSecureOnLocal: false }));
    for (let count = 0; count < 2; count++) await client.webSocket(safe.ws, () => undefined);
    expect(safe.last.headers.cookie).toBe("x=1");
    await client.webSocket(open.ws.replace("127.0.0.1", "localhost"), () => undefined);
    expect(open.last.headers).not.toHaveProperty("cookie");
  });

  test("10,000 cookies of a host are 50", async () => {
    let made = 0;
    const lines = () => Array.from({ length: 50 }, () => `c${made++}=1; Path=/${made % 7}`);
    await using server = await httpServer(() => ({ status: 200, headers: { "Set-Cookie": lines() } }));
    const jar = new CookieJar();
    await using client = withJar(jar);
    for (let count = 0; count < 200; count++) await (await client.get(server.http)).text();
    const kept = (await jar.serialize()).cookies;
    expect(made).toBe(10_000);
    expect(kept).toHaveLength(50);
    expect(kept.map(({ key }) => key)).toContain("c9999");
  });

  test("a redirect gets the cookies of where it leads, and none of where it came from", async () => {
    await using there = await httpServer(() => ({ status: 101, headers: { "Set-Cookie": "there=1" } }));
    await using here = await httpServer(() => ({
      status: 302,
      headers: { Location: there.ws.replace("127.0.0.1", "localhost"), "Set-Cookie": "here=1" },
    }));
    await using client = withJar().install(HttpRedirect);
    for (let count = 0; count < 2; count++) await client.webSocket(here.ws, () => undefined);
    expect(here.last.headers.cookie).toBe("here=1");
    expect(there.last.headers.cookie).toBe("there=1");
  });

  test("a cookie that a redirect sets goes with the next hop of its host", async () => {
    await using server = await httpServer(({ headers }) =>
      headers.cookie === "seen=1"
        ? "accept"
        : { ...(redirect("/") as object), status: 302, headers: { Location: "/", "Set-Cookie": "seen=1" } },
    );
    await using client = withJar().install(HttpRedirect);
    await client.webSocket(server.ws, () => undefined);
    expect(server.seen).toHaveLength(2);
  });
});

describe("CK-02: a cookie cannot break the request", () => {
  const secret = "s3cr3t";
  test.each([
    ["a semicolon", { a: `${secret};b` }],
    ["a line end", { a: `${secret}\r\nX: 1` }],
    ["a quote", { a: `"${secret}"` }],
    ["a comma", { a: `${secret},` }],
    ["a character above ASCII", { a: `${secret}é` }],
    ["a name that is no token", { [`${secret} `]: "1" }],
    ["no name", { "": secret }],
    ["a number", { a: 1 as unknown as string }],
  ])("%s is refused, and not shown", async (_, cookies) => {
    await using client = testClient();
    const error = await failure(
      client.webSocketSession({ url: "ws://127.0.0.1:1/", cookies }),
      InvalidArgumentError,
    );
    expect(error.message).not.toContain(secret);
    await failure(client.get({ url: "http://127.0.0.1:1/", cookies }), InvalidArgumentError);
    expect(() => constantCookies(cookies)).toThrow(InvalidArgumentError);
  });

  test.each(["a=1\r\nX-Injected: 1", "a=\u0000", "a=é😀"])(
    "a storage that gives %j is refused, and not shown",
    async (header) => {
      const storage: CookiesStorage = { get: () => header, add: () => undefined };
      await using client = testClient().install(HttpCookies, { storage });
      const error = await failure(client.webSocketSession("ws://127.0.0.1:1/"), InvalidArgumentError);
      expect(error.message).not.toContain("Injected");
      await failure(client.get("http://127.0.0.1:1/"), InvalidArgumentError);
    },
  );

  test.each(["__proto__", "constructor", "hasOwnProperty"])("the name %s is a name", async (name) => {
    await using server = await httpServer(() => ({ status: 200, headers: { "Set-Cookie": `${name}=1` } }));
    await using client = withJar();
    for (let count = 0; count < 2; count++) await (await client.get(server.http)).text();
    expect(server.last.headers.cookie).toBe(`${name}=1`);
    expect({}).not.toHaveProperty("path");
  });

  test("a storage that fails fails the call, and one that hangs is bounded by its deadline", async () => {
    const reason = new Error("disk full");
    const failing = { get: () => Promise.reject(reason), add: () => undefined };
    await using client = testClient().install(HttpCookies, { storage: failing });
    await expect(client.webSocketSession("ws://127.0.0.1:1/")).rejects.toBe(reason);
    const hanging = { get: () => new Promise<string>(() => undefined), add: () => undefined };
    await using other = testClient().install(HttpCookies, { storage: hanging });
    await expect(other.webSocketSession({ url: "ws://127.0.0.1:1/", timeout: 50 })).rejects.toMatchObject({
      code: "ERR_HALYARD_TIMEOUT",
    });
  });
});

test("without a storage it says where to get one", () => {
  const client = testClient();
  expect(() => client.install(HttpCookies)).toThrow(/toughCookies\(new CookieJar\(\)\)/);
});
