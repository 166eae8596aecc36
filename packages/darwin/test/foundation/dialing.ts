// SPDX-License-Identifier: Apache-2.0
// From a request to an open connection: TCP, TLS with its challenge, the handshake with its redirects.
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { FoundationError, FoundationRequest } from "../../src/foundation.ts";
import { type Head, header, isAgreement, newKey, readHead, writeRequest } from "./head.ts";
import { misuse } from "./strict.ts";
import { copyRequest, type RequestCopy, redirected, urlError, type World } from "./values.ts";

/** What a challenge for a server's certificate is about. */
export interface ServerTrust {
  readonly host: string;
  readonly port: number;
  readonly socket: TLSSocket;
}

/** What a handler decided of a {@link ServerTrust}. */
export type Verdict = "trust" | "default" | "cancel";

/** Who waits for the connection. */
export interface Dialer {
  challenged(trust: ServerTrust, decide: (verdict: Verdict) => void): void;
  redirected(
    head: Head,
    request: FoundationRequest,
    decide: (request: FoundationRequest | null) => void,
  ): void;
  opened(socket: Socket, head: Head): void;
  /** The last call. @param head - of the answer, if there was one */
  failed(error: FoundationError, head: Head | null): void;
}

export class Dialing {
  readonly #world: World;
  readonly #anchors: readonly string[];
  readonly #dialer: Dialer;
  #socket: Socket | null = null;
  #isOver = false;

  /** @param anchors - the authorities that the system trusts, PEM */
  constructor(world: World, anchors: readonly string[], dialer: Dialer) {
    this.#world = world;
    this.#anchors = anchors;
    this.#dialer = dialer;
  }

  dial(request: RequestCopy): void {
    const { url, headers } = request;
    const isSecure = url.protocol === "wss:" || url.protocol === "https:";
    const host = url.hostname.replaceAll(/[[\]]/g, "");
    const port = Number(url.port || (isSecure ? 443 : 80));
    const socket = isSecure ? this.#connectTls(host, port) : connect({ host, port });
    this.#socket = socket;
    const key = newKey();
    socket.on("error", (error: NodeJS.ErrnoException) => this.#fail(urlCode(error), null, socket));
    socket.on("close", () => this.#fail(-1005, null, socket));
    const ask = () => {
      let received = Buffer.alloc(0);
      socket.on("data", (chunk: Buffer) => {
        if (this.#isOver || this.#socket !== socket) return;
        received = Buffer.concat([received, chunk]);
        const head = readHead(received);
        if (head !== null) this.#answered(head, key, request, socket);
      });
      socket.write(writeRequest(url, key, headers), "latin1");
    };
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      if (isSecure) this.#challenge({ host, port, socket: socket as TLSSocket }, ask);
      else ask();
    });
  }

  cancel(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #connectTls(host: string, port: number): TLSSocket {
    return connectTls({
      host,
      port,
      ca: [...this.#anchors],
      // Trust is a matter of the challenge.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
  }

  #challenge(trust: ServerTrust, ask: () => void): void {
    this.#dialer.challenged(trust, (verdict) => {
      if (this.#isOver) return;
      if (verdict === "trust" || (verdict === "default" && trust.socket.authorized)) return ask();
      this.#fail(verdict === "cancel" ? -999 : -1202, null, trust.socket);
    });
  }

  #answered(head: Head, key: string, request: RequestCopy, socket: Socket): void {
    const location = header(head, "Location");
    if (head.status >= 300 && head.status < 400 && location !== undefined) {
      socket.pause();
      const next = redirected(this.#world, request, location);
      this.#dialer.redirected(head, next, (wanted) => {
        if (this.#isOver) return;
        if (wanted === null) return this.#fail(-1011, head, socket);
        this.#socket = null;
        socket.destroy();
        this.dial(copyRequest(this.#world, wanted));
      });
      return;
    }
    if (!isAgreement(head, key)) return this.#fail(-1011, head, socket);
    this.#isOver = true;
    socket.removeAllListeners();
    this.#dialer.opened(socket, head);
  }

  #fail(code: number, head: Head | null, socket: Socket): void {
    if (this.#isOver || this.#socket !== socket) return;
    this.cancel();
    this.#dialer.failed(urlError(this.#world, code), head);
  }
}

function urlCode({ code = "" }: NodeJS.ErrnoException): number {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return -1003;
  if (code === "ECONNREFUSED") return -1004;
  return code === "EPROTO" || code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") ? -1200 : -1005;
}

/** Lets a decision be made once. */
export function once<A extends readonly unknown[]>(
  world: World,
  what: string,
  decide: (...args: A) => void,
): (...args: A) => void {
  let isDecided = false;
  return (...args) => {
    if (isDecided) misuse(world, `${what} is called twice`);
    isDecided = true;
    decide(...args);
  };
}
