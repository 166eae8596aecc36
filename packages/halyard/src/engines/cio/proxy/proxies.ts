// SPDX-License-Identifier: Apache-2.0
import type { EngineRequest } from "../../../client/engine.ts";
import type { ProxyInput } from "../../../client/proxy-options.ts";
import { InvalidArgumentError } from "../../../protocol/errors.ts";
import { environmentProxies } from "./environment.ts";
import { type ProxyServer, proxyServer } from "./proxy-server.ts";

/** A handshake, or plain HTTP. */
type ProxiedRequest = Pick<EngineRequest, "url" | "safeUrl" | "proxy" | "socketPath">;

/** Chooses the proxy for a URL at each attempt; undefined, like false, is none. */
export type ProxyChoice = (url: URL) => ProxyInput | undefined;

/** Which proxy a request goes through: its own, else the engine's, else that of the environment. */
export class Proxies {
  readonly #choose: (url: URL) => ProxyServer | null;
  /** Whether the same request may go another way the next time. */
  readonly isDynamic: boolean;

  /** @throws {@link InvalidArgumentError} for an option that cannot be used */
  constructor(option: ProxyInput | ProxyChoice | undefined) {
    this.isDynamic = typeof option === "function";
    if (option === undefined) this.#choose = environmentProxies(process.env);
    else if (typeof option === "function") this.#choose = (url) => checked(option(new URL(url)) ?? false);
    else {
      const proxy = checked(option);
      this.#choose = () => proxy;
    }
  }

  /**
   * @returns null for none
   * @throws {@link InvalidArgumentError} for a proxy that cannot be used; what a function throws that was to choose one
   */
  for({ url, proxy, socketPath, safeUrl }: ProxiedRequest): ProxyServer | null {
    const own = proxy === undefined ? undefined : checked(proxy);
    if (socketPath === undefined) return own === undefined ? this.#choose(url) : own;
    if (!own) return null;
    throw new InvalidArgumentError("a request has a proxy or a socketPath, not both", { url: safeUrl });
  }
}

function checked(input: ProxyInput): ProxyServer | null {
  return input === false ? null : proxyServer("proxy", input);
}
