// SPDX-License-Identifier: Apache-2.0
import { connect as connectPlain, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Phase } from "../protocol/errors.ts";
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
  readonly signal: AbortSignal;
  /** The URL for errors, free of secrets. */
  readonly url: string;
  entered(phase: Phase): void;
}

/**
 * Opens a socket, plain or TLS, and verifies the peer. Happy Eyeballs is Node's own.
 *
 * @throws {@link ConnectionError} or {@link TlsError}; `signal.reason` when aborted. Nothing is left open then.
 */
export function dial(options: DialOptions, context: DialContext): Promise<SocketStream> {
  const { signal } = context;
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let phase: Phase = "dns";
    const enter = (next: Phase) => {
      phase = next;
      context.entered(next);
    };
    enter(options.socketPath !== undefined || isIP(options.host) !== 0 ? "connect" : "dns");
    const stream = open(options);
    const { socket } = stream;
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const found = (error: Error | null) => {
      if (error === null) enter("connect");
    };
    const ready = () => {
      signal.removeEventListener("abort", abort);
      // An address is not looked up, and the listener would hold the whole attempt as long as the socket lives.
      socket.removeListener("lookup", found);
      stream.detach();
      resolve(stream);
    };
    socket.once("lookup", found);
    socket.once("connect", () => (options.tls === null ? ready() : enter("tls")));
    if (options.tls !== null) socket.once("secureConnect", ready);
    const ended = () => new Error("the peer ended the connection");
    stream.attach({
      received: () => false,
      ended: () => socket.destroy(ended()),
      closed: (error) => {
        signal.removeEventListener("abort", abort);
        reject(socketError(error ?? ended(), phase, context.url));
      },
    });
  });
}

function open(options: DialOptions): SocketStream {
  const { tls, host, port, socketPath, noDelay, keepAlive, addressTimeout } = options;
  const tcp = {
    // With a path, the host is still what TLS verifies.
    ...(socketPath === undefined ? { host, port } : { host, path: socketPath }),
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
    if (tls === null) return connectPlain(bare({ ...tcp, onread }) as TcpNetConnectOpts);
    const server = { host, port, socketPath };
    const socket = connectTls(
      bare({ ...tcp, ...tls.connectionOptions(server), onread }) as ConnectionOptions,
    );
    tls.learnFrom(socket, server);
    return socket;
  });
}

/** Without a prototype, so that one which was polluted sets no option, such as a path instead of the host. */
function bare(options: object): unknown {
  return Object.assign(Object.create(null), options);
}
