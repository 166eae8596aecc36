// SPDX-License-Identifier: Apache-2.0
// Plain HTTP of a client, by the platform's fetch, to real servers.
import { createHash, createPublicKey } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { Js } from "../../src/engines/js/index.ts";
import {
  ClientClosedError,
  ConnectionError,
  DefaultRequest,
  HttpClient,
  type HttpRequest,
  InvalidArgumentError,
  TimeoutError,
  TlsError,
  UnsupportedCapabilityError,
  UserAgent,
} from "../../src/index.ts";
import { FakeEngine } from "../client/fake-engine.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { hostileServer, unusedPort } from "../support/hostile-server.ts";
import { httpServer } from "../support/http-server.ts";
import { checkLeaks, watchedController } from "../support/leaks.ts";
import { socketPath } from "../support/socket-path.ts";

checkLeaks();

const { ca, good, client: ours, wrongHost } = certificates();

/** As in a page of jsdom, or of a library older than the platform's. */
class ForeignController {
  readonly signal = Object.assign(new EventTarget(), {
    aborted: false,
    reason: undefined as unknown,
  }) as AbortSignal;

  abort(reason: unknown): void {
    Object.assign(this.signal, { aborted: true, reason }).dispatchEvent(new Event("abort"));
  }
}

test("methods, targets, queries and headers are those of a handshake's request", async () => {
  await using server = await httpServer(() => "accept");
  await using client = testClient()
    .install(DefaultRequest, { url: `${server.http}/base/`, headers: { "X-Team": "red" } })
    .install(UserAgent, { agent: "fleet/1" });
  for (const method of ["get", "post", "put", "patch", "delete"] as const) {
    const response = await client[method]({ path: `${method}?a=b`, query: { c: [1, "d e"] } });
    expect(await response.text()).toBe("ok");
    expect(server.last).toMatchObject({
      method: method.toUpperCase(),
      target: `/base/${method}?a=b&c=1&c=d+e`,
    });
  }
  expect((await client.head("/x")).status).toBe(200);
  await (await client.request({ path: "/y", method: "REPORT", headers: { "X-Team": "blue" } })).text();
  expect(server.last).toMatchObject({
    method: "REPORT",
    headers: { "x-team": "blue", "user-agent": "fleet/1" },
  });
  await (await client.get(new URL(`${server.ws}/z`))).text();
  expect(server.last).toMatchObject({ target: "/z", headers: { "x-team": "red" } });
});

test("it goes beside a session of the same client, inside of its block, and behind it", async () => {
  await using server = await httpServer(() => "accept");
  await using client = testClient();
  const get = async () => await (await client.get(server.http)).text();
  const session = await client.webSocketSession(server.ws);
  expect(await get()).toBe("ok");
  await session.close();
  expect(await client.webSocket(server.ws, get)).toBe("ok");
  expect(await get()).toBe("ok");
});

describe("bodies", () => {
  const form = new FormData();
  form.append("name", "Ann");
  test.each<[name: string, request: object, body: string | RegExp, type: string | RegExp | undefined]>([
    ["text", { body: "text" }, "text", "text/plain;charset=UTF-8"],
    ["bytes", { body: Uint8Array.of(104, 105) }, "hi", undefined],
    [
      "URLSearchParams",
      { body: new URLSearchParams({ a: "b c" }) },
      "a=b+c",
      /^application\/x-www-form-urlencoded/,
    ],
    ["FormData", { body: form }, /name="name"\r\n\r\nAnn\r\n/, /^multipart\/form-data; boundary=/],
    ["a stream", { body: new Blob(["streamed"]).stream() }, "streamed", undefined],
    ["JSON", { json: { a: [1, null] } }, '{"a":[1,null]}', "application/json"],
    ["null as JSON", { json: false }, "false", "application/json"],
    [
      "JSON with a type",
      { json: {}, headers: { "content-type": "application/x+json" } },
      "{}",
      "application/x+json",
    ],
    ["none", {}, "", undefined],
  ])("%s", async (_, request, body, type) => {
    await using server = await httpServer(() => "accept");
    await using client = testClient();
    await (await client.post({ url: server.http, ...request })).text();
    if (body instanceof RegExp) expect(server.last.body).toMatch(body);
    else expect(server.last.body).toBe(body);
    if (type instanceof RegExp) expect(server.last.headers["content-type"]).toMatch(type);
    else expect(server.last.headers["content-type"]).toBe(type);
  });
});

