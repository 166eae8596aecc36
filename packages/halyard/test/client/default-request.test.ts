// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  DefaultRequest,
  HttpClient,
  InvalidArgumentError,
  type WebSocketRequest,
  WebSockets,
} from "../../src/index.ts";
import { FakeEngine } from "./fake-engine.ts";

/** The request that a client with these defaults makes. */
async function requestOf(
  defaults: DefaultRequest.Config,
  request: WebSocketRequest,
  ...more: DefaultRequest.Config[]
) {
  const engine = new FakeEngine();
  await using client = more.reduce<HttpClient<"WebSockets">>(
    (made, config) => made.install(DefaultRequest, config),
    new HttpClient(engine).install(WebSockets).install(DefaultRequest, defaults),
  );
  await client.webSocketSession(request);
  return engine.request;
}

describe("a default", () => {
  test.each<[defaults: DefaultRequest.Config, request: WebSocketRequest, href: string]>([
    [{ url: "wss://d.test:81/base/" }, {}, "wss://d.test:81/base/"],
    [{ url: "wss://d.test:81/base/" }, { path: "x" }, "wss://d.test:81/base/x"],
    [{ url: "wss://d.test:81/base" }, { path: "x" }, "wss://d.test:81/x"],
    [{ url: "wss://d.test:81/base/" }, { path: "../x" }, "wss://d.test:81/x"],
    [{ url: "wss://d.test:81/base/" }, { path: "/x" }, "wss://d.test:81/x"],
    [{ url: "wss://d.test:81/base/" }, "/x?y=1", "wss://d.test:81/x?y=1"],
    [{ url: "wss://d.test:81/" }, { port: 82 }, "wss://d.test:82/"],
    [{ host: "d.test" }, { path: "x" }, "ws://d.test/x"],
    // Another host has nothing to do with the default's port; the scheme is still the default's.
    [{ url: "wss://d.test:81/" }, { host: "o.test" }, "wss://o.test/"],
    [{ url: "wss://d.test:81/base/" }, "ws://o.test/", "ws://o.test/"],
    [{ port: 81 }, { host: "o.test" }, "ws://o.test/"],
    [{ protocol: "wss" }, { host: "h" }, "wss://h/"],
    [{ protocol: "https", host: "h" }, {}, "wss://h/"],
    // Queries come together; a name of the request's own keeps its value.
    [{ url: "ws://h/?a=1&b=2" }, { query: { b: "3", c: "4" } }, "ws://h/?b=3&c=4&a=1"],
    [{ query: { a: "1" } }, "ws://h/?a=2&a=3", "ws://h/?a=2&a=3"],
    [{ query: { a: "1", A: "2" } }, "ws://h/?A=3", "ws://h/?A=3&a=1"],
  ])("%j completes %j to %s", async (defaults, request, href) => {
    expect((await requestOf(defaults, request)).url.href).toBe(href);
  });

  test("adds headers that the request has not, whatever their case", async () => {
    const defaults = { headers: { "X-A": ["1", "2"], "X-B": "3" } };
    expect((await requestOf(defaults, { headers: { "x-a": "4" } })).headers).toEqual([
      ["x-a", "4"],
      ["X-B", "3"],
    ]);
    expect((await requestOf(defaults, {})).headers).toEqual([
      ["X-A", "1"],
      ["X-A", "2"],
      ["X-B", "3"],
    ]);
  });

  test("gives subprotocols and a socket path to whoever names none", async () => {
    const defaults = { subprotocols: ["a", "b"], socketPath: "/run/d" };
    expect(await requestOf(defaults, {})).toMatchObject({ subprotocols: ["a", "b"], socketPath: "/run/d" });
    const own = { subprotocols: ["c"], socketPath: "/run/o" };
    expect(await requestOf(defaults, own)).toMatchObject(own);
  });

  test.each<[request: WebSocketRequest]>([["ws://o.test"], [{ host: "o.test", path: "" }]])(
    "gives %j, of another host, nothing that belongs to its own: no place there, no credentials (RD-01)",
    async (request) => {
      const defaults = {
        url: "wss://u:p@d.test:81/base/?key=secret",
        headers: {
          authorization: "secret",
          COOKIE: "secret",
          "Proxy-Authorization": "secret",
          "X-Team": "red",
        },
        subprotocols: ["a"],
        socketPath: "/run/d",
      };
      const made = await requestOf(defaults, request);
      expect(made).toMatchObject({
        headers: [["X-Team", "red"]],
        subprotocols: ["a"],
        socketPath: undefined,
        proxy: undefined,
      });
      expect(made.url.href).toBe(typeof request === "string" ? "ws://o.test/" : "wss://o.test/");
    },
  );

  test("of a virtual host does not name another host so", async () => {
    const defaults = { host: "d.test", headers: { Host: "inner.test", "X-Team": "red" } };
    expect((await requestOf(defaults, "ws://o.test/")).headers).toEqual([["X-Team", "red"]]);
    expect((await requestOf(defaults, "/a")).headers).toContainEqual(["Host", "inner.test"]);
  });

  test.each<[host: string, request: WebSocketRequest]>([
    ["d.test", { host: "D.test" }],
    ["D.test", "ws://d.test"],
    ["::1", "ws://[::1]"],
    ["bücher.test", { host: "xn--bcher-kva.test" }],
  ])("for %s knows its own host in %j, however it is written", async (host, request) => {
    const { headers } = await requestOf({ host, headers: { Cookie: "a=b" } }, request);
    expect(headers).toEqual([["Cookie", "a=b"]]);
  });

  test("without a host is for every host", async () => {
    const { headers, url } = await requestOf({ query: { a: 1 }, headers: { Cookie: "a=b" } }, "ws://o.test/");
    expect(headers).toEqual([["Cookie", "a=b"]]);
    expect(url.href).toBe("ws://o.test/?a=1");
  });

  test("keeps its user information to its own host (RD-01)", async () => {
    const defaults = { url: "ws://u:p@d.test/" };
    const basic = ["Authorization", `Basic ${btoa("u:p")}`];
    expect((await requestOf(defaults, "/x")).headers).toEqual([basic]);
    expect((await requestOf(defaults, "ws://o.test/")).headers).toEqual([]);
    expect((await requestOf(defaults, { host: "o.test" })).headers).toEqual([]);
    expect((await requestOf(defaults, { headers: { Authorization: "Bearer t" } })).headers).toEqual([
      ["Authorization", "Bearer t"],
    ]);
  });
});

