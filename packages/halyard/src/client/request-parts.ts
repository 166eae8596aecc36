// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8 } from "../protocol/bytes.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions, shown } from "../protocol/given.ts";
import type { Header } from "../protocol/handshake/header-list.ts";
import { checkType, pickOptions } from "../session/options.ts";
import type { RequestCredentials } from "./credentials.ts";
import type { ProxyInput } from "./proxy-options.ts";
import type { RequestTimeouts } from "./request-timeouts.ts";

/** Methods of HTTP. A handshake is a GET (RFC 6455 section 4.1). Ktor: `HttpMethod`. */
export const HttpMethod = {
  Get: "GET",
  Post: "POST",
  Put: "PUT",
  Patch: "PATCH",
  Delete: "DELETE",
  Head: "HEAD",
  Options: "OPTIONS",
} as const;
export type HttpMethod = (typeof HttpMethod)[keyof typeof HttpMethod];

/** Headers as a record, as pairs, or as the platform's `Headers`. In a record undefined is left out. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

type Scalar = string | number | boolean;

/**
 * A query as a record, as pairs, or as the platform's `URLSearchParams`. In a record an array repeats its name, and
 * undefined is left out.
 */
export type QueryInput =
  | Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>
  | Iterable<readonly [string, string]>;

/** Where to connect to, and with what. What the URL says can be said in parts as well; a part wins over the URL. */
export interface RequestTarget {
  /** `ws:`, `wss:`, `http:` (the same as ws) or `https:` (wss); or a path, which begins with a slash. */
  readonly url?: string | URL | undefined;
  /** @defaultValue "ws" */
  readonly protocol?: "ws" | "wss" | "http" | "https" | undefined;
  /** A name or an address. @defaultValue "localhost" */
  readonly host?: string | undefined;
  /** @defaultValue 80, and 443 for wss */
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  /** Appended to the query of the URL. */
  readonly query?: QueryInput | undefined;
  readonly headers?: HeadersInput | undefined;
  /** What to speak, the preferred first. The server must choose one of them. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Connects to a Unix socket; the URL still says what to ask for, and whom TLS has to verify. */
  readonly socketPath?: string | undefined;
  /** The proxy to connect through, or false for none. @defaultValue what the engine is told, or the environment */
  readonly proxy?: ProxyInput | undefined;
}

/** A session to be opened. */
export interface WebSocketRequestOptions extends RequestTarget, RequestCredentials {
  readonly method?: "GET" | undefined;
  /** Milliseconds for this handshake, or all bounds in time. @defaultValue those of `HttpTimeout`, or `handshakeTimeout` */
  readonly timeout?: number | RequestTimeouts | undefined;
  /** Aborts the attempt, and later the session. */
  readonly signal?: AbortSignal | undefined;
}

/** A session to be opened: a URL, or options. */
export type WebSocketRequest = string | URL | WebSocketRequestOptions;

/** A request in its parts, as plugins may still change it. Undefined is what nobody has said yet. */
export interface RequestParts {
  protocol: "ws" | "wss" | undefined;
  host: string | undefined;
  port: number | undefined;
  /** Without the query; a relative one is resolved against that of a default. */
  path: string | undefined;
  /** Its parts as they go on the wire, such as `a=1`: what a URL holds may be signed, so it is not written anew. */
  readonly query: string[];
  readonly headers: Header[];
  subprotocols: readonly string[];
  socketPath: string | undefined;
  proxy: ProxyInput | undefined;
  /** Of the URL, still percent-encoded. */
  userInfo: { readonly username: string; readonly password: string } | undefined;
}

/** What `sockaddr_un` holds on every platform that has Unix sockets. */
const maxSocketPath = 103;

export const targetOptions = [
  "url",
  "protocol",
  "host",
  "port",
  "path",
  "query",
  "headers",
  "subprotocols",
  "socketPath",
  "proxy",
] as const;

const schemes: Readonly<Record<string, "ws" | "wss">> = Object.assign(Object.create(null), {
  ws: "ws",
  wss: "wss",
  http: "ws",
  https: "wss",
});

/** The request as options, checked for unknown ones. */
export function requestOptions(request: WebSocketRequest): Partial<WebSocketRequestOptions> {
  if (typeof request === "string" || request instanceof URL) return ownOptions({ url: request });
  const options = pickOptions<WebSocketRequestOptions>("a request", request, [
    ...targetOptions,
    ...callOptions,
  ]);
  if (options.method !== undefined && options.method !== "GET") {
    throw new InvalidArgumentError(`method is ${shown(options.method)}, and a WebSocket handshake is a GET`);
  }
  checkSignal(options.signal);
  return options;
}

/** What every call can be given, besides where it goes. */
export const callOptions = ["method", "cookies", "auth", "timeout", "signal"] as const;

/** Any object that does what an AbortSignal does will do. @throws {@link InvalidArgumentError} */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === "function") return;
  throw new InvalidArgumentError("signal is not an AbortSignal");
}

/** The target of a request that is to serve as a default for others. */
export function targetParts(what: string, target: RequestTarget): RequestParts {
  return partsOf(pickOptions<RequestTarget>(what, target, targetOptions));
}

