// SPDX-License-Identifier: Apache-2.0
// Which pages may connect (SV-01, RFC 6455 section 10.2).
import { describe, expect, test } from "vitest";
import { HalyardError, InvalidArgumentError } from "../../src/index.ts";
import { HeaderList } from "../../src/protocol/handshake/header-list.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { checkOrigins, isAllowedOrigin } from "../../src/server/origin.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

function request(host: string, ...origins: string[]): HeaderList {
  return new HeaderList([["Host", host], ...origins.map((origin) => ["Origin", origin] as const)]);
}

describe("without a list (SV-01)", () => {
  test.each([
    ["a program that names no page", request("h")],
    ["a page of the host", request("h.test", "http://h.test")],
    ["a page of the host by TLS, which a proxy may have ended", request("h.test", "https://h.test")],
    ["a page of the host and port", request("h.test:8080", "http://h.test:8080")],
    ["the default port, said and not said", request("h.test:443", "https://h.test")],
    ["a host in capitals", request("H.Test", "http://h.test")],
    ["an IPv6 address", request("[::1]:81", "http://[::1]:81")],
  ])("%s may connect", (_name, headers) => {
    expect(isAllowedOrigin(headers, [])).toBe(true);
  });

  test.each([
    ["another host", request("h.test", "https://evil.test")],
    ["another port", request("h.test:8080", "http://h.test:8081")],
    ["a host that ends alike", request("h.test", "https://evilh.test")],
    ["a host that begins alike", request("h.test", "https://h.test.evil.test")],
    ["a subdomain", request("h.test", "https://sub.h.test")],
    ["the host as user information", request("h.test", "https://h.test@evil.test")],
    ["a page without an origin", request("h.test", "null")],
    ["an empty Origin", request("h.test", "")],
    ["a path behind the origin", request("h.test", "https://h.test/")],
    ["a file", request("", "file://")],
    ["what is no URL", request("h.test", "h.test")],
    ["two Origins", request("h.test", "http://h.test", "http://h.test")],
    ["a Host that is none", request("[", "http://h.test")],
  ])("%s may not", (_name, headers) => {
    expect(isAllowedOrigin(headers, [])).toBe(false);
  });
});

test("listed origins may connect, compared whole; others than these and our own host may not", () => {
  const origins = checkOrigins(["https://app.test", "http://localhost:3000", "null"]);
  for (const origin of ["https://app.test", "http://localhost:3000", "null", "https://h.test"]) {
    expect(isAllowedOrigin(request("h.test", origin), origins), origin).toBe(true);
  }
  for (const origin of [
    "http://app.test",
    "https://app.test:8443",
    "http://localhost",
    "https://evil.test",
  ]) {
    expect(isAllowedOrigin(request("h.test", origin), origins), origin).toBe(false);
  }
  expect(isAllowedOrigin(request("h.test", "https://evil.test"), checkOrigins("*"))).toBe(true);
});

test.each([["https://app.test/"], ["app.test"], ["*.app.test"], ["https://APP.test"], [""], [7]])(
  "%j is refused as an origin, since it would match nothing",
  (origin) => {
    expect(() => new WebSocketServer({ origins: [origin as string] })).toThrow(InvalidArgumentError);
  },
);

test("what is no list of origins is refused", () => {
  expect(() => new WebSocketServer({ origins: "https://app.test" as "*" })).toThrow(InvalidArgumentError);
});

test("a page of another host gets 403, and one that is listed a session", async () => {
  await using server = new WebSocketServer({ origins: ["https://app.test"] }).webSocket("/", () => undefined);
  const { url } = await server.listen();
  await using client = testClient();
  const open = (origin: string) => client.webSocketSession({ url, headers: { Origin: origin } });
  await expect(open("https://evil.test")).rejects.toMatchObject({ status: 403 });
  expect((await (await open("https://app.test")).ended).clean).toBe(true);
});

test("past maxConnections a handshake gets 503, until a session has ended (SV-02)", async () => {
  await using server = new WebSocketServer({ maxConnections: 2 }).webSocket("/", async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  });
  const { url } = await server.listen();
  await using client = testClient();
  const first = await client.webSocketSession(url);
  const second = await client.webSocketSession(url);
  await expect(client.webSocketSession(url)).rejects.toMatchObject({ status: 503 });
  await first.close();
  const third = await client.webSocketSession(url);
  expect((await third.close()).clean).toBe(true);
  expect((await second.close()).clean).toBe(true);
  expect(() => new WebSocketServer({ maxConnections: 0 })).toThrow(HalyardError);
});
