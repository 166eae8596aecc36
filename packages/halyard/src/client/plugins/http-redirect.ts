// SPDX-License-Identifier: Apache-2.0
import { type ErrorContext, HalyardError, InvalidArgumentError } from "../../protocol/errors.ts";
import { shown } from "../../protocol/given.ts";
import { isToken } from "../../protocol/handshake/header-grammar.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import { safeUrl } from "../../session/safe-url.ts";
import { headersOfHost } from "../credentials.ts";
import {
  type HttpAnswer,
  isRepeatable,
  type OutgoingRequest,
  originOf,
  type SendContext,
} from "../http-send.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";

/** A redirect leads nowhere that this client goes: too many of them, from TLS to none, not to HTTP at all. */
export class RedirectError extends HalyardError {
  override readonly name: string = "RedirectError";
  readonly code = "ERR_HALYARD_REDIRECT";
  /** The status of the answer that was not followed. */
  readonly status: number;
  /** The URLs that were asked, free of secrets, the first one first. */
  readonly chain: readonly string[];

  constructor(message: string, status: number, chain: readonly string[], context?: ErrorContext) {
    super(message, context);
    this.status = status;
    this.chain = chain;
  }
}

/**
 * Follows redirects: 301, 302, 303, 307 and 308 with a `Location`. Off unless installed. Each hop is a request anew, with a
 * fresh key, and all are within the call's one deadline.
 *
 * Across origins (scheme, host or port differ) credentials are dropped: `Authorization`, `Cookie` and `Proxy-Authorization`
 * that were set by hand, what `credentialHeaders` names, and with them `Host` and `socketPath`; so is user information in a
 * `Location`, always. `Auth` and `HttpCookies` decide for each hop anew. In a page the platform follows plain HTTP by itself.
 * Ktor: `HttpRedirect`.
 */
export const HttpRedirect: HttpClientPlugin<"HttpRedirect", HttpRedirect.Config, PluginInstance> = {
  name: "HttpRedirect",
  prepare(config) {
    const rules = checkRules(config);
    return {
      stage: "redirect",
      async intercept(request, send, context) {
        const chain = [request.safeUrl];
        for (let current = request; ; chain.push(current.safeUrl)) {
          const answer = await send(current);
          const location = locationOf(answer);
          if (location === null || !mayFollow(rules, current, context)) return answer;
          current = nextRequest(rules, current, answer.status, location, chain);
        }
      },
    };
  },
};

export declare namespace HttpRedirect {
  /** What `install(HttpRedirect, config)` takes. Ktor: `HttpRedirectConfig`. */
  export interface Config {
    /** The most redirects of one call. @defaultValue 10 */
    readonly maxRedirects?: number | undefined;
    /** Whether a redirect may lead from `wss` or `https` to `ws` or `http`. @defaultValue false */
    readonly allowHttpsDowngrade?: boolean | undefined;
    /** Whether of plain HTTP only GET and HEAD are redirected; other methods get the answer. @defaultValue true */
    readonly checkHttpMethod?: boolean | undefined;
    /** Further headers that go to no other origin, such as `X-Api-Key`. @defaultValue none */
    readonly credentialHeaders?: readonly string[] | undefined;
  }
}

interface Rules {
  readonly maxRedirects: number;
  readonly allowHttpsDowngrade: boolean;
  readonly checkHttpMethod: boolean;
  /** The headers that go to no other origin, in lower case. */
  readonly bound: ReadonlySet<string>;
}

