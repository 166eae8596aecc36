// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import type {
  ConnectionOptions,
  PeerCertificate,
  SecureContext,
  SecureContextOptions,
  TLSSocket,
} from "node:tls";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { environmentKeyLog, type KeyLog } from "./key-log.ts";
import { nodeTls } from "./lazy-builtins.ts";
import { PinnedHosts, pinsOf } from "./pins.ts";
import type { TlsOptions } from "./tls-options.ts";

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
  /** As they were given, and checked. */
  readonly options: TlsOptions;
  readonly #pinned: PinnedHosts | null;
  readonly #keyLog: KeyLog | null;
  #context: SecureContext | undefined;
  /** The server that was heard of last stands last. */
  readonly #tickets = new Map<string, Ticket[]>();
  /** What our own hooks have thrown. */
  readonly #faults = new WeakMap<TLSSocket, Error>();

  /**
   * @param options - which were checked
   * @throws {@link InvalidArgumentError} for a certificate, key or anything else that the platform cannot use
   */
  constructor(options: TlsOptions) {
    this.options = options;
    this.#pinned = options.pins === undefined ? null : new PinnedHosts(options.pins);
    const { keyLog = null } = options;
    this.#keyLog = keyLog === "SSLKEYLOGFILE" ? environmentKeyLog() : keyLog;
    // The platform's own certificates take milliseconds, and without options nothing can be wrong.
    if (Object.keys(options).length > 0) this.#context = createContext(options);
    if (options.rejectUnauthorized === false && this.#pinned === null) warnOnce();
  }

  /**
   * Every field is set, so that nothing can come in by way of a polluted prototype.
   * @param protocols - to be offered by ALPN (RFC 7301)
   */
  connectionOptions(server: TlsServer, protocols?: readonly string[]): ConnectionOptions {
    const { servername, ALPNProtocols = ["http/1.1"], rejectUnauthorized } = this.options;
    return {
      secureContext: (this.#context ??= createContext(this.options)),
      // RFC 6066 section 3: an address is no server name. A name's final dot is no part of it.
      servername: servername ?? (isIP(server.host) === 0 ? server.host.replace(/\.$/, "") : ""),
      ALPNProtocols: [...(protocols ?? ALPNProtocols)],
      rejectUnauthorized: rejectUnauthorized ?? true,
      checkServerIdentity:
        this.options.checkServerIdentity === undefined ? nodeTls().checkServerIdentity : this.#identity,
      minVersion: minVersionOf(this.options),
      session: this.#ticketFor(server),
    };
  }

  /** Keeps the tickets that come on the connection, and hands on its secrets to who was configured to have them. */
  learnFrom(socket: TLSSocket, server: TlsServer): void {
    const keyLog = this.#keyLog;
    if (keyLog !== null) {
      socket.on("keylog", (line: Buffer) => {
        try {
          keyLog(line.toString("latin1").trimEnd());
        } catch (error) {
          const fault = faultOf("tls.keyLog threw", "ERR_HALYARD_KEY_LOG", error);
          this.#faults.set(socket, fault);
          // Bun tells of the secrets when TLS stands. At once, OpenSSL would still be at work on the connection.
          process.nextTick(() => socket.destroy(fault));
        }
      });
    }
    socket.on("session", (ticket: Buffer) => {
      // Behind a refusal Node still tells of the ticket that TLS 1.2 gave before.
      if (socket.destroyed) return;
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

  /** What is wrong with a connection though TLS stands: a key that is not pinned, or a hook of ours that has thrown. */
  refusal(socket: TLSSocket, server: TlsServer): Error | undefined {
    const pins = this.#pinned?.of(server.host) ?? null;
    try {
      return this.#faults.get(socket) ?? (pins === null ? undefined : this.#unpinned(pins, socket, server));
    } catch (error) {
      // A key of a kind that the platform cannot write out.
      return faultOf("its public key cannot be read", "ERR_HALYARD_PIN_MISMATCH", error);
    }
  }

  #unpinned(pins: ReadonlySet<string>, socket: TLSSocket, server: TlsServer): Error | undefined {
    const seen = pinsOf(socket.getPeerCertificate(true));
    // Node shows no certificate of a resumed session. The ticket is of a connection whose pins were checked.
    if (seen.length === 0 && socket.isSessionReused()) return undefined;
    if (seen.some((pin) => pins.has(pin))) return undefined;
    // Elsewhere than on Node it may be there already.
    this.#tickets.delete(keyOf(server));
    return Object.assign(new Error(`none of its public keys is pinned: ${seen.join(", ")}`), {
      code: "ERR_HALYARD_PIN_MISMATCH",
    });
  }

  /** The platform would throw what the hook throws where nobody can catch it. */
  readonly #identity = (host: string, certificate: PeerCertificate): Error | undefined => {
    const what = "tls.checkServerIdentity refused the certificate";
    try {
      const error: unknown = this.options.checkServerIdentity?.(host, certificate);
      if (error === undefined) return undefined;
      if (error instanceof Error && "code" in error) return error;
      return faultOf(what, "ERR_HALYARD_IDENTITY", error);
    } catch (error) {
      return faultOf(what, "ERR_HALYARD_IDENTITY", error);
    }
  };
}

let isWarned = false;

function warnOnce(): void {
  if (isWarned) return;
  isWarned = true;
  process.emitWarning("tls.rejectUnauthorized is false: whoever answers is believed to be the server", {
    type: "HalyardWarning",
    code: "HALYARD_TLS_UNVERIFIED",
  });
}

function faultOf(what: string, code: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : `it gave no Error but ${typeof cause}`;
  return Object.assign(new Error(`${what}: ${text}`, { cause }), { code });
}

function minVersionOf({ minVersion }: TlsOptions): "TLSv1.2" | "TLSv1.3" {
  return minVersion ?? "TLSv1.2";
}

function createContext(options: TlsOptions): SecureContext {
  const { ca, cert, key, pfx, passphrase, maxVersion, ciphers } = options;
  const given = { ca, cert, key, pfx, passphrase, minVersion: minVersionOf(options), maxVersion, ciphers };
  try {
    return nodeTls().createSecureContext(given as SecureContextOptions);
  } catch (cause) {
    const used = Object.entries({ ...given, minVersion: options.minVersion }).filter(
      ([, value]) => value !== undefined,
    );
    throw new InvalidArgumentError(
      `one of ${used.map(([name]) => name).join(", ")} of tls cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function keyOf({ host, port, socketPath }: TlsServer): string {
  return JSON.stringify([host, port, socketPath]);
}
