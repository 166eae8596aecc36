// SPDX-License-Identifier: Apache-2.0
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { SessionConfig } from "../session/config.ts";

/** What can be configured of the server's side. */
export interface ServerOptions extends SessionConfig {
  /** What this server speaks, the preferred first. */
  readonly subprotocols?: readonly string[] | undefined;
  /**
   * Told when a handler throws; its session is closed with 1011. The session has ended by then.
   * @defaultValue a warning of the process
   */
  readonly onError?: ((error: unknown, session: WebSocketSession) => void) | undefined;
}
