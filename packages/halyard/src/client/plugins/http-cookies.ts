// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { pickOptions } from "../../session/options.ts";
import { unlessAborted } from "../../session/waiting.ts";
import { cookieHeader } from "../credentials.ts";
import { headerOf, withHeader } from "../http-send.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";

/** Keeps cookies. URLs have `http:` or `https:` for `ws:` and `wss:` too: cookies do not tell them apart. Ktor: `CookiesStorage`. */
export interface CookiesStorage {
  /** The cookies for a URL, as the header `Cookie` has them; empty for none. */
  get(url: URL): string | Promise<string>;
  /** Takes one `Set-Cookie` of an answer, as it came, or ignores it as RFC 6265 tells it to. */
  add(url: URL, setCookie: string): void | Promise<void>;
}

/** What is longer than browsers keep is dropped unread (RFC 6265bis section 5.6). */
const maxCookieSize = 4_096;

/**
 * Sends cookies with handshakes and plain HTTP, and keeps those that come back, with a 101 and with a refusal as well. A
 * cookie that the request has itself wins. Not in pages, where the platform does it. Ktor: `HttpCookies`.
 *
 * There is no storage by default: a right one needs the list of public suffixes, which is not in here. Take
 * {@link toughCookies}.
 */
export const HttpCookies: HttpClientPlugin<"HttpCookies", HttpCookies.Config, PluginInstance> = {
  name: "HttpCookies",
  prepare(config) {
    const { storage } = pickOptions<HttpCookies.Config>("HttpCookies", config, ["storage"]);
    if (typeof storage?.get !== "function" || typeof storage.add !== "function") {
      throw new InvalidArgumentError(
        "HttpCookies needs a storage: toughCookies(new CookieJar()), with CookieJar from tough-cookie, or constantCookies({ ... })",
      );
    }
    return {
      stage: "cookies",
      async intercept(request, send, { signal }) {
        const url = new URL(request.url.href.replace(/^ws/, "http"));
        const kept = await unlessAborted(Promise.resolve(storage.get(url)), signal);
        const all = joinCookies(headerOf(request, "cookie"), kept);
        const answer = await send(all === "" ? request : withHeader(request, "Cookie", all));
        for (const line of answer.headers.getSetCookie()) {
          if (line.length > maxCookieSize || /\p{Cc}/u.test(line)) continue;
          await unlessAborted(Promise.resolve(storage.add(url, line)), signal);
        }
        return answer;
      },
    };
  },
};

export declare namespace HttpCookies {
  /** What `install(HttpCookies, config)` takes. Ktor: `HttpCookies.Config`. */
  export interface Config {
    readonly storage: CookiesStorage;
  }
}

/** The same cookies with every request, whatever a server sets; for every host, so give the client no other. Ktor: `ConstantCookiesStorage`. */
export function constantCookies(cookies: Readonly<Record<string, string>>): CookiesStorage {
  const header = cookieHeader(cookies);
  return { get: () => header, add: () => undefined };
}

/** What {@link toughCookies} uses of a `CookieJar` of the package tough-cookie, version 5 or newer. */
export interface ToughCookieJar {
  getCookieString(url: string): Promise<string>;
  setCookie(cookie: string, url: string, options: { readonly ignoreError: boolean }): Promise<unknown>;
  readonly store: {
    findCookies(domain: string, path: null, allowSpecialUseDomain: boolean): Promise<readonly ToughCookie[]>;
    removeCookie(domain: string, path: string, key: string): Promise<void>;
  };
}

/** What {@link toughCookies} uses of a cookie of tough-cookie. */
export interface ToughCookie {
  readonly domain: string | null;
  readonly path: string | null;
  readonly key: string;
  readonly creationIndex?: number | undefined;
}

/** The most cookies that a host is allowed to set: what RFC 6265 section 6.1 asks of a client at least. */
const maxCookiesPerHost = 50;

/**
 * Keeps cookies in a jar of tough-cookie, which knows domains, public suffixes, paths, prefixes and times. The oldest of a
 * host's cookies go where there are more than 50.
 *
 * @example
 * ```ts
 * import { HttpClient, HttpCookies, toughCookies, WebSockets } from "halyard";
 * import { CookieJar } from "tough-cookie";
 *
 * const client = new HttpClient()
 *   .install(WebSockets)
 *   .install(HttpCookies, { storage: toughCookies(new CookieJar()) });
 * ```
 */
export function toughCookies(jar: ToughCookieJar): CookiesStorage {
  return {
    get: ({ href }) => jar.getCookieString(href),
    async add({ href, hostname }, setCookie) {
      await jar.setCookie(setCookie, href, { ignoreError: true });
      const kept = await jar.store.findCookies(hostname, null, true);
      if (kept.length <= maxCookiesPerHost) return;
      const byAge = kept.toSorted((a, b) => (a.creationIndex ?? 0) - (b.creationIndex ?? 0));
      for (const { domain, path, key } of byAge.slice(0, kept.length - maxCookiesPerHost)) {
        await jar.store.removeCookie(domain ?? hostname, path ?? "/", key);
      }
    },
  };
}

/** Own cookies before the storage's, of which those with the same names are left out. */
function joinCookies(own: string | undefined, kept: string): string {
  if (own === undefined || kept === "") return own ?? kept;
  const nameOf = (pair: string) => pair.split("=", 1)[0];
  const names = new Set(own.split("; ").map(nameOf));
  return [own, ...kept.split("; ").filter((pair) => !names.has(nameOf(pair)))].join("; ");
}
