// SPDX-License-Identifier: Apache-2.0
// Credentials, and servers that ask for them without end, too cleverly, or from elsewhere. Real servers on loopback.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/client/plugins/challenges.ts";
import {
  Auth,
  type AuthProvider,
  basicAuth,
  bearerAuth,
  digestAuth,
  HandshakeError,
  HttpRedirect,
  HttpRequestRetry,
  InvalidArgumentError,
} from "../../src/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { DigestGuard } from "../support/digest-guard.ts";
import { type HttpServer, httpServer, type Reply, redirect } from "../support/http-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const password = "p4ss-canary";
const user = { username: "Ann", password };

function challenge(header: string): Reply {
  return { status: 401, headers: { "WWW-Authenticate": header } };
}

function authorized(...providers: AuthProvider[]) {
  return testClient().install(Auth, { providers });
}

describe("AU-01: one answer to a challenge, and no more", () => {
  test.each<[string, AuthProvider, string]>([
    ["Basic", basicAuth(user), 'Basic realm="r"'],
    ["Digest", digestAuth(user), 'Digest realm="r", nonce="n", qop="auth"'],
    [
      "Bearer",
      bearerAuth({ loadTokens: () => ({ accessToken: "t" }), refreshTokens: () => ({ accessToken: "u" }) }),
      "Bearer",
    ],
  ])("%s: a 401 for ever is an error after two requests", async (_, provider, header) => {
    await using server = await httpServer(() => challenge(header));
    await using client = authorized(provider).install(HttpRequestRetry);
    expect(await failure(client.webSocketSession(server.ws), HandshakeError)).toMatchObject({ status: 401 });
    expect(server.seen).toHaveLength(2);
    server.seen.length = 0;
    expect((await client.get(server.http)).status).toBe(401);
    expect(server.seen.length).toBeLessThanOrEqual(2);
  });

  test("Basic is sent when it is asked for, or at once where that is wanted", async () => {
    await using server = await httpServer(({ headers }) =>
      headers.authorization === `Basic ${btoa(`Ann:${password}`)}` ? "accept" : challenge("basic"),
    );
    await using client = authorized(basicAuth(user));
    await client.webSocket(server.ws, () => undefined);
    expect(server.seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([false, true]);
    await using eager = authorized(basicAuth({ ...user, sendWithoutRequest: true }));
    await eager.webSocket(server.ws, () => undefined);
    expect(server.seen).toHaveLength(3);
  });

  test("a body is sent again with the answer, unless it was a stream", async () => {
    await using server = await httpServer(({ headers }) =>
      headers.authorization ? "accept" : challenge("Basic"),
    );
    await using client = authorized(basicAuth(user));
    expect((await client.post({ url: server.http, body: "text" })).status).toBe(200);
    expect(server.seen.map(({ body }) => body)).toEqual(["text", "text"]);
    const body = new Blob(["once"]).stream();
    expect((await client.post({ url: server.http, body })).status).toBe(401);
  });

  test.each([
    ["MD5", ""],
    ["SHA-256", ""],
    ["MD5", "-sess"],
    ["SHA-256", "-sess"],
  ] as const)(
    "Digest with %s%s: a nonce is used again, counted, and replaced when it is stale",
    async (algorithm, suffix) => {
      const guard = new DigestGuard(password, algorithm, suffix);
      await using server = await httpServer(guard.check);
      await using client = authorized(digestAuth(user));
      await client.webSocket(`${server.ws}/a?b=c`, () => undefined);
      await (await client.request({ url: `${server.http}/x`, method: "PUT", body: "1" })).text();
      expect(server.seen).toHaveLength(3);
      guard.nonce = "nonce-2";
      await client.webSocket(server.ws, () => undefined);
      expect(server.seen).toHaveLength(5);
      expect(guard.counts).toEqual(["00000001", "00000002", "00000001"]);
      expect(server.seen.every(({ raw }) => !raw.includes(password))).toBe(true);
    },
  );

  test("Digest without qop, as old servers have it", async () => {
    await using server = await httpServer(new DigestGuard(password, "MD5", "", "").check);
    await using client = authorized(digestAuth(user));
    await client.webSocket(server.ws, () => undefined);
  });

  test("Digest: a wrong password, with a nonce that is good or new each time, is asked once", async () => {
    let count = 0;
    const guard = new DigestGuard(password, "SHA-256");
    await using server = await httpServer((request) => {
      guard.nonce = `nonce-${count++}`;
      return guard.check(request);
    });
    await using client = authorized(digestAuth({ ...user, password: "wrong" }));
    for (let call = 0; call < 2; call++) {
      server.seen.length = 0;
      await failure(client.webSocketSession(server.ws), HandshakeError);
      expect(server.seen).toHaveLength(2);
    }
  });
});

describe("AU-02: challenges", () => {
  test.each<[header: string, challenges: [scheme: string, ...parameters: [string, string][]][]]>([
    ["", []],
    ["Basic", [["basic"]]],
    ['Basic realm="r"', [["basic", ["realm", "r"]]]],
    ["bASIC REALM=r", [["basic", ["realm", "r"]]]],
    [
      'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
      [
        ["newauth", ["realm", "apps"], ["type", "1"], ["title", 'Login to "apps"']],
        ["basic", ["realm", "simple"]],
      ],
    ],
    ["Negotiate YWJj==, Bearer", [["negotiate"], ["bearer"]]],
    [', , Basic realm = "a, b" , charset="UTF-8",', [["basic", ["realm", "a, b"], ["charset", "UTF-8"]]]],
    ['Basic realm="never ends, Digest nonce="n"', [["basic", ["realm", 'never ends, Digest nonce="n']]]],
    ['realm="before any scheme", Basic', [["basic"]]],
    ["Basic realm=first, realm=second", [["basic", ["realm", "first"]]]],
    ["Basic __proto__=1", [["basic", ["__proto__", "1"]]]],
    ["@@@ a=b, Bearer", [["bearer"]]],
  ])("%j", (header, expected) => {
    const found = parseChallenges(header).map(({ scheme, parameters }) => [scheme, ...parameters]);
    expect(found).toEqual(expected);
  });

  test("any text is read in time that grows with its length, and throws nothing", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "=", '"', ",", " ", "\\", "\t", ";", "@", "Basic") }),
        (text) => void parseChallenges(text),
      ),
    );
    const time = (size: number) => {
      const began = performance.now();
      for (const piece of ['"', ",", "a ", 'a="', "\\", "a=b, ", " ", "="])
        parseChallenges(piece.repeat(size));
      return performance.now() - began;
    };
    time(1_000);
    expect(time(1_000_000)).toBeLessThan(500);
  });

  test("the safest that is known is answered, by the order of providers and of algorithms", async () => {
    const offers =
      'Unknown x="y", Basic realm="r", Digest realm="r", nonce="n", algorithm=MD5, qop="auth", Digest realm="r", nonce="m", algorithm=SHA-256, qop="auth"';
    await using server = await httpServer(({ headers }) =>
      headers.authorization ? "accept" : challenge(offers),
    );
    await using client = authorized(digestAuth(user), basicAuth(user));
    await client.webSocket(server.ws, () => undefined);
    expect(server.last.headers.authorization).toMatch(/^Digest .*nonce="m".*algorithm=SHA-256/);
  });

  test.each([
    ["another realm", basicAuth({ ...user, realm: "mine" }), 'Basic realm="theirs"'],
    ["another realm of Digest", digestAuth({ ...user, realm: "mine" }), 'Digest realm="theirs", nonce="n"'],
    [
      "an algorithm that is not known",
      digestAuth(user),
      'Digest realm="r", nonce="n", algorithm=SHA-512-256',
    ],
    [
      "an algorithm that is not wanted",
      digestAuth({ ...user, algorithms: ["SHA-256"] }),
      'Digest realm="r", nonce="n"',
    ],
    ["only auth-int", digestAuth(user), 'Digest realm="r", nonce="n", qop="auth-int"'],
    ["no nonce", digestAuth(user), 'Digest realm="r"'],
    ["another scheme", basicAuth(user), "Bearer"],
    [
      "another scheme than Bearer",
      bearerAuth({ loadTokens: () => ({ accessToken: "t" }), sendWithoutRequest: false }),
      "Basic",
    ],
  ])("%s is not answered", async (_, provider, header) => {
    await using server = await httpServer(() => challenge(header));
    await using client = authorized(provider);
    await failure(client.webSocketSession(server.ws), HandshakeError);
    expect(server.seen).toHaveLength(1);
  });
});

