// SPDX-License-Identifier: Apache-2.0
import { connect as connectPlain, type Socket } from "node:net";
import type { FetchRequest } from "../../client/engine.ts";
import { platformFetch } from "../../client/platform-fetch.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { nodeTls } from "../../sockets/lazy-builtins.ts";
import type { TlsClient } from "../../sockets/tls-client.ts";
import { type FetchOptions, fetchError, fetchOptions } from "./fetch-options.ts";

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
  readonly #tls: TlsClient;
  #platform: FetchOptions | null = null;
  /** By the path of a Unix socket; empty for none. */
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(tls: TlsClient) {
    this.#tls = tls;
  }

  async fetch(request: FetchRequest): Promise<Response> {
    const { socketPath, url } = request;
    const isPlain =
      socketPath === undefined && (url.protocol === "http:" || Object.keys(this.#tls.options).length === 0);
    return await platformFetch(request, isPlain ? {} : await this.#extra(socketPath), fetchError);
  }

  async close(): Promise<void> {
    this.#platform?.client?.close();
    const dispatchers = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.allSettled(dispatchers.map(async (dispatcher) => (await dispatcher).destroy()));
  }

  async #extra(socketPath: string | undefined): Promise<object> {
    if (socketPath === undefined) this.#platform ??= fetchOptions(this.#tls.options, undefined);
    const options = socketPath === undefined ? this.#platform : fetchOptions(this.#tls.options, socketPath);
    if (options !== null) return options;
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
        const { socket, opened, refusal } = this.#connect(target, socketPath);
        socket.once("error", (error) => done(error, null));
        socket.once(opened, () => {
          const error = refusal();
          if (error === undefined) done(null, socket);
          else socket.destroy(error);
        });
      },
    });
  }

  /** The one place where plain HTTP gets a socket from. */
  #connect({ hostname, port, protocol }: Target, path: string | undefined): Connecting {
    const isTls = protocol === "https:";
    const host = hostname.replace(/^\[|\]$/g, "");
    const server = { host, port: port === "" ? (isTls ? 443 : 80) : Number(port), socketPath: path };
    const where = path === undefined ? { host, port: server.port, autoSelectFamily: true } : { path };
    if (!isTls) return { socket: connectPlain(where), opened: "connect", refusal: () => undefined };
    const socket = nodeTls().connect({ ...this.#tls.connectionOptions(server), ...where, host });
    this.#tls.learnFrom(socket, server);
    return { socket, opened: "secureConnect", refusal: () => this.#tls.refusal(socket, server) };
  }
}

/** A socket on its way. */
interface Connecting {
  readonly socket: Socket;
  /** The event by which it is open. */
  readonly opened: "connect" | "secureConnect";
  /** What is wrong with it all the same. */
  readonly refusal: () => Error | undefined;
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
