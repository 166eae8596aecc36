// SPDX-License-Identifier: Apache-2.0
import { connect, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Phase } from "../protocol/errors.ts";
import { type DialEvent, securedEvent, tellOf } from "./dial-events.ts";
import { nodeTls } from "./lazy-builtins.ts";
import { socketError } from "./socket-errors.ts";
import { SocketStream } from "./socket-stream.ts";
import type { TlsClient } from "./tls-client.ts";

/** Where to connect to, and how. */
export interface DialOptions {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, instead of host and port; with TLS the host is still what is verified. */
  readonly socketPath?: string | undefined;
  /** Null for plain TCP. */
  readonly tls: TlsClient | null;
  readonly noDelay: boolean;
  /** Milliseconds of idleness before TCP keepalive probes; 0 for none. */
  readonly keepAlive: number;
  /** Milliseconds for one address, when a name has several, before the next is tried. */
  readonly addressTimeout: number;
}

export interface DialContext {
  /** The URL for errors, free of secrets. */
  readonly url: string;
  entered(phase: Phase): void;
  /** Takes what else there is to tell; undefined when nobody asks. */
  readonly notice?: ((event: DialEvent) => void) | undefined;
  /** Calls back with the reason when nobody wants the socket any more, at once if that is so now. */
  onAbort(callback: ((reason: unknown) => void) | null): void;
}

/**
 * Opens a socket, plain or TLS, and verifies the peer. Happy Eyeballs is Node's own.
 *
 * @throws {@link ConnectionError} or {@link TlsError}; the reason of an abort. Nothing is left open then.
 */
export function dial(options: DialOptions, context: DialContext): Promise<SocketStream> {
  return new Promise((resolve, reject) => {
    let stream: SocketStream | undefined;
    let isAborted = false;
    context.onAbort((reason) => {
      isAborted = true;
      stream?.destroy();
      reject(reason);
    });
    if (isAborted) return;
    const isLookedUp = options.socketPath === undefined && isIP(options.host) === 0;
    let phase: Phase = isLookedUp ? "dns" : "connect";
    const enter = (next: Phase) => {
      phase = next;
      context.entered(next);
    };
    enter(phase);
    stream = open(options);
    const { socket } = stream;
    const { notice } = context;
    if (notice !== undefined) tellOf(socket, options.socketPath, notice);
    const found = (error: Error | null) => {
      if (error === null) enter("connect");
    };
    const ready = () => {
      context.onAbort(null);
      // The listener would hold the whole attempt as long as the socket lives.
      if (isLookedUp) socket.removeListener("lookup", found);
      stream.detach();
      resolve(stream);
    };
    if (isLookedUp) socket.once("lookup", found);
    const { tls } = options;
    socket.once("connect", () => (tls === null ? ready() : enter("tls")));
    if (tls !== null) {
      socket.once("secureConnect", () => {
        const refusal = tls.refusal(socket as TLSSocket, options);
        if (refusal !== undefined) socket.destroy(refusal);
        else {
          notice?.(securedEvent(socket as TLSSocket));
          ready();
        }
      });
    }
    const ended = () => new Error("the peer ended the connection");
    stream.attach({
      received: () => false,
      ended: () => socket.destroy(ended()),
      closed: (error) => {
        context.onAbort(null);
        reject(socketError(error ?? ended(), phase, context.url));
      },
    });
  });
}

function open({
  tls,
  host,
  port,
  socketPath,
  noDelay,
  keepAlive,
  addressTimeout,
}: DialOptions): SocketStream {
  // Without a prototype, so that one which was polluted sets no option, such as another path to connect to.
  const tcp = {
    __proto__: null,
    // With a path, the host is still what TLS verifies.
    host,
    port,
    path: socketPath,
    // The peer's end must not cut off what we still have to say: who reads the stream ends it.
    allowHalfOpen: true,
    noDelay,
    keepAlive: keepAlive > 0,
    // The platform counts in seconds, and takes 0 for its own default of hours.
    keepAliveInitialDelay: Math.max(1_000, keepAlive),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.ceil(addressTimeout),
  };
  return SocketStream.connect(tls !== null, (onread): Socket => {
    const own = Object.assign(tcp, { onread });
    if (tls === null) return connect(own as TcpNetConnectOpts);
    const server = { host, port, socketPath };
    const socket = nodeTls().connect(Object.assign(own, tls.connectionOptions(server)) as ConnectionOptions);
    tls.learnFrom(socket, server);
    return socket;
  });
}