test("of two installations records of headers and query add up", async () => {
  const request = await requestOf(
    { host: "h", headers: { A: "1", B: "2" }, query: { a: 1, b: [2, 3] } },
    {},
    { headers: { B: "4", C: undefined }, query: { b: [5], c: "6" } },
  );
  expect(request.url.href).toBe("ws://h/?a=1&b=5&c=6");
  expect(request.headers).toEqual([
    ["A", "1"],
    ["B", "4"],
  ]);
});

test("of two installations the second wins, and the first still counts", async () => {
  const request = await requestOf(
    { url: "wss://d.test/base/", headers: { A: "1" } },
    { path: "x" },
    { port: 82 },
  );
  expect(request.url.href).toBe("wss://d.test:82/base/x");
  expect(request.headers).toEqual([["A", "1"]]);
});

test("one request does not change what the next one gets", async () => {
  const engine = new FakeEngine();
  await using client = new HttpClient(engine)
    .install(WebSockets)
    .install(DefaultRequest, { url: "ws://h/?a=1", headers: { A: "1" } });
  await client.webSocketSession({ query: { b: 2 }, headers: { B: "2" } });
  await client.webSocketSession({});
  expect(engine.request.url.href).toBe("ws://h/?a=1");
  expect(engine.request.headers).toEqual([["A", "1"]]);
});

test.each([{ hots: "h" }, { timeout: 5 }, { url: "ftp://h/" }, { port: 0 }, { host: "a b" }])(
  "%j is refused when it is installed",
  (config) => {
    expect(() => new HttpClient(new FakeEngine()).install(DefaultRequest, config as object)).toThrow(
      InvalidArgumentError,
    );
  },
);
