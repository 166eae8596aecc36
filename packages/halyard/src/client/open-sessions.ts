// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { BoundedAttempt } from "./attempt.ts";
import type { HttpClientEngine } from "./engine.ts";
import { ClientClosedError } from "./errors.ts";

/** All that a client and its descendants have open, so that closing the client can end it. */
export class OpenSessions {
  readonly #engine: HttpClientEngine;
  readonly #ownsEngine: boolean;
  readonly #attempts = new Set<BoundedAttempt>();
  readonly #sessions = new Set<WebSocketSession>();
  #closing: Promise<void> | null = null;
  /** What {@link add} wants the session to call at its end. */
  readonly remove = (session: WebSocketSession): void => void this.#sessions.delete(session);

  constructor(engine: HttpClientEngine, ownsEngine: boolean) {
    this.#engine = engine;
    this.#ownsEngine = ownsEngine;
  }

  /** Counts an attempt in while it runs. @throws {@link ClientClosedError} */
  async during<T>(attempt: BoundedAttempt, run: () => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw new ClientClosedError("the client is closed: make a new one");
    this.#attempts.add(attempt);
    try {
      return await run();
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  add(session: WebSocketSession): void {
    this.#sessions.add(session);
  }

  /** Ends attempts at once and sessions with 1001, then the engine if it is ours. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const attempt of this.#attempts) attempt.abort(new ClientClosedError("the client was closed"));
    const reason = new CloseReason(CloseReason.Codes.GOING_AWAY, "the client was closed");
    await Promise.all(Array.from(this.#sessions, (session) => session.leave(reason)));
    if (this.#ownsEngine) await this.#engine.close();
  }
}
