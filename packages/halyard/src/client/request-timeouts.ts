// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../session/clock.ts";
import { checkTimeout } from "../session/durations.ts";
import { TimeoutError } from "../session/errors.ts";
import { pickOptions } from "../session/options.ts";
import type { Transport } from "../session/transport.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { BoundedAttempt } from "./attempt.ts";
import type { Attempt } from "./engine.ts";

/** Bounds in time, in milliseconds. Ktor: `HttpTimeoutConfig`. */
export interface RequestTimeouts {
  /**
   * For a call until its answer has come: an opening handshake with its 101, plain HTTP with the head of the response. All
   * redirects, retries and refreshes are within it. An open session it does not bound.
   * @defaultValue the `handshakeTimeout` of `WebSockets`, or 10,000
   */
  readonly requestTimeout?: number | undefined;
  /**
   * For each connection, until a request can be sent on it: name, TCP, proxy, TLS. Where the engine does not tell that,
   * which is so of Js and of plain HTTP, until the answer comes. @defaultValue none but `requestTimeout`
   */
  readonly connectTimeout?: number | undefined;
  /** How long an open session may be without a byte in either direction; pings are bytes, too. @defaultValue no bound */
  readonly socketTimeout?: number | undefined;
}

const names = ["requestTimeout", "connectTimeout", "socketTimeout"] as const;

/**
 * Timeouts of a request, or of all requests: a number stands for `requestTimeout`.
 * @throws {@link InvalidArgumentError}
 */
export function checkTimeouts(what: string, given: number | RequestTimeouts): RequestTimeouts {
  if (typeof given === "number") return { requestTimeout: checkTimeout(what, given) };
  const timeouts = pickOptions<RequestTimeouts>(what, given, names);
  for (const name of names) if (timeouts[name] !== undefined) checkTimeout(name, timeouts[name]);
  return timeouts;
}

/** Bounds one connection of an attempt, until it is ready for the request. @returns the attempt for the engine, and the end of the bound */
export function boundConnecting(
  attempt: BoundedAttempt,
  { connectTimeout }: RequestTimeouts,
  clock: Clock,
  url: string,
): [Attempt, () => void] {
  if (connectTimeout === undefined) return [attempt, () => undefined];
  const text = `the connection to ${url} took longer than connectTimeout, ${connectTimeout} ms`;
  const cancel = clock.after(connectTimeout, () =>
    attempt.abort(new TimeoutError(text, connectTimeout, { phase: "connect", url })),
  );
  const bounded: Attempt = {
    get signal() {
      return attempt.signal;
    },
    get notice() {
      return attempt.notice;
    },
    onAbort: (callback) => attempt.onAbort(callback),
    entered(phase) {
      if (phase === "upgrade") cancel();
      attempt.entered(phase);
    },
  };
  return [bounded, cancel];
}

/** Drops a session on which nothing has passed for `socketTimeout`. */
export function watchIdleness(
  session: WebSocketSession,
  transport: Transport,
  { socketTimeout }: RequestTimeouts,
  clock: Clock,
  url: string,
): void {
  if (socketTimeout === undefined) return;
  const passed = () => transport.bytesReceived + transport.output.bytesWritten;
  const watch = () => {
    const before = passed();
    return clock.after(socketTimeout, () => {
      if (passed() !== before) cancel = watch();
      else session.cancel(new TimeoutError(text, socketTimeout, { phase: "open", url }));
    });
  };
  const text = `no byte passed between us and ${url} for socketTimeout, ${socketTimeout} ms`;
  let cancel = watch();
  void session.ended.then(() => cancel());
}