test("the response is the platform's, whatever its status", async () => {
  await using server = await httpServer(() => ({ status: 418, headers: { "X-A": "1" }, body: '{"a":1}' }));
  await using client = testClient();
  const response = await client.get(server.http);
  expect(response).toBeInstanceOf(Response);
  expect([response.status, response.headers.get("x-a"), await response.json()]).toEqual([418, "1", { a: 1 }]);
});

describe("with the engine's TLS options", () => {
  test("an authority of its own is trusted, and by that client only", async () => {
    await using server = await httpServer(() => "accept", good);
    await using client = testClient({}, { tls: { ca } });
    for (let count = 0; count < 3; count++) expect(await (await client.get(server.http)).text()).toBe("ok");
    await using stranger = testClient();
    const error = await failure(stranger.get(server.http), TlsError);
    expect(error).toMatchObject({ code: "ERR_HALYARD_TLS", phase: "tls", url: `${server.http}/` });
    await using other = testClient({}, { tls: { ca: certificates().otherCa } });
    await failure(other.get(server.http), TlsError);
  });

  test("the name is verified", async () => {
    await using server = await httpServer(() => "accept", wrongHost);
    await using client = testClient({}, { tls: { ca } });
    await failure(client.get(server.http), TlsError);
  });

  test("servername is another name to verify", async () => {
    await using server = await httpServer(() => "accept", wrongHost);
    await using named = testClient({}, { tls: { ca, servername: "other.test" } });
    expect(await (await named.get(server.http)).text()).toBe("ok");
  });

  test("pins are held against", async () => {
    await using server = await httpServer(() => "accept", good);
    const pin = `sha256/${createHash("sha256")
      .update(createPublicKey(good.cert).export({ type: "spki", format: "der" }))
      .digest("base64")}`;
    await using client = testClient({}, { tls: { ca, pins: { localhost: [pin] } } });
    expect(await (await client.get(server.http)).text()).toBe("ok");
    const other = `sha256/${Buffer.alloc(32).toString("base64")}`;
    await using strict = testClient({}, { tls: { ca, pins: { localhost: [other] } } });
    const error = await failure(strict.get(server.http), TlsError);
    expect(error.reason).toBe("ERR_HALYARD_PIN_MISMATCH");
    expect(server.seen).toHaveLength(1);
  });

  test("our certificate is shown", async () => {
    await using server = await httpServer(() => "accept", {
      ...good,
      requestCert: true,
      rejectUnauthorized: true,
      ca,
    } as never);
    await using client = testClient({}, { tls: { ca, cert: ours.cert, key: ours.key } });
    expect(await (await client.get(server.http)).text()).toBe("ok");
    await using nobody = testClient({}, { tls: { ca } });
    await failure(nobody.get(server.http), ConnectionError);
  });

  test("a Unix socket is connected to", async () => {
    await using path = await socketPath();
    await using server = await hostileServer(
      async (peer) => {
        const head = await peer.request();
        peer.end(
          `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n${/^\S+ \S+/.exec(head)?.[0].slice(4, 8)}`,
        );
      },
      { socketPath: path.name },
    );
    await using client = testClient();
    const response = await client.get({ url: "http://unix.test/abc", socketPath: path.name });
    expect(await response.text()).toBe("/abc");
    await client.close();
    await server.abandoned();
  });

  test("closing the client closes what it has open", async () => {
    const stuck = new Promise<never>(() => undefined);
    await using server = await httpServer(() => stuck, good);
    const client = testClient({}, { tls: { ca } });
    const response = client.get(server.http);
    const outcome = failure(response, ClientClosedError);
    await client.close();
    await outcome;
    await failure(client.get(server.http), ClientClosedError);
  });
});

