// SPDX-License-Identifier: Apache-2.0
import { isLoopback, NoProxy } from "./no-proxy.ts";
import { type ProxyServer, proxyServer } from "./proxy-server.ts";

/** The first that is set wins. `HTTP_PROXY` is none of them: where CGI programs run, it is a header that anybody may send. */
const http = ["http_proxy", "all_proxy", "ALL_PROXY"];
const https = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const variables: Readonly<Record<string, readonly string[]>> = {
  "http:": http,
  "https:": https,
  "ws:": ["ws_proxy", "WS_PROXY", ...http],
  "wss:": ["wss_proxy", "WSS_PROXY", ...https],
};

/**
 * The proxies of an environment, as it is now. One that cannot be used fails the requests that it is for: they do not go out
 * directly instead.
 *
 * @returns what chooses for a URL, and throws {@link InvalidArgumentError}
 */
export function environmentProxies(
  environment: Readonly<Record<string, string | undefined>>,
): (url: URL) => ProxyServer | null {
  const valueOf = (name: string): string => {
    try {
      return environment[name]?.trim() ?? "";
    } catch {
      // Deno has none for programs that it does not allow to read it.
      return "";
    }
  };
  const found = Object.entries(variables).flatMap(([scheme, names]) => {
    const name = names.find((each) => valueOf(each) !== "");
    return name === undefined ? [] : [[scheme, { name, value: valueOf(name) }] as const];
  });
  if (found.length === 0) return () => null;
  const proxies = new Map(found);
  const exceptions = new NoProxy(valueOf("no_proxy") || valueOf("NO_PROXY"));
  return (url) => {
    const proxy = proxies.get(url.protocol);
    if (proxy === undefined || isLoopback(url) || exceptions.excepts(url)) return null;
    return proxyServer(`the environment's ${proxy.name}`, proxy.value);
  };
}
