// SPDX-License-Identifier: Apache-2.0
// Handshakes that are made again, and servers that would have that for ever, at once, or never. Time is turned by hand.
import { describe, expect, test } from "vitest";
import type { Attempt, EngineConnection, EngineRequest } from "../../src/client/engine.ts";
import {
  ConnectionError,
  HandshakeError,
  HttpClient,
  HttpRequestRetry,
  InvalidArgumentError,
  ProxyError,
  type ProxyErrorContext,
  TimeoutError,
  TlsError,
  WebSockets,
} from "../../src/index.ts";
import { FakeEngine } from "../client/fake-engine.ts";
import { failure, testClient } from "../support/clients.ts";
import { unusedPort } from "../support/hostile-server.ts";
import { httpServer } from "../support/http-server.ts";
import { checkLeaks, watchedController } from "../support/leaks.ts";

checkLeaks();

/** Fails with what it is given, in turn, and then agrees. */
class FailingEngine extends FakeEngine {
  readonly failures: Error[];
  /** When each attempt was made, in milliseconds. */
  readonly times: number[] = [];

  constructor(...failures: Error[]) {
    super();
    this.failures = failures;
  }

  override async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    this.times.push(this.clock.now());
    const failing = this.failures.shift();
    if (failing !== undefined) throw failing;
    return await super.open(request, attempt);
  }
}

function refusal(status: number, headers: Record<string, string> = {}): HandshakeError {
  return new HandshakeError(`refused with ${status}`, { status, headers: new Headers(headers) });
}

const lost = () => new ConnectionError("gone");
const throughProxy = (context: ProxyErrorContext) => new ProxyError("no", "http://127.0.0.1:1", context);

function retrying(engine: FailingEngine, config: HttpRequestRetry.Config = {}) {
  return new HttpClient(engine)
    .install(WebSockets, { handshakeTimeout: 3_600_000 })
    .install(HttpRequestRetry, { random: () => 0.5, ...config });
}

/** Opens a session, and gives when attempts were made, and the error if there was one. */
async function timesOf(engine: FailingEngine, config?: HttpRequestRetry.Config) {
  const client = retrying(engine, config);
  let error: unknown;
  const opening = client.webSocketSession("ws://127.0.0.1/").then(
    (session) => session.cancel(),
    (thrown: unknown) => {
      error = thrown;
    },
  );
  // The first attempt fails in turns of promises, before its wait is a timer.
  await engine.clock.advance(0);
  await engine.clock.advance(600_000);
  await opening;
  expect(engine.clock.pending).toBe(0);
  return { times: engine.times, error };
}

describe("RC-01: no storm", () => {
  test("waits grow, are random from zero up, and have a bound", async () => {
    const six = () => Array.from({ length: 6 }, lost);
    const config = { maxRetries: 6, maxDelay: 10_000 };
    expect(
      await timesOf(new FailingEngine(...six()), { ...config, random: () => 1 - 2 ** -32 }),
    ).toMatchObject({
      times: [0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000].map((time) => expect.closeTo(time, 1)),
    });
    expect((await timesOf(new FailingEngine(...six()), { ...config, random: () => 0 })).times).toEqual([
      0, 0, 0, 0, 0, 0, 0,
    ]);
    expect((await timesOf(new FailingEngine(...six()), { ...config, random: () => 0.5 })).times).toEqual([
      0, 500, 1_500, 3_500, 7_500, 12_500, 17_500,
    ]);
  });

  test("1,000 clients that were thrown out together do not come back together", async () => {
    const engines = Array.from({ length: 1_000 }, () => new FailingEngine(lost()));
    const all = await Promise.all(engines.map((engine) => timesOf(engine, { random: undefined })));
    const seconds = new Map<number, number>();
    for (const { times } of all) {
      const tenth = Math.floor((times[1] ?? 0) / 100);
      seconds.set(tenth, (seconds.get(tenth) ?? 0) + 1);
    }
    // A hundred to each tenth of a second, give or take.
    expect(Math.max(...seconds.values())).toBeLessThan(170);
    expect(seconds.size).toBe(10);
  });

  test("it ends with what the last attempt said, after maxRetries", async () => {
    const engine = new FailingEngine(lost(), refusal(503), lost(), refusal(502), lost());
    const { times, error } = await timesOf(engine);
    expect(times).toHaveLength(4);
    expect(error).toMatchObject({ status: 502 });
  });

  test("all attempts are within the one deadline", async () => {
    const engine = new FailingEngine(...Array.from({ length: 100 }, lost));
    const client = retrying(engine, { maxRetries: 100, maxDelay: 1_000 });
    const opening = failure(
      client.webSocketSession({ url: "ws://127.0.0.1/", timeout: 2_600 }),
      TimeoutError,
    );
    await engine.clock.advance(0);
    await engine.clock.advance(2_600);
    expect(await opening).toMatchObject({ milliseconds: 2_600 });
    expect(engine.times).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500]);
    expect(engine.clock.pending).toBe(0);
  });
});

