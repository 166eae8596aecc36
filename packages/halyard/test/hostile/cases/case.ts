// SPDX-License-Identifier: Apache-2.0
// The form of a case: what a peer does to a session, or instead of opening one, and what must come of it.
import type { WebSockets } from "../../../src/index.ts";
import type { Bytes, Role } from "../../protocol/support.ts";

/** What a peer and a program see of one session. */
export interface Outcome {
  /** The messages that the program received, and how `incoming` ended: `end`, or the name of an error. */
  readonly received: readonly string[];
  /** The frames that the peer heard. */
  readonly wire: readonly string[];
  /** The code of `closeReason`. */
  readonly reason: number;
  readonly clean: boolean;
  /** Where it was we who closed: the code of the Close frame that came then. */
  readonly answer?: number | null;
}

/**
 * One thing that a peer does: says a frame, given without its mask, or something that differs by the role of our session;
 * or another of {@link Action}.
 */
export type Step = Bytes | ((role: Role) => Uint8Array) | Action;

export type Action =
  /** Ends its side, breaks the connection, or stays until our side has ended. */
  | { readonly does: "end" | "reset" | "stay" }
  /** Waits for a frame, as `close 1000` or `pong 61`. */
  | { readonly hears: string }
  /** Says frames for as long as our side is there. */
  | { readonly goesOn: readonly string[] };

export const end = { does: "end" } as const;
export const reset = { does: "reset" } as const;
export const stay: Action = { does: "stay" };
export const hears = (frame: string): Action => ({ hears: frame });
export const goesOn = (...frames: readonly string[]): Action => ({ goesOn: frames });

/** What our program does. It always reads, at once or, with `readsLate`, when the session has ended. */
export interface Program {
  /** As soon as it is open. */
  readonly closes?: { readonly code: number; readonly message: string };
  readonly readsLate?: true;
}

/** A platform's own WebSocket, under Js. */
type JsPlatform = "undici" | "ws";

/** Who does frames and the closing handshake in our place. */
export type Platform = JsPlatform | "okhttp";

/**
 * What else a platform may make of it, as the report shows it: it does otherwise than we do. Nothing where it tells nothing,
 * and `chance` where its outcomes differ. A fault is always the loss of the connection there.
 */
export interface OnPlatforms extends Partial<Record<JsPlatform, readonly string[] | "chance">> {
  /** What comes of it instead with OkHttp: one of these, exactly. */
  readonly okhttp?: readonly Outcome[];
}

export function onPlatforms(...outcomes: readonly string[]): OnPlatforms {
  return { undici: outcomes, ws: outcomes };
}

export interface More extends OnPlatforms {
  readonly config?: WebSockets.Config;
  /** What is agreed on as `Sec-WebSocket-Extensions`. */
  readonly agreed?: string;
  readonly program?: Program;
  /** Only sessions of this role. */
  readonly role?: Role;
  /** It is about time: it would be another one byte by byte, and how many pings are heard does not count. */
  readonly timed?: true;
}

/** What a peer does in an open session. The row is that of docs/threats.md. */
export type SessionCase = readonly [
  row: string,
  name: string,
  steps: readonly Step[],
  outcome: Outcome,
  more?: More,
];

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
