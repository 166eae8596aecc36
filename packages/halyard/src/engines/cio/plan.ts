// SPDX-License-Identifier: Apache-2.0
import type { EngineRequest } from "../../client/engine.ts";
import { RequestTemplate } from "../../protocol/handshake/client-request.ts";
import type { DialOptions } from "../../sockets/dial.ts";
import type { Proxies } from "./proxy/proxies.ts";
import type { TunnelOptions } from "./proxy/tunnel.ts";

/** What all attempts of one request have in common. To work it out is a tenth of a handshake, and requests come again. */
export class Plan {
  readonly request: EngineRequest;
  readonly target: string;
  readonly host: string;
  readonly dial: DialOptions;
  /** Null for the direct way. */
  readonly tunnel: TunnelOptions | null;
  #template: RequestTemplate | undefined;

  constructor(
    request: EngineRequest,
    options: Omit<DialOptions & TunnelOptions, "host" | "port" | "socketPath" | "proxy" | "http2"> & {
      readonly proxies: Proxies;
    },
  ) {
    const { url, socketPath } = request;
    this.request = request;
    this.target = url.pathname + url.search;
    this.host = url.host;
    const proxy = options.proxies.for(request);
    this.tunnel = proxy === null ? null : { ...options, proxy };
    const isTls = url.protocol === "wss:";
    this.dial = {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
      socketPath,
      tls: isTls ? options.tls : null,
      noDelay: options.noDelay,
      keepAlive: options.keepAlive,
      addressTimeout: options.addressTimeout,
    };
  }

  /** Undefined with extensions, of which each attempt has fresh ones. */
  get template(): RequestTemplate | undefined {
    const { headers, subprotocols, extensions, safeUrl } = this.request;
    if (extensions.length > 0) return undefined;
    const { target, host } = this;
    this.#template ??= new RequestTemplate({
      target,
      host,
      headers,
      subprotocols,
      extensions: [],
      url: safeUrl,
    });
    return this.#template;
  }
}