describe("AU-03: names and passwords", () => {
  test.each([
    ["user%40host", "p%3Ass%25", "user@host:p:ss%"],
    ["%C3%A9", "%F0%9F%98%80", "é:😀"],
  ])("user information %s:%s is decoded once", async (username, secret, plain) => {
    await using server = await httpServer(() => "accept");
    await using client = testClient();
    await client.webSocket(server.ws.replace("//", `//${username}:${secret}@`), () => undefined);
    const [, sent = ""] = server.last.headers.authorization?.split(" ") ?? [];
    expect(Buffer.from(sent, "base64").toString()).toBe(plain);
    await (await client.get(server.http.replace("//", `//${username}:${secret}@`))).text();
    expect(server.last.headers.authorization).toBe(`Basic ${sent}`);
  });

  test("a colon in the name is refused wherever it comes from", async () => {
    await using client = testClient();
    await failure(client.webSocketSession("ws://a%3Ab:c@127.0.0.1:1/"), InvalidArgumentError);
    await failure(
      client.webSocketSession({ url: "ws://127.0.0.1:1/", auth: { username: "a:b", password } }),
      InvalidArgumentError,
    );
    expect(() => basicAuth({ username: "a:b", password })).toThrow(InvalidArgumentError);
  });

  test.each(["", "c4nary x", "c4nary\r\nX: 1", "c4naryé"])(
    "the bearer token %j is refused, and not shown",
    async (token) => {
      await using client = testClient();
      const error = await failure(
        client.webSocketSession({ url: "ws://127.0.0.1:1/", auth: { token } }),
        InvalidArgumentError,
      );
      expect(error.message).not.toContain("c4nary");
    },
  );

  test("auth and a header of the same meaning are not both taken", async () => {
    await using client = testClient();
    const both = { url: "ws://127.0.0.1:1/", headers: { authorization: "x" }, auth: { token: "t" } };
    await failure(client.webSocketSession(both), InvalidArgumentError);
    const two = { url: "ws://127.0.0.1:1/", auth: { token: "t", username: "ann" } };
    await failure(client.webSocketSession(two), InvalidArgumentError);
  });

  test("a long password is one for the server to judge", () => {
    expect(() => basicAuth({ username: "ann", password: "é".repeat(200_000) })).not.toThrow();
  });
});