function checkRules(config: HttpRedirect.Config): Rules {
  const {
    // Browsers allow 20, and a handshake that is passed on more than ten times runs in a circle.
    maxRedirects = 10,
    allowHttpsDowngrade = false,
    checkHttpMethod = true,
    credentialHeaders = [],
  } = pickOptions<HttpRedirect.Config>("HttpRedirect", config, [
    "maxRedirects",
    "allowHttpsDowngrade",
    "checkHttpMethod",
    "credentialHeaders",
  ]);
  if (!Number.isSafeInteger(maxRedirects) || maxRedirects < 0) {
    throw new InvalidArgumentError(`maxRedirects must be an integer from 0, not ${shown(maxRedirects)}`);
  }
  checkType("allowHttpsDowngrade", allowHttpsDowngrade, "boolean");
  checkType("checkHttpMethod", checkHttpMethod, "boolean");
  if (!isListOfTokens(credentialHeaders)) {
    throw new InvalidArgumentError("credentialHeaders is an array of names of headers");
  }
  const names = [...headersOfHost, ...credentialHeaders];
  const bound = new Set(names.map((name) => name.toLowerCase()));
  return { maxRedirects, allowHttpsDowngrade, checkHttpMethod, bound };
}

/** A sparse array has more than `every` looks at. */
function isListOfTokens(value: unknown): value is readonly string[] {
  return Array.isArray(value) && Array.from(value).every((name) => typeof name === "string" && isToken(name));
}

function locationOf({ status, headers }: HttpAnswer): string | null {
  return [301, 302, 303, 307, 308].includes(status) ? headers.get("location") : null;
}

function mayFollow(rules: Rules, request: OutgoingRequest, { kind }: SendContext): boolean {
  return kind === "webSocket" || !rules.checkHttpMethod || ["GET", "HEAD"].includes(request.method ?? "GET");
}

function nextRequest<Request extends OutgoingRequest>(
  rules: Rules,
  request: Request,
  status: number,
  location: string,
  chain: readonly string[],
): Request {
  const refuse = (why: string) => {
    const trail = chain.length > 1 ? ` (by way of ${chain.slice(0, -1).join(", ")})` : "";
    const text = `${request.safeUrl} answers with the redirect ${status}, which is not followed: ${why}${trail}`;
    return new RedirectError(text, status, chain, { url: request.safeUrl });
  };
  if (chain.length > rules.maxRedirects)
    throw refuse(`it is one more than maxRedirects, ${rules.maxRedirects}`);
  const url = resolve(location, request.url);
  // What it says is not shown: it may be all secrets.
  if (url === null) throw refuse("its Location is no URL of HTTP or WebSocket");
  const isTls = ({ protocol }: URL) => protocol === "wss:" || protocol === "https:";
  if (isTls(request.url) && !isTls(url) && !rules.allowHttpsDowngrade) {
    throw refuse("it leads from TLS to none; allowHttpsDowngrade would allow it");
  }
  const next = withMethod({ ...request, url, safeUrl: safeUrl(url) }, status);
  if (!isRepeatable(next)) throw refuse("the request's body is a stream, which cannot be sent again");
  if (originOf(url) === originOf(request.url)) return next;
  const headers = next.headers.filter(([name]) => !rules.bound.has(name.toLowerCase()));
  return { ...next, headers, socketPath: undefined };
}

/** The URL that a `Location` means (RFC 9110 section 10.2.2), in the schemes of the request; null for none such. */
function resolve(location: string, base: URL): URL | null {
  // A parser of URLs drops tabs and line ends without a word.
  if (/\p{Cc}/u.test(location)) return null;
  let url: URL;
  try {
    url = new URL(location, base);
  } catch {
    return null;
  }
  const scheme = /^(?:ws|http)(s?:)$/.exec(url.protocol);
  if (scheme === null) return null;
  url.protocol = `${base.protocol.startsWith("ws") ? "ws" : "http"}${scheme[1] ?? ""}`;
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

/** RFC 9110 section 15.4: behind 303, and in practice 301 and 302, comes a GET without content. */
function withMethod<Request extends OutgoingRequest>(request: Request, status: number): Request {
  const { method = "GET", headers } = request;
  const isKept = status === 307 || status === 308 || method === "GET" || method === "HEAD";
  if (isKept || (status !== 303 && method !== "POST")) return request;
  const others = headers.filter(([name]) => !name.toLowerCase().startsWith("content-"));
  return { ...request, method: "GET", body: undefined, headers: others };
}
