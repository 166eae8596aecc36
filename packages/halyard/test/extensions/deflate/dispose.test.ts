// SPDX-License-Identifier: Apache-2.0
import { createHook } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { constants, deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Encoded } from "../../../src/protocol/extension.ts";
import { codecs, noise, utf8 } from "./support.ts";

const LARGE = noise(2 ** 20);
const deflated = deflateRawSync(LARGE, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** zlib's handles that are not closed. */
const open = new Set<object>();
let mostOpen = 0;
const hook = createHook({
  init(_id, type, _trigger, handle: { close?: () => void }) {
    if (type !== "ZLIB") return;
    open.add(handle);
    mostOpen = Math.max(mostOpen, open.size);
    const close = handle.close;
    handle.close = () => {
      open.delete(handle);
      close?.call(handle);
    };
  },
});
beforeAll(() => void hook.enable());
afterAll(() => void hook.disable());

describe("dispose() (CM-07)", () => {
  test.each<[string, (codec: ReturnType<typeof codecs>["client"]) => Encoded | Promise<Encoded>]>([
    ["encodes", (codec) => codec.encode(LARGE, true)],
    ["encodes a chunk", (codec) => codec.encode(LARGE, false)],
    ["decodes", (codec) => codec.decode(deflated, true, 2 ** 21)],
    ["decodes a chunk", (codec) => codec.decode(deflated.subarray(0, 500_000), false, 2 ** 21)],
  ])("while it %s rejects that at once", async (_, begin) => {
    for (const turns of [0, 1, 3]) {
      const { client } = codecs();
      const outcome = expect(begin(client)).rejects.toThrow("the session has ended");
      for (let count = 0; count < turns; count++) await turn();
      client.dispose();
      await outcome;
    }
    expect(open.size).toBe(0);
  });

  test("rejects what waits for a thread, and the others go on", async () => {
    const all = Array.from({ length: 12 }, () => codecs().client);
    const outcomes = all.map((codec) => codec.encode(LARGE, true) as Promise<Uint8Array>);
    const settled = Promise.allSettled(outcomes);
    for (const codec of all.slice(2, 10)) codec.dispose();
    await expect(outcomes[9]).rejects.toThrow("the session has ended");
    expect((await settled).map(({ status }) => status === "fulfilled")).toEqual(
      all.map((_, at) => at < 2 || at >= 10),
    );
    // And no place was lost.
    await Promise.all(Array.from({ length: 6 }, async () => codecs().client.encode(LARGE, true)));
  });

  test("between the chunks of a message leaves no handle", async () => {
    const { client } = codecs();
    await client.decode(deflated.subarray(0, 1000), false, 2 ** 21);
    expect(open.size).toBe(1);
    client.dispose();
    expect(open.size).toBe(0);
  });

  test("can be repeated, and nothing can be done after it", async () => {
    const { client } = codecs();
    client.dispose();
    client.dispose();
    expect(() => client.encode(utf8("x"), true)).toThrow("the session has ended");
    expect(() => client.decode(deflated, true, 2 ** 21)).toThrow("the session has ended");
  });
});

test("after an error and after each message no handle is left (CM-07, CM-08)", async () => {
  const { client } = codecs();
  await client.decode(deflated, true, 2 ** 21);
  await client.decode(deflated.subarray(0, 5000), false, 2 ** 21);
  await expect(client.decode(new Uint8Array(10).fill(6), true, 2 ** 21)).rejects.toThrow(
    "cannot be inflated",
  );
  expect(open.size).toBe(0);
});

test("more than four engines never exist at once (CM-08)", async () => {
  const payload = noise(100_000);
  mostOpen = 0;
  await Promise.all(Array.from({ length: 40 }, async () => codecs().client.encode(payload, true)));
  expect(mostOpen).toBe(4);
});
