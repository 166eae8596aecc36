// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { callbackify } from "node:util";
import { BoundedAttempt } from "../../client/attempt.ts";
import type { FetchRequest } from "../../client/engine.ts";
import { ClientClosedError } from "../../client/errors.ts";
import { platformFetch } from "../../client/platform-fetch.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { observe } from "../../session/waiting.ts";
import { checkProxied, type FetchWay, fetchError, fetchWay } from "./fetch-options.ts";
import type { ResolvedCioOptions } from "./options.ts";
import type { ProxyServer } from "./proxy/proxy-server.ts";
import { dialThrough } from "./proxy/tunnel.ts";

/** What is used of undici: as much of its `Agent` as can be said without its types, which a user need not have. */
interface Dispatcher {
  /** Once its requests are over. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

/** What undici tells of a server that it wants a socket to. */
interface Target {
  readonly hostname: string;
  readonly port: string;
  readonly protocol: string;
}

interface KeptWay {
  readonly way: Promise<FetchWay>;
  /** How many wait for the head of their answer. */
  requests: number;
}

/** How many ways are kept: a program may have a proxy, or credentials for it, for each request. */
const mostWays = 100;
/** In milliseconds. undici connects for several requests, and does not tell when the last of them has been given up. */
const longestConnecting = 60_000;

/**
 * Sends plain HTTP by the platform's `fetch`, where the engine's TLS options or a proxy ask for it through the engine's own
 * sockets: on Node by a dispatcher of undici, which gets them here, on Bun and Deno as far as their `fetch` can.
 */
export class PlainHttp {
  readonly #options: ResolvedCioOptions;
  /** By the path of a Unix socket, and the proxy. The one that was used last stands last. */
  readonly #ways = new Map<string, KeptWay>();
  readonly #connecting = new Set<BoundedAttempt>();

  constructor(options: ResolvedCioOptions) {
    this.#options = options;
  }

  async fetch(request: FetchRequest): Promise<Response> {
    const { socketPath, url } = request;
    const { tls, proxies } = this.#options;
    const proxy = proxies.for(request);
    if (proxy !== null) checkProxied(url);
    const isDirect = socketPath === undefined && proxy === null;
    if (isDirect && (url.protocol === "http:" || Object.keys(tls.options).length === 0))
      return await platformFetch(request, {}, fetchError);
    const kept = this.#kept(socketPath, proxy);
    kept.requests++;
    try {
      return await platformFetch(request, (await kept.way).extra, fetchError);
    } finally {
      kept.requests--;
      this.#dropOldest();
    }
  }

  async close(): Promise<void> {
    for (const attempt of this.#connecting) attempt.abort(new ClientClosedError("the engine is closed"));
    const ways = [...this.#ways.values()];
    this.#ways.clear();
    await Promise.allSettled(ways.map(async ({ way }) => (await way).destroy()));
  }

  #kept(socketPath: string | undefined, proxy: ProxyServer | null): KeptWay {
    const key = JSON.stringify([socketPath, proxy]);
    const kept = this.#ways.get(key) ?? { way: this.#newWay(socketPath, proxy), requests: 0 };
    this.#ways.delete(key);
    this.#ways.set(key, kept);
    return kept;
  }

  #dropOldest(): void {
    for (const [key, { way, requests }] of this.#ways) {
      if (this.#ways.size <= mostWays) return;
      if (requests > 0) continue;
      this.#ways.delete(key);
      observe(way.then((each) => each.close()));
    }
  }

  async #newWay(socketPath: string | undefined, proxy: ProxyServer | null): Promise<FetchWay> {
    const { tls, proxyTls } = this.#options;
    const own = fetchWay(tls.options, socketPath, proxy, proxyTls.options);
    if (own !== null) return own;
    const { Agent } = await undici();
    const dispatcher = new Agent({
      connect: callbackify((target: Target) => this.#connect(target, socketPath, proxy)),
    });
    return {
      extra: { dispatcher },
      close: () => dispatcher.close(),
      destroy: () => dispatcher.destroy(),
    };
  }

  /** The one place where plain HTTP gets a socket from. */
  #connect(
    { hostname, port, protocol }: Target,
    socketPath: string | undefined,
    proxy: ProxyServer | null,
  ): Promise<Socket> {
    const { tls, clock } = this.#options;
    const isTls = protocol === "https:";
    const dial = {
      ...this.#options,
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (isTls ? 443 : 80) : Number(port),
      socketPath,
      tls: isTls ? tls : null,
      isReleasable: true,
      http2: false,
    };
    // Without path and query, which differ between those who share a connection.
    const url = `${protocol}//${hostname}${port === "" ? "" : `:${port}`}/`;
    const connecting = new BoundedAttempt({
      clock,
      timeout: longestConnecting,
      caller: undefined,
      safeUrl: url,
      what: "the connection to",
    });
    this.#connecting.add(connecting);
    const connected = connecting.run(
      (attempt) =>
        dialThrough(proxy === null ? null : { ...this.#options, proxy }, dial, {
          url,
          entered: (phase) => attempt.entered(phase),
          onAbort: (callback) => attempt.onAbort(callback),
        }),
      (stream) => {
        const socket = stream.release();
        // What the server has to say is over with its end.
        socket.allowHalfOpen = false;
        return socket;
      },
      (stream) => stream.destroy(),
    );
    return connected.finally(() => this.#connecting.delete(connecting));
  }
}

async function undici(): Promise<{ Agent: new (options: object) => Dispatcher }> {
  try {
    return await import("undici");
  } catch (cause) {
    throw new InvalidArgumentError(
      "a proxy, socketPath and tls options of Cio need the package undici for plain HTTP: npm install undici, " +
        "or proxy: false for the direct way",
      { cause },
    );
  }
}
