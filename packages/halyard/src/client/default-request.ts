// SPDX-License-Identifier: Apache-2.0
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";
import { type RequestParts, type RequestTarget, targetParts } from "./request-parts.ts";

/**
 * What all requests of a client have in common: host, headers, a base path. What a request says itself wins; headers
 * and query are added unless the request has one of the same name. Ktor: `DefaultRequest`.
 */
export const DefaultRequest: HttpClientPlugin<"DefaultRequest", DefaultRequest.Config, PluginInstance> = {
  name: "DefaultRequest",
  prepare(config) {
    const defaults = targetParts("DefaultRequest", config);
    return { onRequest: (request) => complete(request, defaults) };
  },
};

export declare namespace DefaultRequest {
  /** What `install(DefaultRequest, config)` takes. */
  export type Config = RequestTarget;
}

function complete(request: RequestParts, defaults: RequestParts): void {
  // A port belongs to its host, and user information to both: a request for another host gets neither.
  if (request.host === undefined) {
    request.host = defaults.host;
    request.port ??= defaults.port;
    request.userInfo ??= defaults.userInfo;
  }
  request.protocol ??= defaults.protocol;
  request.path = joinPaths(defaults.path, request.path);
  request.socketPath ??= defaults.socketPath;
  if (request.subprotocols.length === 0) request.subprotocols = defaults.subprotocols;
  addMissing(request.query, defaults.query, (name) => name);
  addMissing(request.headers, defaults.headers, (name) => name.toLowerCase());
}

/** A relative path goes on where the default path's last slash is, as in a URL. */
function joinPaths(base: string | undefined, path: string | undefined): string | undefined {
  if (path === undefined || base === undefined || path.startsWith("/")) return path ?? base;
  return base.slice(0, base.lastIndexOf("/") + 1) + path;
}

function addMissing<T extends readonly [string, string]>(
  own: T[],
  defaults: readonly T[],
  keyOf: (name: string) => string,
): void {
  const names = new Set(own.map(([name]) => keyOf(name)));
  own.push(...defaults.filter(([name]) => !names.has(keyOf(name))));
}
