// SPDX-License-Identifier: Apache-2.0
// What becomes of a session whose peer says certain bytes, as data: the rows of the tables, and how one is run.
import { expect } from "vitest";
import type { Frame } from "../../src/index.ts";
import { type Bytes, type Role, toHex, toRole } from "../protocol/support.ts";
import { type Meeting, type MeetingOptions, meet } from "./meeting.ts";

/** What a peer and a program see of one session. */
export interface Outcome {
  /** The messages that the program received, and how `incoming` ended: `end`, or the name of an error. */
  readonly received: readonly string[];
  /** The frames that the peer heard. */
  readonly wire: readonly string[];
  /** The code of `closeReason`. */
  readonly reason: number;
  readonly clean: boolean;
}

/** Frames without masks; they are masked for a server. Or what is said to a role, as it is. */
export type Says = readonly Bytes[] | ((role: Role) => Uint8Array);

export type Row = readonly [id: string, what: string, says: Says, outcome: Outcome];

/** A Close frame with 1000. */
export const bye = "88 02 03 e8";

/** The session fails the connection with a code, behind what was received and answered before. */
export function fails(code: number, received: readonly string[] = [], wire: readonly string[] = []): Outcome {
  const error = code === 1009 ? "FrameTooBigError" : "ProtocolViolationError";
  return { received: [...received, error], wire: [...wire, `close ${code}`], reason: code, clean: false };
}

/** The peer ends with {@link bye}, and it is answered. */
export function closes(received: readonly string[] = [], wire: readonly string[] = []): Outcome {
  return { received: [...received, "end"], wire: [...wire, "close 1000"], reason: 1000, clean: true };
}

/** The connection ends, or breaks, without a Close frame. */
export function lost(received: readonly string[] = []): Outcome {
  return { received: [...received, "ConnectionError"], wire: [], reason: 1006, clean: false };
}

export function bytesFor(role: Role, says: Says): Uint8Array {
  return typeof says === "function" ? says(role) : toRole(role, ...says);
}

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
  if (!clean) expect((error as Error).name, "the error of ended").toBe(all.at(-1));
  return { received: all, wire: peer.heard, reason: reason.code, clean };
}

/** How the bytes of a row are written. */
export const WAYS = ["at once", "byte by byte"] as const;

/** Opens a session, has its peer say what the row wants, and gives what came of it. */
export async function play(
  role: Role,
  says: Says,
  options: MeetingOptions = {},
  way: (typeof WAYS)[number] = "at once",
): Promise<Outcome> {
  await using met = await meet(role, options);
  const received = drain(met);
  const bytes = bytesFor(role, says);
  if (way === "at once") met.peer.socket.write(bytes);
  else await met.peer.drip(bytes);
  const outcome = await outcomeOf(met, received);
  for (const { isMasked } of met.peer.frames) expect(isMasked, "a client masks").toBe(role === "client");
  return outcome;
}
