// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { HttpMethod, partsOf, requestOptions, targetParts } from "../../src/client/request-parts.ts";
import { InvalidArgumentError, type RequestTarget } from "../../src/index.ts";

const nothing = {
  protocol: undefined,
  host: undefined,
  port: undefined,
  path: undefined,
  query: [],
  headers: [],
  subprotocols: [],
  socketPath: undefined,
  proxy: undefined,
  userInfo: undefined,
};

describe("the parts of a URL", () => {
  test.each<[url: string, parts: object]>([
    ["ws://h", { protocol: "ws", host: "h", path: "/" }],
    ["WSS://H.Test:444/P", { protocol: "wss", host: "h.test", port: 444, path: "/P" }],
    ["http://h/", { protocol: "ws", host: "h", path: "/" }],
    ["https://h/", { protocol: "wss", host: "h", path: "/" }],
    // The default port of a scheme is as good as none.
    ["ws://h:80/", { protocol: "ws", host: "h", path: "/" }],
    ["https://h:443/", { protocol: "wss", host: "h", path: "/" }],
    ["ws://h:443/", { protocol: "ws", host: "h", port: 443, path: "/" }],
    ["ws://[::1]:81/", { protocol: "ws", host: "[::1]", port: 81, path: "/" }],
    ["ws://bücher.test/", { protocol: "ws", host: "xn--bcher-kva.test", path: "/" }],
    ["ws://h/a%2Fb/../c?x=1&x=%26&y", { protocol: "ws", host: "h", path: "/c", query: ["x=1", "x=%26", "y"] }], // biome-ignore format: a row
    [
      "ws://u%3a:p%20@h/",
      { protocol: "ws", host: "h", path: "/", userInfo: { username: "u%3a", password: "p%20" } },
    ],
    ["ws://u@h/", { protocol: "ws", host: "h", path: "/", userInfo: { username: "u", password: "" } }],
    ["/only/path?x=1", { path: "/only/path", query: ["x=1"] }],
    ["/?", { path: "/" }],
  ])("%s", (url, parts) => {
    expect(partsOf({ url })).toEqual({ ...nothing, ...parts });
    if (!url.startsWith("/")) expect(partsOf({ url: new URL(url) })).toEqual({ ...nothing, ...parts });
  });
});

describe("options", () => {
  test("win over the URL, part by part; a query is added to", () => {
    const options: RequestTarget = {
      url: "https://u:p@old:1/old?x=1",
      protocol: "http",
      host: "new",
      port: 2,
      path: "/new?y=2",
      query: { z: 3, t: true, e: "" },
      socketPath: "/run/s",
    };
    expect(partsOf(options)).toEqual({
      ...nothing,
      protocol: "ws",
      host: "new",
      port: 2,
      path: "/new",
      query: ["x=1", "y=2", "z=3", "t=true", "e="],
      socketPath: "/run/s",
      userInfo: { username: "u", password: "p" },
    });
  });

  test.each<[headers: NonNullable<RequestTarget["headers"]>]>([
    [{ A: "1", B: ["2", "3"] }],
    [{ A: "1", X: undefined, B: "2" }],
    [
      [
        ["A", "1"],
        ["B", "2"],
        ["B", "3"],
      ],
    ],
    [
      new Map([
        ["A", "1"],
        ["B", "2"],
      ]).entries(),
    ],
    [new Headers({ a: "1", b: "2, 3" })],
  ])("headers as %o", (headers) => {
    const pairs = partsOf({ headers }).headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
    expect(pairs.slice(0, 2)).toEqual(["a: 1", expect.stringMatching(/^b: 2/) as string]);
  });

  test("are a snapshot: what changes later, changes nothing", () => {
    const subprotocols = ["a"];
    const headers: [string, string][] = [["A", "1"]];
    const parts = partsOf({ subprotocols, headers });
    subprotocols.push("b");
    headers.push(["B", "2"]);
    expect(parts).toMatchObject({ subprotocols: ["a"], headers: [["A", "1"]] });
  });

  test("that are undefined say nothing", () => {
    expect(partsOf(Object.fromEntries(Object.keys(nothing).map((name) => [name, undefined])))).toEqual(
      nothing,
    );
  });
});

test("a request is a URL, or options", () => {
  expect(requestOptions("ws://h/")).toEqual({ url: "ws://h/" });
  const url = new URL("ws://h/");
  expect(requestOptions(url).url).toBe(url);
  const { signal } = new AbortController();
  expect(requestOptions({ url, timeout: 5, signal, method: HttpMethod.Get })).toEqual({
    url,
    timeout: 5,
    signal,
    method: "GET",
  });
  expect(() => requestOptions({ method: "PUT" as "GET" })).toThrow(/method is "PUT"/);
});

test("a default for others has no signal, no timeout and no method", () => {
  for (const name of ["signal", "timeout", "method"]) {
    expect(() => targetParts("DefaultRequest", { [name]: undefined } as RequestTarget)).toThrow(
      InvalidArgumentError,
    );
  }
  expect(targetParts("DefaultRequest", { host: "h" })).toEqual({ ...nothing, host: "h" });
});