/** @throws {@link InvalidArgumentError} for a part that cannot be used */
export function partsOf(options: RequestTarget): RequestParts {
  const parts = options.url === undefined ? emptyParts() : urlParts(options.url);
  if (options.protocol !== undefined) parts.protocol = schemeOf(options.protocol);
  if (options.host !== undefined) parts.host = checkText("host", options.host);
  if (options.port !== undefined) parts.port = checkPort(options.port);
  if (options.path !== undefined) setPath(parts, checkText("path", options.path));
  if (options.query !== undefined) parts.query.push(...queryParts(options.query));
  if (options.headers !== undefined) parts.headers.push(...headerPairs(options.headers));
  if (options.subprotocols !== undefined) parts.subprotocols = checkSubprotocols(options.subprotocols);
  if (options.socketPath !== undefined) parts.socketPath = checkSocketPath(options.socketPath);
  if (options.proxy !== undefined) parts.proxy = options.proxy;
  return parts;
}

function emptyParts(): RequestParts {
  return {
    protocol: undefined,
    host: undefined,
    port: undefined,
    path: undefined,
    query: [],
    headers: [],
    subprotocols: [],
    socketPath: undefined,
    proxy: undefined,
    userInfo: undefined,
  };
}

function urlParts(given: string | URL): RequestParts {
  const parts = emptyParts();
  const text = checkText("url", given instanceof URL ? given.href : given);
  if (text.startsWith("/") && !text.startsWith("//")) {
    setPath(parts, text);
    return parts;
  }
  const url = parseUrl(text);
  parts.protocol = schemeOf(url.protocol.slice(0, -1));
  parts.host = url.hostname;
  if (url.port !== "") parts.port = checkPort(Number(url.port));
  parts.path = url.pathname;
  if (url.search !== "") parts.query.push(...url.search.slice(1).split("&"));
  if (url.username !== "" || url.password !== "")
    parts.userInfo = { username: url.username, password: url.password };
  // RFC 6455 section 3: a fragment means nothing in a WebSocket URL and must not be used.
  if (url.hash !== "") throw new InvalidArgumentError("a WebSocket URL has no fragment: write # as %23");
  return parts;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The platform's own error is no cause to show: it holds the whole text, with every secret in it.
    throw new InvalidArgumentError(
      "the url is none: it begins with ws://, wss://, http://, https:// or, as a path, with /",
    );
  }
}

/** A URL parser drops line ends and tabs without a word, and what they were to separate with them. */
function checkText(name: string, text: string): string {
  checkType(name, text, "string");
  if (/\p{Cc}/u.test(text)) throw new InvalidArgumentError(`${name} has a control character`);
  return text;
}

function checkSocketPath(path: string): string {
  checkType("socketPath", path, "string");
  if (path === "") throw new InvalidArgumentError("socketPath is empty");
  // The platform would cut it off, and so mean another socket.
  const size = encodeUtf8(path).length;
  if (size <= maxSocketPath) return path;
  throw new InvalidArgumentError(`socketPath of ${size} bytes is longer than ${maxSocketPath}`);
}

function queryParts(query: QueryInput): string[] {
  return pairsOf("query", query).map(([name, value]) => {
    checkType("a name in the query", name, "string");
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new InvalidArgumentError(
        `the value of the query ${JSON.stringify(name)} is no string, number or boolean`,
      );
    }
    return String(new URLSearchParams([[name as string, String(value)]]));
  });
}

function schemeOf(scheme: string): "ws" | "wss" {
  const protocol = typeof scheme === "string" ? schemes[scheme] : undefined;
  if (protocol !== undefined) return protocol;
  throw new InvalidArgumentError(`the scheme ${shown(scheme)} is none of ws, wss, http and https`);
}

function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError(`port ${shown(port)} is not an integer between 1 and 65535`);
}

function checkSubprotocols(subprotocols: readonly string[]): readonly string[] {
  if (Array.isArray(subprotocols)) return [...subprotocols];
  throw new InvalidArgumentError("subprotocols is an array of strings");
}

function setPath(parts: RequestParts, path: string): void {
  if (path.includes("#")) throw new InvalidArgumentError("a path has no fragment: write # as %23");
  const [pathname, search] = splitOnce(path, "?");
  parts.path = pathname;
  if (search) parts.query.push(...search.split("&"));
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** @throws {@link InvalidArgumentError} for a name or value that is no string */
export function headerPairs(headers: HeadersInput): Header[] {
  return pairsOf("headers", headers).map(([name, value]) => {
    checkType("a header's name", name, "string");
    checkType(`the value of the header ${JSON.stringify(name)}`, value, "string");
    return [name as string, value as string];
  });
}

/** Names and values of a record, in which an array repeats its name, or of an iterable of pairs. */
function pairsOf(
  what: string,
  input: HeadersInput | QueryInput,
): (readonly [name: unknown, value: unknown])[] {
  checkType(what, input, "object");
  if (!(Symbol.iterator in input)) {
    return Object.entries(input).flatMap(([name, value]: [string, unknown]) => {
      if (value === undefined) return [];
      return (Array.isArray(value) ? value : [value]).map((each: unknown) => [name, each] as const);
    });
  }
  return Array.from(input as Iterable<readonly [unknown, unknown]>, (pair) => {
    checkType(`each of the ${what}`, pair, "object");
    return [pair[0], pair[1]];
  });
}
