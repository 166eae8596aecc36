// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Attempt, EngineConnection, EngineRequest } from "../../src/client/engine.ts";
import type { Interceptor, SendStage } from "../../src/client/http-send.ts";
import { HandshakeError, HttpClient, type HttpClientPlugin, WebSockets } from "../../src/index.ts";
import { FakeEngine } from "./fake-engine.ts";

/** A plugin that is nothing but an interceptor. */
function plugin(name: string, intercept: Interceptor, stage?: SendStage) {
  const made: HttpClientPlugin<string, object, { intercept: Interceptor; stage?: SendStage }> = {
    name,
    prepare: () => ({ intercept, ...(stage === undefined ? {} : { stage }) }),
  };
  return made;
}

/** Refuses with each of the given statuses in turn, and then agrees. */
class RefusingEngine extends FakeEngine {
  readonly #statuses: number[];

  constructor(...statuses: number[]) {
    super();
    this.#statuses = statuses;
  }

  override async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    const connection = await super.open(request, attempt);
    const status = this.#statuses.shift();
    if (status === undefined) return connection;
    throw new HandshakeError(`refused with ${status}`, { status, headers: new Headers({ "x-try": "1" }) });
  }
}

const again: Interceptor = async (request, send) => {
  const answer = await send(request);
  return answer.status === 503 ? await send(request) : answer;
};

test("interceptors stand in the order of their stages, and within one in the order of installation", async () => {
  const seen: string[] = [];
  const noting = (name: string, stage?: SendStage) =>
    plugin(
      name,
      async (request, send) => {
        seen.push(name);
        return await send(request);
      },
      stage,
    );
  const client = new HttpClient(new FakeEngine())
    .install(WebSockets)
    .install(noting("log"))
    .install(noting("cookies", "cookies"))
    .install(noting("other log", "wire"))
    .install(noting("redirect", "redirect"))
    .install(noting("retry", "retry"))
    .install(noting("authorize", "authorize"));
  const session = await client.webSocketSession("ws://127.0.0.1/");
  expect(seen).toEqual(["retry", "redirect", "authorize", "cookies", "log", "other log"]);
  session.cancel();
});

test("what an interceptor sends is what the session's call says", async () => {
  const engine = new FakeEngine();
  const client = new HttpClient(engine).install(WebSockets).install(
    plugin("move", async (request, send) => {
      const url = new URL("ws://127.0.0.2/there");
      return await send({ ...request, url, headers: [...request.headers, ["X-Hop", "2"]] });
    }),
  );
  const session = await client.webSocketSession("ws://127.0.0.1/here");
  expect(engine.request.url.href).toBe("ws://127.0.0.2/there");
  expect(session.call.request.url.href).toBe("ws://127.0.0.2/there");
  expect(session.call.request.headers.get("x-hop")).toBe("2");
  session.cancel();
});

test("a refusal is an answer, after which the interceptor may send again", async () => {
  const engine = new RefusingEngine(503);
  const client = new HttpClient(engine).install(WebSockets).install(plugin("again", again));
  const session = await client.webSocketSession("ws://127.0.0.1/");
  expect(engine.requests).toHaveLength(2);
  expect(session.call.response.status).toBe(101);
  session.cancel();
});

test("a refusal that no interceptor takes is thrown as it came", async () => {
  const engine = new RefusingEngine(503, 401);
  const client = new HttpClient(engine).install(WebSockets).install(plugin("again", again));
  await expect(client.webSocketSession("ws://127.0.0.1/")).rejects.toThrow("refused with 401");
});

test("a connection that an interceptor does not give back is dropped", async () => {
  const engine = new FakeEngine();
  const client = new HttpClient(engine).install(WebSockets).install(
    plugin("twice", async (request, send) => {
      await send(request);
      return await send(request);
    }),
  );
  const session = await client.webSocketSession("ws://127.0.0.1/");
  expect(engine.transports.map(({ isDisposed }) => isDisposed)).toEqual([true, false]);
  session.cancel();

  const failing = new HttpClient(engine).install(WebSockets).install(
    plugin("fail", async (request, send) => {
      await send(request);
      throw new Error("changed its mind");
    }),
  );
  await expect(failing.webSocketSession("ws://127.0.0.1/")).rejects.toThrow("changed its mind");
  expect(engine.transports.at(-1)?.isDisposed).toBe(true);
});

test("a request that an interceptor has changed is checked against what the engine can", async () => {
  const engine = new FakeEngine([]);
  const client = new HttpClient(engine).install(WebSockets).install(
    plugin("header", async (request, send) => {
      return await send({ ...request, headers: [["X-Team", "red"]] });
    }),
  );
  await expect(client.webSocketSession("ws://127.0.0.1/")).rejects.toMatchObject({
    capability: "requestHeaders",
  });
  expect(engine.requests).toHaveLength(0);
});

test("no interceptor is called once the call is over, and what it waits for can know", async () => {
  const engine = new FakeEngine();
  let sent = 0;
  const client = new HttpClient(engine)
    .install(WebSockets)
    .install(
      plugin(
        "wait",
        async (request, send, { clock, signal }) => {
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          clock.now();
          return await send(request);
        },
        "retry",
      ),
    )
    .install(
      plugin("count", async (request, send) => {
        sent++;
        return await send(request);
      }),
    );
  const opening = client.webSocketSession({ url: "ws://127.0.0.1/", timeout: 1_000 });
  const outcome = expect(opening).rejects.toMatchObject({ code: "ERR_HALYARD_TIMEOUT" });
  await engine.clock.advance(1_000);
  await outcome;
  expect(sent).toBe(0);
  expect(engine.requests).toHaveLength(0);
});
