// SPDX-License-Identifier: Apache-2.0
// What a program can know of how a connection came about: timings, and events without secrets.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CioOptions } from "../../src/engines/cio/index.ts";
import { type ConnectionEvent, ConnectionEvents, HalyardError } from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import {
  closeFrame,
  type HostileOptions,
  hostileServer,
  type Script,
  unusedPort,
} from "../support/hostile-server.ts";
import { accept, http2Server } from "../support/http2-server.ts";
import { checkLeaks } from "../support/leaks.ts";
import { socketPath } from "../support/socket-path.ts";

checkLeaks();
afterEach(() => void vi.restoreAllMocks());

const { ca, good, selfSigned } = certificates();
const secret = "hunter2";

const polite: Script = async (peer) => {
  await peer.accept(undefined, `Set-Cookie: id=${secret}\r\n`);
  await peer.frame();
  peer.end(closeFrame(1000).toString("latin1"));
};

function sum({ total = 0, ...phases }: Record<string, number>): [phases: number, total: number] {
  return [Object.values(phases).reduce((all, each) => all + each, 0), total];
}

test.each<[what: string, tls: HostileOptions["tls"], host: string, phases: string[]]>([
  ["by address", undefined, "ws://127.0.0.1", ["connect", "upgrade"]],
  ["by name", undefined, "ws://localhost", ["dns", "connect", "upgrade"]],
  ["with TLS", good, "wss://localhost", ["dns", "connect", "tls", "upgrade"]],
])("a session tells how long its phases took, %s", async (_, tls, host, phases) => {
  await using server = await hostileServer(polite, tls === undefined ? {} : { tls });
  await using client = testClient({}, { tls: { ca } });
  const session = await client.webSocketSession(`${host}:${server.port}/`);
  await session.close();
  const timings = { ...session.call.timings } as Record<string, number>;
  expect(Object.keys(timings)).toEqual([...phases, "total"]);
  for (const milliseconds of Object.values(timings)) expect(milliseconds).toBeGreaterThan(0);
  const [spent, total] = sum(timings);
  expect(spent).toBeLessThanOrEqual(total + 0.01);
});

describe("an error tells how long it took until then", () => {
  test.each<[what: string, script: Script, url: string, phases: string[]]>([
    ["of TLS", () => undefined, "wss://localhost", ["dns", "connect", "tls"]],
    [
      "of the answer",
      (peer) => peer.write("HTTP/1.1 403 No\r\n\r\n"),
      "ws://127.0.0.1",
      ["connect", "upgrade"],
    ],
    [
      "of a lost connection",
      (peer) => peer.request().then(() => peer.reset()),
      "ws://127.0.0.1",
      ["connect", "upgrade"],
    ],
    ["of time", () => undefined, "ws://127.0.0.1", ["connect", "upgrade"]],
  ])("%s", async (_, script, host, phases) => {
    await using server = await hostileServer(script, host.startsWith("wss") ? { tls: selfSigned } : {});
    await using client = testClient({ handshakeTimeout: 300 }, { tls: { ca } });
    const { timings } = await failure(client.webSocketSession(`${host}:${server.port}/`), HalyardError);
    expect(Object.keys(timings ?? {})).toEqual([...phases, "total"]);
    await server.abandoned();
  });

  test("of the network", async () => {
    await using client = testClient();
    const url = `ws://127.0.0.1:${await unusedPort()}/`;
    const { timings } = await failure(client.webSocketSession(url), HalyardError);
    expect(Object.keys(timings ?? {})).toEqual(["connect", "total"]);
  });
});