describe("AU-04: credentials are for their origin only", () => {
  const providers: [string, (origins?: string[]) => AuthProvider][] = [
    ["Basic", (origins) => basicAuth({ ...user, origins, sendWithoutRequest: true })],
    ["Bearer", (origins) => bearerAuth({ loadTokens: () => ({ accessToken: password }), origins })],
    ["Digest", (origins) => digestAuth({ ...user, origins })],
  ];

  test.each(providers)("%s: where a redirect leads nobody is answered", async (_, make) => {
    await using there = await httpServer(() =>
      challenge('Basic realm="r", Bearer, Digest realm="r", nonce="n", qop="auth"'),
    );
    await using here = await httpServer(() => redirect(there.ws));
    await using client = authorized(make()).install(HttpRedirect);
    await failure(client.webSocketSession(here.ws), HandshakeError);
    expect(there.seen).toHaveLength(1);
    expect(there.last.headers).not.toHaveProperty("authorization");
  });

  test.each(providers)("%s: unless it was named", async (_, make) => {
    await using there = await httpServer(({ headers }) =>
      headers.authorization ? "accept" : challenge('Digest realm="r", nonce="n", qop="auth"'),
    );
    await using here = await httpServer(() => redirect(there.ws));
    await using client = authorized(make([there.http])).install(HttpRedirect);
    await client.webSocket(here.ws, () => undefined);
    expect(there.last.headers.authorization).toBeDefined();
    expect(here.last.headers).not.toHaveProperty("authorization");
  });

  test.each(providers)("%s: what is named is all there is", async (_, make) => {
    await using server: HttpServer = await httpServer(() =>
      challenge('Basic realm="r", Bearer, Digest realm="r", nonce="n"'),
    );
    await using client = authorized(make(["https://example.org"]));
    await failure(client.webSocketSession(server.ws), HandshakeError);
    expect(server.seen).toHaveLength(1);
    expect(server.last.headers).not.toHaveProperty("authorization");
  });

  test("they are in no request target and no Host", async () => {
    await using server = await httpServer(() => "accept");
    await using client = testClient();
    await client.webSocket(server.ws.replace("//", `//ann:${password}@`), (session) => {
      expect(session.call.request.url.href).not.toContain(password);
    });
    expect(server.last.target).toBe("/");
    expect(server.last.headers.host).toBe(`127.0.0.1:${server.port}`);
  });
});
