// SPDX-License-Identifier: Apache-2.0
import { HalyardError, InvalidArgumentError } from "../../protocol/errors.ts";
import { TlsError } from "../../session/errors.ts";
import { socketError } from "../../sockets/socket-errors.ts";
import type { TlsOptions } from "../../sockets/tls-options.ts";
import { NoProxy } from "./proxy/no-proxy.ts";
import type { ProxyServer } from "./proxy/proxy-server.ts";

/** A way that requests take. */
export interface FetchWay {
  /** What the platform's `fetch` takes for it besides what all take. */
  readonly extra: object;
  /** Ends it once its requests are over. */
  close(): unknown;
  /** Ends it now. */
  destroy(): unknown;
}

/** @returns null where a dispatcher is taken, as on Node. @throws {@link InvalidArgumentError} for what would be ignored */
export function fetchWay(
  tls: TlsOptions,
  socketPath: string | undefined,
  proxy: ProxyServer | null,
  proxyTls: TlsOptions,
): FetchWay | null {
  if (process.versions["bun"] !== undefined) {
    check("Bun", tls, ["ca", "cert", "key", "passphrase", "rejectUnauthorized"]);
    if (proxy !== null) checkProxy("Bun", proxy, proxyTls);
    const extra = { tls, unix: socketPath, ...(proxy === null ? {} : { proxy: urlOf(proxy) }) };
    return { extra, close: () => undefined, destroy: () => undefined };
  }
  if (process.versions["deno"] === undefined) return null;
  check("Deno", { ...tls, socketPath } as TlsOptions, ["ca", "cert", "key"]);
  if (proxy !== null) {
    checkProxy("Deno", proxy, proxyTls);
    // It would give them to the server as well.
    if (proxy.userInfo !== null) refuseProxy("Deno", "credentials of a proxy");
  }
  const { ca = [], cert, key } = tls;
  const text = (pem: string | Uint8Array) => (typeof pem === "string" ? pem : new TextDecoder().decode(pem));
  const caCerts = (Array.isArray(ca) ? ca : [ca]).map(text);
  const own = cert === undefined || key === undefined ? {} : { cert: text(cert), key: text(key) };
  const through = proxy === null ? {} : { proxy: { url: proxy.safeUrl } };
  const { Deno } = globalThis as unknown as DenoPlatform;
  const client = Deno.createHttpClient({ caCerts, ...own, ...through });
  return { extra: { client }, close: () => client.close(), destroy: () => client.close() };
}

/** With credentials, which Bun takes from there. */
function urlOf({ safeUrl, userInfo }: ProxyServer): string {
  if (userInfo === null) return safeUrl;
  const { username, password } = userInfo;
  return safeUrl.replace("//", () => `//${encodeURIComponent(username)}:${encodeURIComponent(password)}@`);
}

interface DenoPlatform {
  readonly Deno: { createHttpClient(options: object): { close(): void } };
}

/** What would be ignored is refused: a pin that nobody looks at protects nobody. */
function check(platform: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const what = name === "socketPath" ? name : `tls.${name}`;
    throw new InvalidArgumentError(
      `the fetch of ${platform} takes no ${what}, so there is no plain HTTP with it`,
    );
  }
}

/** What is not CONNECT, or more than it has without being asked: a user agent, and the credentials of the URL. */
function checkProxy(
  platform: string,
  { protocol, headers, userInfo }: ProxyServer,
  proxyTls: TlsOptions,
): void {
  if (protocol !== "http" && protocol !== "https") refuseProxy(platform, `proxy of ${protocol}`);
  if (protocol === "https" && Object.keys(proxyTls).length > 0) refuseProxy(platform, "proxyTls");
  if (headers.length > (userInfo === null ? 1 : 2)) refuseProxy(platform, "headers of a proxy");
}

/**
 * Refuses what a platform's `fetch` would do in a way of its own: without CONNECT it takes the proxy's answer for the
 * server's, and Bun passes by the proxy that it is given where `NO_PROXY` says so.
 */
export function checkProxied(url: URL): void {
  const isBun = process.versions["bun"] !== undefined;
  if (!isBun && process.versions["deno"] === undefined) return;
  const platform = isBun ? "Bun" : "Deno";
  if (url.protocol === "http:") refuseProxy(platform, "CONNECT for http");
  const { no_proxy: lower = "", NO_PROXY: upper = "" } = process.env;
  if (isBun && new NoProxy(`${lower},${upper}`).excepts(url))
    refuseProxy(platform, "proxy in spite of NO_PROXY");
}

function refuseProxy(platform: string, what: string): never {
  throw new InvalidArgumentError(
    `the fetch of ${platform} takes no ${what}, so there is no plain HTTP with it; proxy: false is the direct way`,
  );
}

/**
 * What an error of `fetch` means; undefined for what is not known. Only Node's is shown and kept: Bun and Deno write the
 * whole URL into theirs, with every secret in it.
 */
export function fetchError(error: unknown, url: string): HalyardError | undefined {
  const { cause = error } = error as { cause?: unknown };
  // Of our own sockets.
  if (HalyardError.is(cause)) return cause;
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  if (process.versions["bun"] === undefined && process.versions["deno"] === undefined) {
    // The names of faults in certificates have only in common not to be errno's, nor undici's own.
    const isTls = typeof code === "string" && !/^(?:E(?!PROTO$)[A-Z0-9]+|UND_ERR_\w+)$/.test(code);
    return socketError(cause, isTls ? "tls" : "connect", url);
  }
  const reason = typeof code === "string" ? code : undefined;
  if (!/CERT|SIGNATURE|ISSUER|SSL|TLS|peer certificate/.test(reason ?? cause.message)) return undefined;
  const text = `cannot establish TLS with ${url}${reason === undefined ? "" : `: ${reason}`}`;
  return new TlsError(text, reason, { url });
}
