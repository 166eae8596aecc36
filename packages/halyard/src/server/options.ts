// SPDX-License-Identifier: Apache-2.0

import type { Clock } from "../session/clock.ts";
import type { SessionConfig } from "../session/config.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { AllowedOrigins } from "./origin.ts";

/** What can be configured of the server's side. */
export interface ServerOptions extends Omit<SessionConfig, "handshakeTimeout"> {
  /** What this server speaks, the preferred first. */
  readonly subprotocols?: readonly string[] | undefined;
  /**
   * The pages that may connect besides those of our own host, as browsers name them: `["https://example.org"]`; `"*"`
   * for any. Others get 403. Programs that are no browsers name no page, and may connect.
   *
   * @defaultValue none
   */
  readonly origins?: AllowedOrigins | undefined;
  /**
   * The names and addresses that this server has, as `Host` gives them, without ports: `["localhost", "127.0.0.1", "[::1]"]`.
   * Requests for others get 421. Without it a page whose name was made to lead to this server (DNS rebinding) is of our
   * own host, so give it to a server that asks nobody who they are, such as a tool on a developer's machine.
   *
   * @defaultValue any
   */
  readonly hosts?: readonly string[] | undefined;
  /** The most sessions at once; more get 503. Only of a `WebSocketServer`. @defaultValue no limit */
  readonly maxConnections?: number | undefined;
  /**
   * Told when a handler throws; its session was closed with 1011 and has ended by then. It is not told of what ended
   * the session itself, such as a client that just went away: `session.ended` tells that.
   *
   * @defaultValue a warning of the process
   */
  readonly onError?: ((error: unknown, session: WebSocketSession) => void) | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
}
