// SPDX-License-Identifier: Apache-2.0
// What becomes of a session, as data.
import { expect } from "vitest";
import type { Frame } from "../../src/index.ts";
import { toHex } from "../protocol/support.ts";
import type { Outcome } from "./cases/case.ts";
import type { Meeting } from "./meeting.ts";

/** A message: its type and its bytes in hex, or their number and the first when they are many. */
function shownMessage({ type, data }: Frame): string {
  if (data.length > 200) return `${type} ${data.length} x ${toHex(data.subarray(0, 1))}`;
  return data.length === 0 ? type : `${type} ${toHex(data)}`;
}

/** All that comes through `incoming`, and how it ends. */
export async function drain({ session }: Pick<Meeting, "session">): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const frame of session.incoming) seen.push(shownMessage(frame));
    return [...seen, "end"];
  } catch (error) {
    return [...seen, error instanceof Error ? error.name : String(error)];
  }
}

/** How a session ends whose peer has nothing more to say: the peer waits for our Close frame, or our end. */
export async function outcomeOf(met: Meeting, received: Promise<string[]> = drain(met)): Promise<Outcome> {
  const { session, peer } = met;
  await session.closeReason;
  await peer.isTold();
  peer.socket.end();
  const { clean, reason, error } = await session.ended;
  const all = await received;
  expect(reason, "the reason of ended").toBe(await session.closeReason);
  expect((error as Error | undefined)?.name ?? "end", "the error of ended").toBe(all.at(-1));
  return { received: all, wire: peer.heard, reason: reason.code, clean };
}
