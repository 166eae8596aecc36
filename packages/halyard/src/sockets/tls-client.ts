// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import { nodeTls } from "./lazy-builtins.ts";

/** What TLS may be given. Names and meaning are those of `node:tls`. */
export interface TlsOptions {
  /** Certificates to trust instead of the platform's, PEM. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Our certificate chain, PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** Our private key, PEM. */
  readonly key?: string | Uint8Array | undefined;
  readonly passphrase?: string | undefined;
  /** The name to ask for (SNI) and to verify. @defaultValue the host, unless it is an IP address */
  readonly servername?: string | undefined;
  /** @defaultValue `["http/1.1"]` */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /** Whether an unverified server is refused. Turning it off gives up what TLS is for. @defaultValue true */
  readonly rejectUnauthorized?: boolean | undefined;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly ciphers?: string | undefined;
}

/** A server as tickets are kept for it: one that was verified is the same by address and name. */
export interface TlsServer {
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string | undefined;
}

interface Ticket {
  readonly ticket: Buffer;
  readonly isForOnce: boolean;
}

/** Node's servers send two tickets with each connection. */
const ticketsPerServer = 2;
const mostServers = 100;

/**
 * What the TLS connections of one engine share: certificates and keys, parsed once, and the tickets of servers that were
 * verified, by which a further handshake is shorter (RFC 8446 section 2.2). A ticket of TLS 1.3 is used once, as appendix
 * C.4 wants it; TLS 1.2 gives no new one for it.
 */
export class TlsClient {
  readonly #options: TlsOptions;
  #context: SecureContext | undefined;
  /** The server that was heard of last stands last. */
  readonly #tickets = new Map<string, Ticket[]>();

  constructor(options: TlsOptions) {
    this.#options = options;
  }

  /** Every field is set, so that nothing can come in by way of a polluted prototype. */
  connectionOptions(server: TlsServer): ConnectionOptions {
    const { servername, ALPNProtocols, rejectUnauthorized } = this.#options;
    return {
      secureContext: this.#secureContext,
      // RFC 6066 section 3: an address is no server name. A name's final dot is no part of it.
      servername: servername ?? (isIP(server.host) === 0 ? server.host.replace(/\.$/, "") : ""),
      ALPNProtocols: [...(ALPNProtocols ?? ["http/1.1"])],
      rejectUnauthorized: rejectUnauthorized ?? true,
      minVersion: this.#minVersion,
      session: this.#ticketFor(server),
    };
  }

  /** Keeps the tickets that come on the connection. */
  learnFrom(socket: TLSSocket, server: TlsServer): void {
    socket.on("session", (ticket: Buffer) => {
      const key = keyOf(server);
      const known = this.#tickets.get(key) ?? [];
      this.#tickets.delete(key);
      const isForOnce = socket.getProtocol() === "TLSv1.3";
      this.#tickets.set(key, [...known, { ticket, isForOnce }].slice(-ticketsPerServer));
      const [oldest] = this.#tickets.keys();
      if (this.#tickets.size > mostServers && oldest !== undefined) this.#tickets.delete(oldest);
    });
  }

  #ticketFor(server: TlsServer): Buffer | undefined {
    const tickets = this.#tickets.get(keyOf(server));
    const newest = tickets?.at(-1);
    if (newest?.isForOnce === true) tickets?.pop();
    return newest?.ticket;
  }

  get #minVersion(): "TLSv1.2" | "TLSv1.3" {
    return this.#options.minVersion ?? "TLSv1.2";
  }

  get #secureContext(): SecureContext {
    const { ca, cert, key, passphrase, maxVersion, ciphers } = this.#options;
    this.#context ??= nodeTls().createSecureContext({
      ca: ca as string | Buffer | (string | Buffer)[] | undefined,
      cert: cert as string | Buffer | undefined,
      key: key as string | Buffer | undefined,
      passphrase,
      minVersion: this.#minVersion,
      maxVersion,
      ciphers,
    });
    return this.#context;
  }
}

function keyOf({ host, port, socketPath }: TlsServer): string {
  return JSON.stringify([host, port, socketPath]);
}
