// SPDX-License-Identifier: Apache-2.0
import { headersOfHost } from "./credentials.ts";
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";
import { type RequestParts, type RequestTarget, targetParts } from "./request-parts.ts";
import { hostName } from "./request-url.ts";

/**
 * What all requests of a client have in common: host, headers, a base path. What a request says itself wins; headers
 * and query are added unless the request has one of the same name. Ktor: `DefaultRequest`.
 *
 * A request that names another host than the default's gets only what does not belong to a host: protocol, subprotocols, proxy,
 * and the headers but for `Authorization`, `Cookie`, `Proxy-Authorization` and `Host`. Port and user information go only to
 * requests that name no host at all. A default without a host is for every host.
 */
export const DefaultRequest: HttpClientPlugin<"DefaultRequest", DefaultRequest.Config, PluginInstance> = {
  name: "DefaultRequest",
  prepare(config) {
    const defaults = targetParts("DefaultRequest", config);
    if (defaults.host !== undefined) defaults.host = hostName(defaults.host);
    const general = withoutHost(defaults);
    return { onRequest: (request) => complete(request, isElsewhere(request, defaults) ? general : defaults) };
  },
};

export declare namespace DefaultRequest {
  /** What `install(DefaultRequest, config)` takes. */
  export type Config = RequestTarget;
}

function isElsewhere({ host }: RequestParts, defaults: RequestParts): boolean {
  return host !== undefined && defaults.host !== undefined && hostName(host) !== defaults.host;
}

/** What can go to any host. */
function withoutHost(defaults: RequestParts): RequestParts {
  return {
    ...defaults,
    host: undefined,
    port: undefined,
    path: undefined,
    query: [],
    headers: defaults.headers.filter(([name]) => !headersOfHost.includes(name.toLowerCase())),
    socketPath: undefined,
    userInfo: undefined,
  };
}

function complete(request: RequestParts, defaults: RequestParts): void {
  // A URL does not tell a default port from none, and user information belongs to host and port.
  if (request.host === undefined) {
    request.host = defaults.host;
    request.port ??= defaults.port;
    request.userInfo ??= defaults.userInfo;
  }
  request.protocol ??= defaults.protocol;
  request.path = joinPaths(defaults.path, request.path);
  request.socketPath ??= defaults.socketPath;
  request.proxy ??= defaults.proxy;
  if (request.subprotocols.length === 0) request.subprotocols = defaults.subprotocols;
  addMissing(request.query, defaults.query, (part) => part.split("=", 1)[0]);
  addMissing(request.headers, defaults.headers, ([name]) => name.toLowerCase());
}

/** A relative path goes on where the default path's last slash is, as in a URL. */
function joinPaths(base: string | undefined, path: string | undefined): string | undefined {
  if (path === undefined || base === undefined || path.startsWith("/")) return path ?? base;
  return base.slice(0, base.lastIndexOf("/") + 1) + path;
}

function addMissing<T>(own: T[], defaults: readonly T[], nameOf: (field: T) => string | undefined): void {
  const names = new Set(own.map(nameOf));
  own.push(...defaults.filter((field) => !names.has(nameOf(field))));
}
