// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Attempt, EngineConnection, EngineRequest } from "../../../src/client/engine.ts";
import {
  HttpClient,
  HttpTimeout,
  InvalidArgumentError,
  TimeoutError,
  type WebSocketRequestOptions,
  WebSockets,
} from "../../../src/index.ts";
import { failure, testClient } from "../../support/clients.ts";
import { hostileServer } from "../../support/hostile-server.ts";
import { checkLeaks } from "../../support/leaks.ts";
import { FakeEngine } from "../fake-engine.ts";

checkLeaks();

const never = new Promise<never>(() => undefined);
const url = "ws://127.0.0.1/";

/** Gets as far as it is told, and no further. */
class StuckEngine extends FakeEngine {
  readonly #phases: readonly ("dns" | "connect" | "tls" | "upgrade")[];

  constructor(...phases: readonly ("dns" | "connect" | "tls" | "upgrade")[]) {
    super();
    this.#phases = phases;
  }

  override async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    for (const phase of this.#phases) attempt.entered(phase);
    if (this.#phases.length > 0) await never;
    return await super.open(request, attempt);
  }
}

function client(engine: FakeEngine, config: HttpTimeout.Config) {
  return new HttpClient(engine).install(WebSockets, { pingInterval: 0 }).install(HttpTimeout, config);
}

async function timeoutOf(
  engine: FakeEngine,
  config: HttpTimeout.Config,
  request: WebSocketRequestOptions = {},
) {
  const opening = failure(client(engine, config).webSocketSession({ url, ...request }), TimeoutError);
  await engine.clock.advance(20_000);
  const { milliseconds, message } = await opening;
  expect(engine.clock.pending).toBe(0);
  return { milliseconds, message };
}

describe("requestTimeout", () => {
  test("wins over handshakeTimeout, and the request's own over it", async () => {
    const config = { requestTimeout: 300 };
    expect(await timeoutOf(new StuckEngine("dns"), config)).toMatchObject({ milliseconds: 300 });
    expect(await timeoutOf(new StuckEngine("dns"), config, { timeout: 200 })).toMatchObject({
      milliseconds: 200,
    });
    const own = { timeout: { requestTimeout: 100 } };
    expect(await timeoutOf(new StuckEngine("dns"), config, own)).toMatchObject({ milliseconds: 100 });
    expect(await timeoutOf(new StuckEngine("dns"), {})).toMatchObject({ milliseconds: 10_000 });
  });

  test("HS-22: ends with the 101: an hour later the session is open", async () => {
    const engine = new FakeEngine();
    const session = await client(engine, { requestTimeout: 10_000, connectTimeout: 1_000 }).webSocketSession(
      url,
    );
    await engine.clock.advance(3_600_000);
    expect(session.signal.aborted).toBe(false);
    session.cancel();
  });
});

describe("connectTimeout", () => {
  test.each(["dns", "connect", "tls"] as const)("bounds what comes before the request: %s", async (phase) => {
    const outcome = await timeoutOf(new StuckEngine("dns", phase), { connectTimeout: 300 });
    expect(outcome).toMatchObject({ milliseconds: 300 });
    expect(outcome.message).toContain("connectTimeout");
  });

  test("is over when the request can be sent", async () => {
    const outcome = await timeoutOf(new StuckEngine("dns", "upgrade"), {
      connectTimeout: 300,
      requestTimeout: 900,
    });
    expect(outcome).toMatchObject({ milliseconds: 900 });
  });

  test("over real sockets: a server that accepts and never speaks TLS", async () => {
    await using server = await hostileServer(() => undefined);
    await using tls = testClient().install(HttpTimeout, { connectTimeout: 100 });
    const error = await failure(tls.webSocketSession(server.url.replace("ws:", "wss:")), TimeoutError);
    expect(error.milliseconds).toBe(100);
    await server.abandoned();
  });
});

describe("socketTimeout", () => {
  test("drops a session on which nothing passes, and only then", async () => {
    const engine = new FakeEngine();
    const session = await client(engine, { socketTimeout: 1_000 }).webSocketSession(url);
    const [transport] = engine.transports;
    await engine.clock.advance(900);
    Object.assign(transport as object, { bytesReceived: 1 });
    await engine.clock.advance(900);
    Object.assign(transport as object, { bytesWritten: 1 });
    await engine.clock.advance(1_000);
    expect(session.signal.aborted).toBe(false);
    await engine.clock.advance(1_000);
    expect((await session.ended).error).toMatchObject({ code: "ERR_HALYARD_TIMEOUT", milliseconds: 1_000 });
    expect(engine.clock.pending).toBe(0);
  });

  test("leaves no timer behind a session that has ended", async () => {
    const engine = new FakeEngine();
    const session = await client(engine, { socketTimeout: 1_000 }).webSocketSession(url);
    session.cancel();
    await session.ended;
    await engine.clock.advance(0);
    expect(engine.clock.pending).toBe(0);
  });
});

test.each([
  { requestTimeout: 0 },
  { connectTimeout: -1 },
  { socketTimeout: 2 ** 31 },
  { timeout: 1 } as object,
])("refuses %j", async (config) => {
  expect(() => client(new FakeEngine(), config)).toThrow(InvalidArgumentError);
  const open = client(new FakeEngine(), {}).webSocketSession({ url, timeout: config });
  await failure(open, InvalidArgumentError);
});