describe("events", () => {
  function observed(config = {}, options: CioOptions = {}) {
    const events: ConnectionEvent[] = [];
    const client = testClient(config, { tls: { ca }, ...options }).install(ConnectionEvents, {
      listener: (event) => void events.push(event),
    });
    return { events, client };
  }

  test("tell of addresses, TLS and the answer, and of nothing secret (LG-01)", async () => {
    await using server = await hostileServer(polite, { tls: good });
    const { events, client } = observed();
    await using _ = client;
    const request = {
      url: `wss://user:${secret}@localhost:${server.port}/?token=${secret}`,
      headers: { Authorization: `Bearer ${secret}`, Cookie: `a=${secret}` },
    };
    const session = await client.webSocketSession(request);
    await session.close();
    await session.ended;
    const { port } = server;
    const types = events.map((event) => (event.type === "phaseStarted" ? event.phase : event.type));
    expect(types.filter((type) => !/^address(?:Tried|Failed)$|^phaseEnded$/.test(type))).toEqual(
      "started dns connect addressConnected tls secured upgrade answered opened closed".split(" "),
    );
    expect(events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "addressConnected", address: "127.0.0.1", port }),
        expect.objectContaining({
          type: "secured",
          protocol: "TLSv1.3",
          cipher: expect.stringMatching(/^TLS_/) as string,
          resumed: false,
          fingerprint: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
        }),
        expect.objectContaining({ type: "answered", url: `wss://localhost:${port}/?...`, status: 101 }),
      ]),
    );
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  test("tell of a refusal, and not of what it says (LG-01)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.request();
      peer.end(`HTTP/1.1 401 ${secret}\r\nSet-Cookie: a=${secret}\r\nContent-Length: 7\r\n\r\n${secret}`);
    });
    const { events, client } = observed();
    await using _ = client;
    await failure(client.webSocketSession(server.url), HalyardError);
    expect(events.slice(-3)).toEqual([
      expect.objectContaining({ type: "answered", status: 401 }),
      expect.objectContaining({ type: "phaseEnded", phase: "upgrade" }),
      expect.objectContaining({
        type: "failed",
        phase: "upgrade",
        failure: expect.objectContaining({ code: "ERR_HALYARD_HANDSHAKE" }) as object,
      }),
    ]);
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  test("tell of each address that was tried, and failed", async () => {
    const { events, client } = observed();
    await using _ = client;
    const port = await unusedPort();
    await failure(client.webSocketSession(`ws://localhost:${port}/`), HalyardError);
    const address = "127.0.0.1";
    expect(events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "addressTried", address, port }),
        expect.objectContaining({ type: "addressFailed", address, port, code: "ECONNREFUSED" }),
      ]),
    );
  });

  test("of a connection that is shared are those of who waited for it; who joins it has only asked", async () => {
    await using server = await http2Server(accept, { tls: good });
    const { events, client } = observed({}, { http2: "require" });
    await using _ = client;
    const open = () => client.webSocketSession(server.url);
    const sessions = [...(await Promise.all([open(), open()])), await open()];
    const told = (call: number) =>
      events
        .filter((event) => event.call === call)
        .map((event) => (event.type === "phaseStarted" ? event.phase : event.type))
        .filter((type) => !/^address(?:Tried|Failed)$|^phaseEnded$/.test(type))
        .join(" ");
    expect([1, 2, 3].map(told)).toEqual([
      "started dns connect addressConnected tls secured upgrade answered opened",
      "started dns connect addressConnected tls secured upgrade answered opened",
      "started upgrade answered opened",
    ]);
    expect(events.filter(({ type }) => type === "secured")).toContainEqual(
      expect.objectContaining({ call: 2, alpn: "h2" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ type: "answered", call: 3, status: 200 }));
    expect(sessions.map(({ call }) => Object.keys(call.timings ?? {}))).toEqual([
      ["dns", "connect", "tls", "upgrade", "total"],
      ["dns", "connect", "tls", "upgrade", "total"],
      ["upgrade", "total"],
    ]);
    await Promise.all(sessions.map((session) => session.close()));
  });

  test("tell of a refusal over HTTP/2", async () => {
    await using server = await http2Server((stream) => {
      stream.respond({ ":status": 403 });
      stream.end(secret);
    });
    const { events, client } = observed({}, { http2: "require" });
    await using _ = client;
    await failure(client.webSocketSession(server.url), HalyardError);
    expect(events).toContainEqual(expect.objectContaining({ type: "answered", status: 403 }));
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  test("name a Unix socket by its path", async () => {
    await using path = await socketPath();
    await using server = await hostileServer(polite, { socketPath: path.name });
    const { events, client } = observed();
    await using _ = client;
    await (await client.webSocketSession({ url: "ws://h/", socketPath: path.name })).close();
    expect(server.peers).toHaveLength(1);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "addressConnected", address: path.name, port: undefined }),
    );
  });
});
