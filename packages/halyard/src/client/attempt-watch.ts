// SPDX-License-Identifier: Apache-2.0
import type { HandshakeTimings, Phase } from "../protocol/errors.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { EngineEvent } from "./engine.ts";

/** A call that is watched. */
export interface WatchedCall {
  /** The URL that was asked for, free of secrets. */
  readonly url: string;
  /** Milliseconds since the call began. */
  readonly elapsed: number;
  /** What the engine has come to. */
  readonly phase: Phase | undefined;
}

/** Is told how a call goes, in the middle of things. Nothing of it may throw. */
export interface AttemptWatch {
  entered(phase: Phase): void;
  noticed(event: EngineEvent): void;
  /** There is a session. */
  opened(session: WebSocketSession, timings: HandshakeTimings): void;
  /** There is none; the last call. */
  failed(error: unknown, timings: HandshakeTimings): void;
}