describe("RC-02: what is final is not tried again, and what the server asks for is kept within bounds", () => {
  test.each([400, 401, 403, 404, 410, 426])("%i is final", async (status) => {
    expect((await timesOf(new FailingEngine(refusal(status)))).times).toEqual([0]);
  });

  test.each([
    ["TLS that fails", new TlsError("no", "CERT_HAS_EXPIRED")],
    ["TLS with a proxy that fails", throughProxy({ cause: new TlsError("no", "CERT_HAS_EXPIRED") })],
    ["a proxy that wants other credentials", throughProxy({ status: 407 })],
    ["a proxy that forbids it", throughProxy({ status: 403 })],
    ["a request that cannot be made", new InvalidArgumentError("no")],
    ["an answer that breaks the rules", new HandshakeError("no", { status: 101, headers: new Headers() })],
    ["a fault of the program", new TypeError("no")],
  ])("%s is final", async (_, error) => {
    expect(await timesOf(new FailingEngine(error))).toEqual({ times: [0], error });
  });

  test.each<[ProxyErrorContext]>([
    [{ status: 503 }],
    [{ status: 429 }],
    // Of SOCKS: the server refused its connection.
    [{ status: 5 }],
    [{ cause: lost() }],
    [{}],
  ])("a proxy that fails with %j is not", async (context) => {
    expect((await timesOf(new FailingEngine(throughProxy(context)))).times).toEqual([0, 500]);
  });

  test.each([429, 500, 502, 503, 504])("%i is not", async (status) => {
    expect((await timesOf(new FailingEngine(refusal(status)))).times).toEqual([0, 500]);
  });

  test.each<[value: string, date: string | undefined, times: number[]]>([
    // Half of baseDelay comes on top.
    ["7", undefined, [0, 7_500]],
    ["0", undefined, [0, 500]],
    ["60", undefined, [0, 60_500]],
    ["61", undefined, [0]],
    ["99999999999999999999", undefined, [0, 500]],
    ["Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", [0, 30_500]],
    ["Wed, 21 Oct 2015 07:27:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", [0, 500]],
    ["Wed, 21 Oct 2035 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", [0]],
    ["Wed, 21 Oct 2015 07:28:30 GMT", undefined, [0, 500]],
    ["soon", undefined, [0, 500]],
    ["-5", undefined, [0, 500]],
  ])("Retry-After: %s, at %s", async (value, date, times) => {
    const headers = { "retry-after": value, ...(date === undefined ? {} : { date }) };
    const engine = new FailingEngine(refusal(503, headers));
    expect((await timesOf(engine)).times).toEqual(times);
    const deaf = new FailingEngine(refusal(503, headers));
    expect((await timesOf(deaf, { respectRetryAfter: false })).times).toEqual([0, 500]);
  });

  test("each kind can be left out, and a predicate decides instead", async () => {
    expect((await timesOf(new FailingEngine(refusal(503)), { retryOnServerErrors: false })).times).toEqual([
      0,
    ]);
    expect((await timesOf(new FailingEngine(lost()), { retryOnException: false })).times).toEqual([0]);
    const asked: unknown[] = [];
    const retryIf: HttpRequestRetry.Config["retryIf"] = (outcome, attempt) => {
      asked.push("answer" in outcome ? outcome.answer.status : outcome.error, attempt);
      return "answer" in outcome && outcome.answer.status === 403;
    };
    const gone = lost();
    expect(await timesOf(new FailingEngine(refusal(403), gone), { retryIf })).toEqual({
      times: [0, 500],
      error: gone,
    });
    expect(asked).toEqual([403, 1, gone, 2]);
  });

  test("plain HTTP is repeated only where that does no harm", async () => {
    let failing = 1;
    await using server = await httpServer(() => (failing-- > 0 ? { status: 503 } : "accept"));
    const retry = { baseDelay: 1, maxRetries: 1 };
    await using client = testClient().install(HttpRequestRetry, retry);
    await using daring = testClient().install(HttpRequestRetry, { ...retry, anyMethod: true });
    const statusOf = async (response: Promise<Response>) => {
      failing = 1;
      const { status, body } = await response;
      await body?.cancel();
      return status;
    };
    expect(await statusOf(client.get(server.http))).toBe(200);
    expect(await statusOf(client.put({ url: server.http, body: "x" }))).toBe(200);
    expect(await statusOf(client.delete(server.http))).toBe(200);
    expect(await statusOf(client.post({ url: server.http, body: "x" }))).toBe(503);
    expect(await statusOf(client.patch({ url: server.http, body: "x" }))).toBe(503);
    expect(await statusOf(daring.post({ url: server.http, body: "x" }))).toBe(200);
    expect(await statusOf(daring.put({ url: server.http, body: new Blob(["x"]).stream() }))).toBe(503);
  });
});

