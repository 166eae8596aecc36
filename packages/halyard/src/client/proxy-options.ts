// SPDX-License-Identifier: Apache-2.0
import type { HeadersInput } from "./request-parts.ts";

/** A proxy that leads to servers. */
export interface ProxyOptions {
  /**
   * `http:` and `https:` for CONNECT, `socks5h:` (or `socks:`) and `socks4a:` for SOCKS proxies that resolve names, `socks5:`
   * and `socks4:` for those that are given addresses. Its user information is for the proxy.
   */
  readonly url: string | URL;
  /** Headers of the CONNECT request, for an http or https proxy. The server never gets them. */
  readonly headers?: HeadersInput | undefined;
}

/** A proxy, as its URL or with options; or false, to connect directly. */
export type ProxyInput = string | URL | ProxyOptions | false;
