// SPDX-License-Identifier: Apache-2.0
// What leaves us, in either role: only what the program has sent, under keys that nobody can guess.
import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Frame } from "../../src/index.ts";
import { ROLES } from "../protocol/support.ts";
import { testClient } from "../support/clients.ts";
import { hostileServer } from "../support/hostile-server.ts";
import { checkLeaks, until } from "../support/leaks.ts";
import { meet } from "./meeting.ts";
import type { HostilePeer } from "./peer.ts";

checkLeaks();

const MiB = 2 ** 20;

/** The frames of messages that a peer has heard, unmasked. */
function messagesOf(peer: HostilePeer): Buffer[] {
  return peer.frames.filter(({ first }) => (first & 0x0f) < 8).map(({ payload }) => payload);
}

describe("masking keys on the wire (SN-01)", () => {
  test("of a hundred thousand frames, of two sessions, are as random as they must be", {
    timeout: 30_000,
  }, async () => {
    const count = 50_000;
    const keys: number[] = [];
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      const frames = await peer.bytes(count * 7);
      for (let at = 0; at < frames.length; at += 7) keys.push(frames.readUInt32BE(at + 2));
    });
    await using client = testClient();
    for (const all of [count, 2 * count]) {
      const session = await client.webSocketSession(server.url);
      for (let sent = 0; sent < count; sent++) await session.send("a");
      await until(() => keys.length === all, "all frames");
      session.cancel();
    }
    // Of so many, one pair is expected to be the same by chance; of twelve there is one chance in 10^9.
    expect(keys.length - new Set(keys).size).toBeLessThan(12);
    for (let bit = 0; bit < 32; bit++) {
      const ones = keys.filter((key) => ((key >>> bit) & 1) === 1).length;
      expect(Math.abs(ones - count), `bit ${bit}, within 8 standard deviations`).toBeLessThan(
        8 * Math.sqrt(count / 2),
      );
    }
  });
});

describe.each(ROLES)("a %s", { timeout: 30_000 }, (role) => {
  const size = fc.oneof(fc.nat(200), fc.constantFrom(125, 126, 16_383, 16_384, 65_535, 65_536));
  const sends = fc.array(fc.tuple(fc.constantFrom("text", "binary", "view", "ping", "parts"), size), {
    minLength: 1,
    maxLength: 8,
  });

  test("SN-02: SN-03: sends the bytes of the program and no others, and leaves those as they were", async () => {
    // Whatever memory is used again has this in it.
    const poison = 0xa5;
    await using met = await meet(role);
    const { session, peer } = met;
    await fc.assert(
      fc.asyncProperty(sends, fc.integer({ min: 1, max: 0x7e }), async (all, byte) => {
        Buffer.allocUnsafe(100).fill(poison);
        for (const length of [100, 20_000]) await session.send(new Uint8Array(length).fill(poison));
        await until(() => peer.frames.at(-1)?.payload.length === 20_000, "what poisons");
        peer.frames.length = 0;
        for (const [kind, length] of all) {
          const payload = new Uint8Array(kind === "ping" ? Math.min(length, 125) : length).fill(byte);
          const memory = new Uint8Array(payload.length + 20).fill(poison);
          memory.set(payload, 7);
          const view = memory.subarray(7, 7 + payload.length);
          if (kind === "text") await session.send(Buffer.from(payload).toString());
          else if (kind === "parts") await session.send(parts(view));
          else await session.send(kind === "ping" ? new Frame.Ping(view) : view);
          expect(memory.subarray(7, -13)).toEqual(payload);
          expect([...memory.subarray(0, 7), ...memory.subarray(-13)].every((each) => each === poison)).toBe(
            true,
          );
        }
        await session.send("the end");
        await until(() => String(peer.frames.at(-1)?.payload) === "the end", "all of it");
        const heard = Buffer.concat(peer.frames.slice(0, -1).map(({ payload }) => payload));
        const sent = Buffer.concat(
          all.map(([kind, length]) => Buffer.alloc(kind === "ping" ? Math.min(length, 125) : length, byte)),
        );
        expect(heard.equals(sent)).toBe(true);
        peer.frames.length = 0;
      }),
      { numRuns: 12 },
    );
  });

  test("SN-05: gathers what is sent in one turn into a few writes, whatever their number", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const write = vi.spyOn(Socket.prototype, "write");
    try {
      const sent = Array.from({ length: 1_000 }, () => session.send("small"));
      await Promise.all(sent);
      await peer.hears(1_000);
      expect(write.mock.calls.length).toBeLessThan(10);
    } finally {
      write.mockRestore();
    }
  });

  test("SN-06: counts as unsent what the system was not given, and nothing else", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    peer.socket.pause();
    const sends = Array.from({ length: 40 }, () => session.send(new Uint8Array(MiB)).catch(() => undefined));
    await session.send("one more", { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    session.cancel();
    await Promise.all(sends);
    const { unsent } = await session.ended;
    expect(unsent).toBeGreaterThan(0);
    peer.socket.resume();
    await until(() => peer.hasEnded || peer.isGone, "the end");
    // One may have left in part.
    expect(40 - unsent - messagesOf(peer).length).toBeGreaterThanOrEqual(0);
    expect(40 - unsent - messagesOf(peer).length).toBeLessThanOrEqual(1);
  });
});

/** A message in two halves. */
async function* parts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length >> 1);
  yield bytes.subarray(bytes.length >> 1);
}
