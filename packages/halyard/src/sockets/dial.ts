// SPDX-License-Identifier: Apache-2.0
import {
  connect as connectPlain,
  isIP,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Phase } from "../protocol/errors.ts";
import { ownOptions } from "../protocol/given.ts";
import type { DialEvent } from "../session/dial-event.ts";
import { securedEvent, tellOf } from "./dial-events.ts";
import { nodeTls } from "./lazy-builtins.ts";
import { socketError } from "./socket-errors.ts";
import { SocketStream } from "./socket-stream.ts";
import type { TlsClient, TlsServer } from "./tls-client.ts";

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
  /** Whether the stream can be released, for somebody else to read from its socket. */
  readonly isReleasable?: boolean | undefined;
  /** Whether to offer HTTP/2 by ALPN. */
  readonly http2?: boolean | undefined;
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
export function dial(given: DialOptions, context: DialContext): Promise<SocketStream> {
  const options = ownOptions(given);
  const isLookedUp = options.socketPath === undefined && isIP(options.host) === 0;
  const first = isLookedUp ? "dns" : "connect";
  const { tls, isReleasable = false } = options;
  return ready(null, () => open(options), { first, tls, server: options, isReleasable }, context);
}

/**
 * Begins TLS over a stream that can be released, and verifies the peer. That stream ends with the one of TLS.
 *
 * @throws {@link TlsError} or {@link ConnectionError}; the reason of an abort. Nothing is left open then.
 */
export function startTls(
  stream: SocketStream,
  tls: TlsClient,
  given: TlsServer & Pick<DialOptions, "http2" | "isReleasable">,
  context: DialContext,
): Promise<SocketStream> {
  const server = ownOptions(given);
  const open = () => {
    const below = stream.release();
    // What happens to it, the socket of TLS tells.
    below.on("error", () => undefined);
    // An address, which is no server name, is verified as the host.
    const { host, http2 } = server;
    const options = {
      __proto__: null,
      socket: below,
      host,
      ...tls.connectionOptions(server, protocolsFor(http2)),
    };
    const socket = nodeTls().connect(options as ConnectionOptions);
    tls.learnFrom(socket, server);
    return adopt(socket);
  };
  return ready(
    stream,
    open,
    { first: "tls", tls, server, isReleasable: server.isReleasable ?? false },
    context,
  );
}

interface Opening {
  readonly first: Phase;
  /** Null for plain TCP. */
  readonly tls: TlsClient | null;
  readonly server: TlsServer;
  readonly isReleasable: boolean;
}

/** @param below - what is open already, and not to stay so in vain */
function ready(
  below: SocketStream | null,
  open: () => SocketStream,
  { first, tls, server, isReleasable }: Opening,
  context: DialContext,
): Promise<SocketStream> {
  return new Promise((resolve, reject) => {
    let stream = below;
    let isAborted = false;
    context.onAbort((reason) => {
      isAborted = true;
      stream?.destroy();
      reject(reason);
    });
    let phase = first;
    const enter = (next: Phase) => {
      phase = next;
      context.entered(next);
    };
    if (!isAborted) enter(phase);
    // Who is told of the phase may want it no more.
    if (isAborted) return;
    const opening = open();
    stream = opening;
    const { socket } = opening;
    const { notice } = context;
    if (notice !== undefined && below === null) tellOf(socket, server.socketPath, notice);
    const found = (error: Error | null) => {
      if (error === null) enter("connect");
    };
    const ready = () => {
      context.onAbort(null);
      // The listener would hold the whole attempt as long as the socket lives.
      if (first === "dns") socket.removeListener("lookup", found);
      if (isReleasable) opening.pause();
      opening.detach();
      resolve(opening);
    };
    if (first === "dns") socket.once("lookup", found);
    socket.once("connect", () => (tls === null ? ready() : enter("tls")));
    if (tls !== null) {
      socket.once("secureConnect", () => {
        const refusal = tls.refusal(socket as TLSSocket, server);
        if (refusal !== undefined) socket.destroy(refusal);
        else {
          notice?.(securedEvent(socket as TLSSocket));
          ready();
        }
      });
    }
    const ended = () => new Error("the peer ended the connection");
    opening.attach({
      received: () => false,
      ended: () => socket.destroy(ended()),
      closed: (error) => {
        context.onAbort(null);
        reject(socketError(error ?? ended(), phase, context.url));
      },
    });
  });
}

/** What else could lead a connection astray: `tls.connect` copies its options to an object that has a prototype. */
const unsaid = {
  socket: undefined,
  localAddress: undefined,
  localPort: undefined,
  family: undefined,
  lookup: undefined,
  timeout: undefined,
  pskCallback: undefined,
};

function open({
  tls,
  host,
  port,
  socketPath,
  noDelay,
  keepAlive,
  addressTimeout,
  http2 = false,
  isReleasable = false,
}: DialOptions): SocketStream {
  // Without a prototype, so that one which was polluted sets no option, such as another path to connect to.
  const tcp = {
    __proto__: null,
    ...unsaid,
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
  const connect = (onread?: OnReadOpts): Socket => {
    const own = Object.assign(tcp, { onread });
    if (tls === null) return connectPlain(own as TcpNetConnectOpts);
    const server = { host, port, socketPath };
    const socket = nodeTls().connect(
      Object.assign(own, tls.connectionOptions(server, protocolsFor(http2))) as ConnectionOptions,
    );
    tls.learnFrom(socket, server);
    return socket;
  };
  if (!isReleasable) return SocketStream.connect(tls !== null, connect);
  return adopt(connect());
}

/** What to offer by ALPN; undefined for what the options say. */
function protocolsFor(http2 = false): readonly string[] | undefined {
  return http2 ? ["h2", "http/1.1"] : undefined;
}

function adopt(socket: Socket): SocketStream {
  const stream = SocketStream.adopt(socket);
  // An end can only be seen by who reads.
  stream.resume();
  return stream;
}
