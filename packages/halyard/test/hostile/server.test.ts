// SPDX-License-Identifier: Apache-2.0
// What clients, and the pages that send them, can do to a server.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import { InvalidArgumentError } from "../../src/index.ts";
import { HeaderList } from "../../src/protocol/handshake/header-list.ts";
import { upgradeWebSocket, WebSocketServer } from "../../src/server/index.ts";
import { isAllowedOrigin } from "../../src/server/origin.ts";
import { bareClient, request } from "../support/bare-client.ts";
import { checkLeaks, turns } from "../support/leaks.ts";

checkLeaks();

/** The status of the answer to one request. */
async function statusOf(port: number, text: string): Promise<number> {
  await using client = await bareClient(port);
  client.write(text);
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(await client.hears(/^HTTP\/1\.1 \d+ [^]*\r\n\r\n/)) ?? [];
  return Number(status);
}

describe("SV-01: hosts", () => {
  const hosts = ["app.test", "localhost", "127.0.0.1", "[::1]"];

  test.each([
    ["app.test", 101],
    ["APP.test:8080", 101],
    ["127.0.0.1:80", 101],
    ["[::1]:80", 101],
    ["evil.test", 421],
    ["app.test.evil.test", 421],
    ["evilapp.test", 421],
    ["app.test.", 421],
    ["app.test@evil.test", 400],
    ["127.0.0.2", 421],
    ["[", 421],
  ])("a request for %s is answered with %i where names are listed", async (host, status) => {
    await using server = new WebSocketServer({ hosts }).webSocket("/", () => undefined);
    const { port } = await server.listen();
    expect(await statusOf(port, request({ headers: { Host: host } }))).toBe(status);
  });

  test("a page whose name was made to lead here is refused, though it is of the host that it names", async () => {
    const page = { Host: "evil.test:8080", Origin: "http://evil.test:8080" };
    await using open = new WebSocketServer().webSocket("/", () => undefined);
    await using strict = new WebSocketServer({ hosts }).webSocket("/", () => undefined);
    expect(await statusOf((await open.listen()).port, request({ headers: page }))).toBe(101);
    expect(await statusOf((await strict.listen()).port, request({ headers: page }))).toBe(421);
  });

  test.each([["http://app.test"], ["app.test:80"], [""], ["*"], [5], ["app.test/"], ["APP.test"]])(
    "%j is no name for hosts",
    (host) => {
      expect(() => new WebSocketServer({ hosts: [host as string] })).toThrow(InvalidArgumentError);
      expect(() => new WebSocketServer({ hosts: host as never })).toThrow(InvalidArgumentError);
    },
  );

  test("an origin may connect if it is the whole of a listed one, or of the host, and no other, whatever it looks like", () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,4}){1,2}$/);
    const near = fc.oneof(
      name.map((other) => (own: string) => `https://${own}.${other}`),
      name.map((other) => (own: string) => `https://${other}${own}`),
      name.map((other) => (own: string) => `https://${own}@${other}`),
      name.map((other) => (own: string) => `https://${other}/${own}`),
      name.map((other) => (own: string) => `https://${other}?${own}`),
      fc.integer({ min: 1, max: 442 }).map((port) => (own: string) => `https://${own}:${port}`),
      fc.constantFrom(
        (own: string) => `https://${own}/`,
        (own: string) => `https://${own}.`,
        (own: string) => ` https://${own}`,
        (own: string) => `https://${own},https://${own}`,
        (own: string) => `ftp://${own}`,
        (own: string) => own,
        () => "null",
        () => "https://",
        () => "file://",
        () => "",
      ),
    );
    fc.assert(
      fc.property(name, near, (own, make) => {
        const allowed = (origin: string) =>
          isAllowedOrigin(
            new HeaderList([
              ["Host", "here.test"],
              ["Origin", origin],
            ]),
            [`https://${own}`],
          );
        expect(allowed(`https://${own}`)).toBe(true);
        expect(allowed(make(own)), make(own)).toBe(false);
      }),
    );
  });
});

test("SV-02: of handshakes that come at once as many are accepted as are allowed, and all are answered", async () => {
  await using server = new WebSocketServer({ maxConnections: 3 }).webSocket("/", ({ ended }) => ended);
  const { port } = await server.listen();
  const clients = await Promise.all(Array.from({ length: 20 }, () => bareClient(port)));
  for (const client of clients) client.write(request());
  const answers = await Promise.all(clients.map((client) => client.hears(/^HTTP\/1\.1 \d+ /)));
  expect(answers.filter((answer) => answer.startsWith("HTTP/1.1 101 "))).toHaveLength(3);
  expect(answers.filter((answer) => answer.startsWith("HTTP/1.1 503 "))).toHaveLength(17);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

test.each([
  ["Sec-WebSocket-Protocol", "a,", 400],
  ["Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=8,", 101],
  ["Sec-WebSocket-Extensions", "a;b=c;d=e;", 400],
  ["Sec-WebSocket-Extensions", 'a;b="\\c', 400],
])(
  "SV-04: %s of as many %s as a head holds is answered, and agrees to one thing at most",
  async (name, offer, status) => {
    await using server = new WebSocketServer({ subprotocols: ["chat"], extensions: [deflate()] }).webSocket(
      "/",
      () => undefined,
    );
    const { port } = await server.listen();
    await using client = await bareClient(port);
    const began = process.cpuUsage();
    client.write(request({ headers: { [name]: offer.repeat(14_000 / offer.length) } }));
    const answer = await client.hears(/^HTTP\/1\.1 \d+ [^]*\r\n\r\n/);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.match(/^Sec-WebSocket-(Extensions|Protocol)/gim)?.length ?? 0).toBeLessThan(2);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  },
);

describe("SV-12: a request that names another server", () => {
  test("makes no connection anywhere, and is checked as others are", async () => {
    let connections = 0;
    const victim = createHttpServer().on("connection", () => connections++);
    victim.listen(0, "127.0.0.1");
    await once(victim, "listening");
    const target = `http://127.0.0.1:${(victim.address() as AddressInfo).port}/admin`;
    await using server = new WebSocketServer({ hosts: ["localhost"] }).webSocket("/", () => undefined);
    const { port } = await server.listen();
    expect(await statusOf(port, request({ path: target, headers: { Host: "localhost" } }))).toBe(404);
    await turns();
    expect(connections).toBe(0);
    victim.close();
    await once(victim, "close");
  });

  test("is refused by upgradeWebSocket for what a WebSocketServer refuses", async () => {
    const server = createHttpServer();
    server.on("upgrade", (message, socket, head) => {
      void upgradeWebSocket(message, socket, head, () => undefined, { hosts: ["localhost"] });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(await statusOf(port, request({ headers: { Host: "evil.test" } }))).toBe(421);
    expect(
      await statusOf(port, request({ headers: { Host: "localhost", Origin: "http://evil.test" } })),
    ).toBe(403);
    expect(await statusOf(port, request({ headers: { Host: "localhost" } }))).toBe(101);
    server.close();
    await once(server, "close");
  });
});