describe("an end", () => {
  test("nothing listens", async () => {
    await using client = testClient();
    const url = `http://127.0.0.1:${await unusedPort()}/?token=1`;
    const error = await failure(client.get(url), ConnectionError);
    expect(error).toMatchObject({ code: "ERR_HALYARD_CONNECTION", url: url.replace("token=1", "...") });
    await using js = new HttpClient(Js);
    const same = await failure(js.get(url), ConnectionError);
    expect([error.message, same.message].join()).not.toContain("token=1");
  });

  test("the deadline, and the caller's abort, before there is an answer", async () => {
    await using server = await httpServer(() => new Promise<never>(() => undefined));
    await using client = testClient();
    const late = await failure(client.get({ url: server.http, timeout: 100 }), TimeoutError);
    expect(late.message).toBe(`the request to ${server.http}/ took longer than 100 ms`);
    const connect = { url: server.http, timeout: { connectTimeout: 50 } };
    expect((await failure(client.get(connect), TimeoutError)).milliseconds).toBe(50);
    const controller = watchedController();
    const reason = new Error("enough");
    const asked = client.get({ url: server.http, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(asked).rejects.toBe(reason);
    await expect(client.get({ url: server.http, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test.each([
    ["the platform's", new AbortController()],
    ["another library's", new ForeignController()],
  ])("the caller's abort, while the body is read, by %s signal", async (_, controller) => {
    function* endless() {
      for (;;) yield Buffer.alloc(65_536, "x");
    }
    await using server = await httpServer(() => ({ status: 200, body: endless() }));
    await using client = testClient();
    const reason = new Error("enough");
    const response = await client.get({ url: server.http, signal: controller.signal, timeout: 2_000 });
    const reading = response.text();
    setTimeout(() => controller.abort(reason), 30);
    await expect(reading).rejects.toBe(reason);
  });
});

test("a signal of another library has one listener, however many requests it is given to", async () => {
  await using server = await httpServer(() => "accept");
  await using client = testClient();
  const controller = new ForeignController();
  const listening = vi.spyOn(controller.signal, "addEventListener");
  const dropping = vi.spyOn(controller.signal, "removeEventListener");
  for (let request = 0; request < 5; request++) {
    await (await client.get({ url: server.http, signal: controller.signal })).text();
  }
  expect(listening.mock.calls.length - dropping.mock.calls.length).toBe(1);
});

describe("what cannot be asked is refused", () => {
  test.each<[HttpRequest]>([
    [{ url: "http://127.0.0.1/", body: "a", json: 1 }],
    [{ url: "http://127.0.0.1/", method: "GE T" }],
    [{ url: "http://127.0.0.1/", method: "POST" }],
    [{ url: "http://127.0.0.1/", subprotocols: ["a"] } as never],
    [{ url: "http://127.0.0.1/", signal: {} as never }],
    [{ url: "http://127.0.0.1/", timeout: 0 }],
    ["ftp://127.0.0.1/"],
  ])("%j", async (request) => {
    await using client = testClient();
    await failure(client.get(request), InvalidArgumentError);
  });

  test("by an engine without headers, cookies; by one without sockets, their paths", async () => {
    const client = new HttpClient(new FakeEngine([]));
    const cookies = client.get({ url: "http://127.0.0.1:1/", cookies: { a: "1" } });
    expect((await failure(cookies, UnsupportedCapabilityError)).capability).toBe("requestHeaders");
    const unix = client.get({ url: "http://127.0.0.1:1/", socketPath: "/nowhere" });
    expect((await failure(unix, UnsupportedCapabilityError)).capability).toBe("unixSockets");
  });
});
