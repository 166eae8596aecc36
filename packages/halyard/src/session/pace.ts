// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../protocol/frame.ts";
import type { Output } from "./transport.ts";
import { done } from "./waiting.ts";

/**
 * How much may be sent before the event loop is left a turn, counted in small frames: a few milliseconds, or some tens where a
 * platform's WebSocket or compression takes its time. With a quarter of it a text of 16 B costs 0.1 µs more (Node 20, 0.36).
 */
const turnWork = 4096;
/** How many bytes count as a frame, as a shift: two megabytes are worth a turn. */
const workShift = 9;

/** How much was sent since the event loop was left a turn, by all sessions: they share the loop. */
let work = 0;
/** The turn that ends it. */
let turn: Promise<void> = done;

/**
 * Counts a frame that was sent. Where the other side takes them fast enough, a loop that sends would never wait for
 * anything but microtasks, and timers, signals and what is received would never have a turn.
 *
 * @returns what `send` is to return: `done`, or a turn of the event loop
 */
export function paced(frame: Frame, output: Output): Promise<void> {
  const length = frame.type === "text" ? (frame.text?.length ?? frame.size) : frame.size;
  work += 1 + (length >>> workShift);
  if (work < turnWork) return done;
  const next = output.turn();
  if (next !== turn) {
    turn = next;
    void next.then(turned);
  }
  return next;
}

/** Says that the event loop has called: what ran before is over. */
export function turned(): void {
  work = 0;
}
