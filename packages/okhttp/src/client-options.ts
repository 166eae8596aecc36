// SPDX-License-Identifier: Apache-2.0
import { type Clock, InvalidArgumentError } from "halyard";
import { checkLimit, checkPeriod, checkTimeout, checkType } from "halyard/engine";

/** What can be said of OkHttp wherever it runs. Ktor: `OkHttpConfig`; durations are milliseconds. */
export interface OkHttpClientOptions {
  /**
   * Between two pings of OkHttp's own; 0 for none. A pong that is missing when the next ping is due ends the session with a
   * {@link PingTimeoutError}, also when it waits unread behind messages that nobody takes.
   * @defaultValue 0
   */
  readonly pingInterval?: number | undefined;
  /** Of TCP and TLS, for one address of a name that has several. The handshake has its own deadline. @defaultValue OkHttp's, 10,000 */
  readonly connectTimeout?: number | undefined;
  /** After which a peer that reads nothing is given up; 0 for never. @defaultValue 0 */
  readonly writeTimeout?: number | undefined;
  /** The most connections at once; more wait, within their handshake's deadline. OkHttp itself has 64. @defaultValue no limit */
  readonly maxConcurrentSockets?: number | undefined;
  /** From how many bytes on a message is compressed, where the server agrees; from OkHttp 4.1 on. @defaultValue OkHttp's, 1,024 */
  readonly minWebSocketMessageToCompress?: number | undefined;
  /** After which OkHttp itself drops a connection that is closing; from OkHttp 5 on. @defaultValue OkHttp's, 60,000 */
  readonly webSocketCloseTimeout?: number | undefined;
  /**
   * `http://` or `socks://`, with host and port, and for the first with user and password where it wants them.
   * @defaultValue that of the Java system properties
   */
  readonly proxy?: string | URL | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
}

/** The names of {@link OkHttpClientOptions}. */
export const clientOptionNames = [
  "pingInterval",
  "connectTimeout",
  "writeTimeout",
  "maxConcurrentSockets",
  "minWebSocketMessageToCompress",
  "webSocketCloseTimeout",
  "proxy",
  "clock",
] as const;

/** The most sockets that Java can count. */
const mostSockets = 2 ** 31 - 1;

/** What OkHttp is told: whole milliseconds, and nothing that it is to decide itself. */
export interface ClientSettings {
  readonly pingInterval?: number;
  readonly connectTimeout?: number;
  readonly writeTimeout: number;
  readonly maxConcurrentSockets: number;
  readonly minWebSocketMessageToCompress?: number;
  readonly webSocketCloseTimeout?: number;
  readonly proxy?: ProxySettings;
}

/** Where a proxy is. */
export interface ProxySettings {
  readonly type: "http" | "socks";
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** @throws {@link InvalidArgumentError} */
export function clientSettings(given: OkHttpClientOptions): ClientSettings {
  const { pingInterval = 0, writeTimeout = 0, connectTimeout, webSocketCloseTimeout, proxy, clock } = given;
  const { maxConcurrentSockets = Infinity, minWebSocketMessageToCompress: least } = given;
  if (clock !== undefined) checkType("clock", clock, "object");
  const interval = checkPeriod("pingInterval", pingInterval);
  const timeout = checkPeriod("writeTimeout", writeTimeout);
  return {
    ...(interval !== Infinity && { pingInterval: Math.ceil(interval) }),
    writeTimeout: timeout === Infinity ? 0 : Math.ceil(timeout),
    maxConcurrentSockets: Math.min(checkLimit("maxConcurrentSockets", maxConcurrentSockets), mostSockets),
    ...(connectTimeout !== undefined && {
      connectTimeout: Math.ceil(checkTimeout("connectTimeout", connectTimeout)),
    }),
    ...(webSocketCloseTimeout !== undefined && {
      webSocketCloseTimeout: Math.ceil(checkTimeout("webSocketCloseTimeout", webSocketCloseTimeout)),
    }),
    ...(least !== undefined && { minWebSocketMessageToCompress: leastSize(least) }),
    ...(proxy !== undefined && { proxy: proxySettings(proxy) }),
  };
}

function leastSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new InvalidArgumentError(
    `minWebSocketMessageToCompress must be a number of bytes, 0 or more, not ${String(bytes)}`,
  );
}

/** A URL is never repeated in a message: it may hold a password. */
function proxySettings(proxy: string | URL): ProxySettings {
  let url: URL;
  try {
    url = new URL(proxy);
  } catch {
    throw new InvalidArgumentError("proxy must be a URL: http://host:port or socks://host:port");
  }
  const type = url.protocol === "http:" ? "http" : url.protocol === "socks:" ? "socks" : undefined;
  const port = Number(url.port === "" && type === "http" ? 80 : url.port);
  if (type === undefined || url.hostname === "" || port === 0) {
    throw new InvalidArgumentError("proxy must be http://host:port or socks://host:port");
  }
  if (url.username === "") return { type, host: host(url), port };
  if (type === "socks") {
    throw new InvalidArgumentError("proxy: OkHttp has no user and password for socks; leave them out");
  }
  const [user, password] = [url.username, url.password].map(decodeURIComponent) as [string, string];
  return { type, host: host(url), port, user, password };
}

/** Java wants no brackets. */
function host({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