describe("RC-03: who has had enough need not wait", () => {
  test("an abort in a wait ends it at once, and leaves nothing (LC-01)", async () => {
    const engine = new FailingEngine(lost(), lost());
    const controller = watchedController();
    const reason = new Error("enough");
    const opening = retrying(engine).webSocketSession({ url: "ws://127.0.0.1/", signal: controller.signal });
    await engine.clock.advance(100);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(engine.clock.pending).toBe(0);
    expect(engine.times).toEqual([0]);
  });

  test("closing the client in a wait, too", async () => {
    const engine = new FailingEngine(lost(), lost());
    const client = retrying(engine);
    const opening = client.webSocketSession("ws://127.0.0.1/");
    await engine.clock.advance(100);
    const outcome = expect(opening).rejects.toMatchObject({ code: "ERR_HALYARD_CLIENT_CLOSED" });
    await client.close();
    await outcome;
    expect(engine.clock.pending).toBe(0);
  });

  test("over real sockets: nothing listens, then somebody does", async () => {
    const port = await unusedPort();
    await using client = testClient().install(HttpRequestRetry, { baseDelay: 1, maxRetries: 2 });
    const error = await failure(client.webSocketSession(`ws://127.0.0.1:${port}/`), ConnectionError);
    expect(error.phase).toBe("connect");
    let count = 0;
    await using server = await httpServer(() =>
      count++ < 2 ? { status: 503, headers: { "Retry-After": "0" } } : "accept",
    );
    await client.webSocket(server.ws, () => undefined);
    const keys = server.seen.map(({ headers }) => headers["sec-websocket-key"]);
    expect(new Set(keys).size).toBe(3);
  });
});

test.each([
  { maxRetries: -1 },
  { maxRetries: 0.5 },
  { baseDelay: 0 },
  { maxDelay: Infinity },
  { retryIf: true as never },
  { retryOnException: 1 as never },
  { unknown: 1 } as object,
])("refuses %j", (config) => {
  expect(() => new HttpClient(new FakeEngine()).install(HttpRequestRetry, config)).toThrow(
    InvalidArgumentError,
  );
});
