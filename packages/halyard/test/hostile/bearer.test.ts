// SPDX-License-Identifier: Apache-2.0
// Tokens that are loaded and refreshed while calls come and go (AU-01). Real servers on loopback.
import { expect, test } from "vitest";
import { Auth, type AuthProvider, type BearerTokens, bearerAuth, HandshakeError } from "../../src/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { httpServer, type Reply } from "../support/http-server.ts";
import { checkLeaks, turns, until, watchedController } from "../support/leaks.ts";

checkLeaks();

function challenge(header: string): Reply {
  return { status: 401, headers: { "WWW-Authenticate": header } };
}

function authorized(provider: AuthProvider) {
  return testClient().install(Auth, { providers: [provider] });
}

test("a hundred calls with an expired token refresh it once, and load it once", async () => {
  let [loads, refreshes] = [0, 0];
  let release: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const provider = bearerAuth({
    loadTokens: () => ({ accessToken: `old${loads++}` }),
    refreshTokens: async (refused) => {
      expect(refused).toMatchObject({ accessToken: "old0" });
      refreshes++;
      await gate;
      return { accessToken: "new" };
    },
  });
  await using server = await httpServer(({ headers }) =>
    headers.authorization === "Bearer new" ? "accept" : challenge('Bearer error="invalid_token"'),
  );
  await using client = authorized(provider);
  const calls = Array.from({ length: 100 }, () => client.webSocket(server.ws, () => "in"));
  await until(() => server.seen.length === 100, "a hundred requests");
  release?.();
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, () => "in"));
  expect([loads, refreshes]).toEqual([1, 1]);
  expect(server.seen).toHaveLength(200);
  await client.webSocket(server.ws, () => undefined);
  expect(server.seen).toHaveLength(201);
  provider.clearTokens();
  await client.webSocket(server.ws, () => undefined).catch(() => undefined);
  expect(loads).toBe(2);
});

test("one that gives up leaves the refresh to the others; when all have, it is given up, too", async () => {
  const lost: AbortSignal[] = [];
  const refreshed: ((tokens: BearerTokens) => void)[] = [];
  const provider = bearerAuth({
    loadTokens: () => ({ accessToken: "old" }),
    refreshTokens: (_, signal) => {
      lost.push(signal);
      return new Promise((resolve) => refreshed.push(resolve));
    },
  });
  await using server = await httpServer(({ headers }) =>
    headers.authorization === "Bearer new" ? "accept" : challenge("Bearer"),
  );
  await using client = authorized(provider);
  const controller = watchedController();
  const reason = new Error("changed my mind");
  const first = client.webSocket({ url: server.ws, signal: controller.signal }, () => "first");
  const second = client.webSocket(server.ws, () => "second");
  await until(() => server.seen.length === 2 && lost.length > 0, "a refresh");
  await turns();
  controller.abort(reason);
  await expect(first).rejects.toBe(reason);
  expect(lost.map(({ aborted }) => aborted)).toEqual([false]);
  for (const resolve of refreshed) resolve({ accessToken: "new" });
  expect(await second).toBe("second");

  provider.clearTokens();
  const hanging = client.webSocket({ url: server.ws, timeout: 100 }, () => "never");
  await expect(hanging).rejects.toMatchObject({ code: "ERR_HALYARD_TIMEOUT" });
  expect(lost).toHaveLength(2);
  expect(lost[1]?.aborted).toBe(true);
  // The next call does not wait for what was given up.
  const next = client.webSocket(server.ws, () => "next");
  await until(() => lost.length === 3, "a new refresh");
  refreshed[2]?.({ accessToken: "new" });
  expect(await next).toBe("next");
});

test.each(["loadTokens", "refreshTokens"] as const)(
  "tokens that %s has begun to give before clearTokens() are not those of who logs in then",
  async (name) => {
    const given: ((tokens: BearerTokens) => void)[] = [];
    const slow = () => new Promise<BearerTokens>((resolve) => given.push(resolve));
    const provider = bearerAuth({ loadTokens: () => ({ accessToken: "expired" }), [name]: slow });
    await using server = await httpServer(({ headers }) =>
      headers.authorization === "Bearer expired" ? challenge("Bearer") : "accept",
    );
    await using client = authorized(provider);
    const ann = client.webSocket(server.ws, () => "Ann");
    await until(() => given.length === 1, "Ann's tokens are asked for");
    provider.clearTokens();
    const bob = client.webSocket(server.ws, () => "Bob");
    await until(() => given.length === 2, "Bob's tokens are asked for");
    given[1]?.({ accessToken: "bob" });
    expect(await bob).toBe("Bob");
    given[0]?.({ accessToken: "ann" });
    expect(await ann).toBe("Ann");
    await client.webSocket(server.ws, () => undefined);
    expect(server.last.headers.authorization).toBe("Bearer bob");
  },
);

test("what the application throws fails the call as it is, and no tokens are no credentials", async () => {
  const reason = new Error("no keychain");
  await using failing = authorized(bearerAuth({ loadTokens: () => Promise.reject(reason) }));
  await expect(failing.webSocketSession("ws://127.0.0.1:1/")).rejects.toBe(reason);
  await using server = await httpServer(() => challenge("Bearer"));
  await using none = authorized(bearerAuth({ loadTokens: () => null, refreshTokens: () => null }));
  await failure(none.webSocketSession(server.ws), HandshakeError);
  expect(server.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});
