// SPDX-License-Identifier: Apache-2.0
import { HalyardError, type HandshakeTimings, type Phase } from "../../protocol/errors.ts";
import { TlsError } from "../../session/errors.ts";
import type { WebSocketSession } from "../../session/web-socket-session.ts";
import type { AttemptWatch, WatchedCall } from "../attempt-watch.ts";
import type { EngineEvent } from "../engine.ts";

/** What all events have. */
export interface ConnectionEventBase {
  /** Counts the calls that the plugin has watched, from 1: it is the same in all events of one. */
  readonly call: number;
  /** The URL that was asked for, free of secrets. */
  readonly url: string;
  /** Milliseconds since the call began. */
  readonly elapsed: number;
}

/** Why there is no session. */
export interface ConnectionFailure {
  readonly name: string;
  /** Of an error of Halyard's. Its message may hold what a server has said, and is not told. */
  readonly code?: string;
  /** Of a {@link TlsError}. */
  readonly reason?: string | undefined;
}

/**
 * What happens to a connection, from the call to its end, in this order:
 *
 * - `started`: the call is on its way
 * - `phaseStarted`, `phaseEnded`: the engine has come to a phase, and leaves it for the next, `opened` or `failed`
 * - what the engine tells, see {@link EngineEvent}
 * - `opened`, or `failed` and nothing more
 * - `closed`: the session has ended; the last event
 *
 * There is nothing secret in them: no header, no query, no reason of a peer's.
 */
export type ConnectionEvent = ConnectionEventBase &
  (
    | { readonly type: "started" }
    | { readonly type: "phaseStarted"; readonly phase: Phase }
    | { readonly type: "phaseEnded"; readonly phase: Phase; readonly milliseconds: number }
    | EngineEvent
    | { readonly type: "opened"; readonly subprotocol: string; readonly timings: HandshakeTimings }
    | {
        readonly type: "failed";
        readonly phase: Phase | undefined;
        readonly failure: ConnectionFailure;
        readonly timings: HandshakeTimings;
      }
    | {
        readonly type: "closed";
        readonly code: number;
        readonly clean: boolean;
        readonly initiator: "local" | "peer";
      }
  );

type Told = ConnectionEvent extends infer Event
  ? Event extends ConnectionEvent
    ? Omit<Event, keyof ConnectionEventBase>
    : never
  : never;

/** Makes events of what a call is told of. */
export class ConnectionWatch implements AttemptWatch {
  readonly #tell: (event: ConnectionEvent) => void;
  readonly #number: number;
  readonly #call: WatchedCall;
  #phase: { readonly phase: Phase; readonly since: number } | null = null;

  constructor(tell: (event: ConnectionEvent) => void, number: number, call: WatchedCall) {
    this.#tell = tell;
    this.#number = number;
    this.#call = call;
    this.noticed({ type: "started" });
  }

  entered(phase: Phase): void {
    this.#leave();
    this.#phase = { phase, since: this.#call.elapsed };
    this.noticed({ type: "phaseStarted", phase });
  }

  opened(session: WebSocketSession, timings: HandshakeTimings): void {
    this.#leave();
    const { subprotocol, ended } = session;
    this.noticed({ type: "opened", subprotocol, timings });
    void ended.then(({ reason, clean, initiator }) =>
      this.noticed({ type: "closed", code: reason.code, clean, initiator }),
    );
  }

  failed(error: unknown, timings: HandshakeTimings): void {
    this.#leave();
    this.noticed({ type: "failed", phase: this.#call.phase, failure: failureOf(error), timings });
  }

  noticed(event: Told | EngineEvent): void {
    const { url, elapsed } = this.#call;
    this.#tell({ call: this.#number, url, elapsed, ...event } as ConnectionEvent);
  }

  #leave(): void {
    if (this.#phase === null) return;
    const { phase, since } = this.#phase;
    this.#phase = null;
    this.noticed({ type: "phaseEnded", phase, milliseconds: this.#call.elapsed - since });
  }
}

function failureOf(error: unknown): ConnectionFailure {
  if (error instanceof TlsError) return { name: error.name, code: error.code, reason: error.reason };
  if (HalyardError.is(error)) return { name: error.name, code: error.code };
  return { name: error instanceof Error ? error.name : typeof error };
}
