// SPDX-License-Identifier: Apache-2.0
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { FetchRequest } from "../../client/engine.ts";
import { platformFetch } from "../../client/platform-fetch.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import type { ConnectionError } from "../../session/errors.ts";
import { socketError } from "../../sockets/socket-errors.ts";
import type { TlsClient, TlsOptions } from "../../sockets/tls-client.ts";

/** What is used of undici: as much of its `Agent` as can be said without its types, which a user need not have. */
interface Dispatcher {
  destroy(): Promise<void>;
}

/** What undici tells of a server that it wants a socket to. */
interface Target {
  readonly hostname: string;
  readonly port: string;
  readonly protocol: string;
}

/**
 * Sends plain HTTP by the platform's `fetch`, with the engine's TLS options where there are any: on Node by a dispatcher of
 * undici, which gets its sockets here, on Bun and Deno by what their `fetch` takes.
 */
export class PlainHttp {
  readonly #options: TlsOptions;
  readonly #tls: TlsClient;
  /** By the path of a Unix socket; empty for none. */
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(options: TlsOptions, tls: TlsClient) {
    this.#options = options;
    this.#tls = tls;
  }

  async fetch(request: FetchRequest): Promise<Response> {
    const { socketPath, url } = request;
    const isPlain =
      socketPath === undefined && (url.protocol === "http:" || Object.keys(this.#options).length === 0);
    return await platformFetch(request, isPlain ? {} : await this.#extra(socketPath), fetchError);
  }

  async close(): Promise<void> {
    const dispatchers = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.allSettled(dispatchers.map(async (dispatcher) => (await dispatcher).destroy()));
  }

  async #extra(socketPath: string | undefined): Promise<object> {
    if (process.versions["bun"] !== undefined) return { tls: this.#options, unix: socketPath };
    const key = socketPath ?? "";
    const made = this.#dispatchers.get(key) ?? this.#dispatcher(socketPath);
    this.#dispatchers.set(key, made);
    try {
      return { dispatcher: await made };
    } catch (error) {
      this.#dispatchers.delete(key);
      throw error;
    }
  }

  async #dispatcher(socketPath: string | undefined): Promise<Dispatcher> {
    const { Agent } = await undici();
    return new Agent({
      connect: (target: Target, done: (error: Error | null, socket: Socket | null) => void) => {
        const isTls = target.protocol === "https:";
        const socket = this.#connect(target, isTls, socketPath);
        socket.once("error", (error) => done(error, null));
        socket.once(isTls ? "secureConnect" : "connect", () => done(null, socket));
      },
    });
  }

  /** The one place where plain HTTP gets a socket from. */
  #connect({ hostname, port }: Target, isTls: boolean, path: string | undefined): Socket {
    const host = hostname.replace(/^\[|\]$/g, "");
    const server = { host, port: port === "" ? (isTls ? 443 : 80) : Number(port), socketPath: path };
    const where = path === undefined ? { host, port: server.port, autoSelectFamily: true } : { path };
    if (!isTls) return connectPlain(where);
    const socket = connectTls({ ...this.#tls.connectionOptions(server), ...where, host });
    this.#tls.learnFrom(socket, server);
    return socket;
  }
}

async function undici(): Promise<{ Agent: new (options: object) => Dispatcher }> {
  try {
    return await import("undici");
  } catch (cause) {
    throw new InvalidArgumentError(
      "tls options of Cio, and socketPath, need the package undici for plain HTTP: npm install undici",
      { cause },
    );
  }
}

/** The names of faults in certificates have only in common not to be errno's, nor undici's own. */
function fetchError(error: unknown, url: string): ConnectionError | undefined {
  const { cause } = error as { cause?: unknown };
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  const isTls = typeof code === "string" && !/^(?:E(?!PROTO$)[A-Z0-9]+|UND_ERR_\w+)$/.test(code);
  return socketError(cause, isTls ? "tls" : "connect", url);
}
