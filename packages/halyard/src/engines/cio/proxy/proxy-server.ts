// SPDX-License-Identifier: Apache-2.0

import { basicAuthorization, decodeUserInfo } from "../../../client/credentials.ts";
import type { ProxyInput, ProxyOptions } from "../../../client/proxy-options.ts";
import { headerPairs } from "../../../client/request-parts.ts";
import { hostName } from "../../../client/request-url.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { InvalidArgumentError } from "../../../protocol/errors.ts";
import { ownOptions } from "../../../protocol/given.ts";
import type { Header } from "../../../protocol/handshake/header-list.ts";
import { formatHead, refuseReserved } from "../../../protocol/handshake/http-format.ts";
import { pickOptions } from "../../../session/options.ts";

/** How to speak to a proxy. An `h` or `a` at the end of a SOCKS version: the proxy resolves names, and nobody here does. */
type ProxyProtocol = "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h";

/** As text, no longer percent-encoded. */
export interface UserInfo {
  readonly username: string;
  readonly password: string;
}

/** A proxy, checked. */
export interface ProxyServer {
  readonly protocol: ProxyProtocol;
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Of an http or https proxy it is among the headers, too. */
  readonly userInfo: UserInfo | null;
  /** Of CONNECT, the credentials among them. */
  readonly headers: readonly Header[];
  /** Its URL for errors, without credentials. */
  readonly safeUrl: string;
}

const protocols: ReadonlyMap<string, readonly [protocol: ProxyProtocol, port: number]> = new Map([
  ["http:", ["http", 80]],
  ["https:", ["https", 443]],
  ["socks4:", ["socks4", 1080]],
  ["socks4a:", ["socks4a", 1080]],
  ["socks5:", ["socks5", 1080]],
  ["socks5h:", ["socks5h", 1080]],
  // What desktops write, and mean so.
  ["socks:", ["socks5h", 1080]],
]);

/** What RFC 1929 has a byte for. */
const longestCredential = 255;

/**
 * @param what - where the proxy was set, for messages; its value is never shown
 * @throws {@link InvalidArgumentError}
 */
export function proxyServer(what: string, input: Exclude<ProxyInput, false>): ProxyServer {
  const { url: given, headers = {} } = ownOptions(proxyOptions(what, input));
  const url = parseProxyUrl(what, given);
  const [protocol, defaultPort] = protocols.get(url.protocol) ?? refuse(what, "has an unknown scheme");
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "")
    refuse(what, "has more than host, port and user information");
  const host = hostName(url.hostname);
  const port = url.port === "" ? defaultPort : Number(url.port);
  const server = {
    protocol,
    host: host.replace(/^\[|\]$/g, ""),
    port,
    safeUrl: `${protocol}://${host}:${port}`,
  };
  const userInfo = userInfoOf(what, url);
  const pairs = headerPairs(headers);
  if (protocol === "http" || protocol === "https")
    return { ...server, userInfo, headers: connectHeaders(pairs, userInfo && url) };
  if (pairs.length > 0) refuse(what, "is a SOCKS proxy, which takes no headers");
  checkForSocks(what, protocol, userInfo);
  return { ...server, userInfo, headers: [] };
}

function proxyOptions(what: string, input: Exclude<ProxyInput, false>): Partial<ProxyOptions> {
  if (typeof input === "string" || input instanceof URL) return { url: input };
  return pickOptions<ProxyOptions>(what, input, ["url", "headers"]);
}

function parseProxyUrl(what: string, given: unknown): URL {
  const text = typeof given === "string" || given instanceof URL ? String(given) : "";
  // A URL parser drops line ends without a word.
  if (text === "" || /[\s\p{Cc}]/u.test(text)) refuse(what, "is no URL");
  try {
    // "proxy:3128", as environments have it, would be a URL of the scheme "proxy".
    return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    return refuse(what, "is no URL");
  }
}

function userInfoOf(what: string, url: URL): UserInfo | null {
  if (url.username === "" && url.password === "") return null;
  const userInfo = { username: decodeUserInfo(url.username), password: decodeUserInfo(url.password) };
  if (/\p{Cc}/u.test(userInfo.username + userInfo.password))
    refuse(what, "has control characters in its credentials");
  return userInfo;
}

function checkForSocks(what: string, protocol: ProxyProtocol, userInfo: UserInfo | null): void {
  const { username, password } = userInfo ?? { username: "", password: "" };
  if (protocol.startsWith("socks4") && password !== "")
    refuse(what, "has a password, and SOCKS 4 knows only a user");
  if (Math.max(encodeUtf8(username).length, encodeUtf8(password).length) > longestCredential)
    refuse(what, `has credentials of more than ${longestCredential} bytes`);
}

/** Written once, so that what CONNECT cannot carry is found now. */
function connectHeaders(headers: readonly Header[], userInfo: URL | null): Header[] {
  const has = (wanted: string) => headers.some(([name]) => name.toLowerCase() === wanted);
  const all = [...headers];
  if (!has("user-agent")) all.unshift(["User-Agent", "halyard"]);
  if (userInfo !== null && !has("proxy-authorization"))
    all.push(["Proxy-Authorization", basicAuthorization(userInfo)[1]]);
  if (has("host"))
    throw new InvalidArgumentError('the header "Host" of CONNECT names the server, and cannot be set');
  refuseReserved(headers.filter(([name]) => name.toLowerCase() !== "proxy-authorization"));
  formatHead("", all);
  return all;
}

function refuse(what: string, why: string): never {
  const forms = Array.from(protocols.keys(), (scheme) => `${scheme}//`).join(", ");
  throw new InvalidArgumentError(`${what} ${why}: a proxy is ${forms} with [user:password@]host[:port]`);
}
