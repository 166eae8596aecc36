// SPDX-License-Identifier: Apache-2.0
import type { WebSocketExtension } from "../protocol/extension.ts";
import type { ChannelBounds } from "./bounds.ts";
import type { Clock } from "./clock.ts";
import type { HandshakeCall } from "./handshake-call.ts";
import type { WebSocketSession } from "./web-socket-session.ts";

/** What a session is made of. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly incoming: ChannelBounds;
  readonly outgoing: ChannelBounds;
  /** Milliseconds that the closing handshake may take. */
  readonly closeTimeout: number;
  /** The subprotocol that the handshake chose; empty for none. */
  readonly subprotocol: string;
  /** What the handshake has agreed on. */
  readonly extensions: readonly WebSocketExtension[];
  readonly call: HandshakeCall;
  /** The URL for errors, free of secrets. */
  readonly url?: string | undefined;
  /** Called when the session has ended and all is released: for who keeps a list. */
  readonly onEnd?: ((session: WebSocketSession) => void) | undefined;
}

/** How to close. */
export interface CloseOptions {
  /** Milliseconds that the closing handshake may take. @defaultValue the plugin's `closeTimeout` */
  readonly timeout?: number | undefined;
}
