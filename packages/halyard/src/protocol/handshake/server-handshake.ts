// SPDX-License-Identifier: Apache-2.0
import { acceptFor, isValidKey } from "./accept-key.ts";
import { quote } from "./failure.ts";
import {
  type ExtensionOffer,
  formatExtensions,
  GrammarError,
  isAbsoluteForm,
  isHost,
  isOriginForm,
  listContains,
  parseDistinctTokens,
  parseExtensions,
} from "./header-grammar.ts";
import { announcesContent, type Header, type HeaderList } from "./header-list.ts";
import { formatHead, refuseReserved } from "./http-format.ts";

/** The head of a request, as an HTTP server has read it. */
export interface HandshakeRequest {
  readonly method: string;
  /** For example `1.1`. */
  readonly httpVersion: string;
  /** In origin-form or absolute-form, as it is on the wire. */
  readonly target: string;
  readonly headers: HeaderList;
}

/** What a server chooses by. */
export interface ServerHandshakeOptions {
  /** What this server speaks, the preferred first; the first that the client offers too is chosen. */
  readonly subprotocols?: readonly string[] | undefined;
}

/** What a request asks for that was found right. */
export interface AcceptedRequest {
  readonly accepted: true;
  /** The chosen subprotocol; empty when the two sides have none in common. */
  readonly subprotocol: string;
  /** What the client could speak besides. Which of it is accepted is for others to say. */
  readonly extensionsOffered: readonly ExtensionOffer[];
  /** The headers of the answer, but for extensions. */
  readonly headers: readonly Header[];
}

/** A request that {@link checkRequest} found right. {@link formatAcceptance} writes the answer. */
export interface AcceptedHandshake extends AcceptedRequest {
  /** The client's Sec-WebSocket-Key. */
  readonly key: string;
}

/** An answer other than 101. {@link formatRefusal} writes it. */
export interface Refusal {
  readonly status: number;
  /** Sent to the client as the text of the answer. */
  readonly message: string;
  /** Besides those that every refusal has. */
  readonly headers: readonly Header[];
}

/** A request that {@link checkRequest} found wrong, and the answer to it. */
export interface RefusedHandshake extends Refusal {
  readonly accepted: false;
  readonly status: 400 | 405 | 426 | 501 | 505;
}

/** RFC 9110 sections 7.8 and 15.5.22: a 426 names the protocol, and an Upgrade header needs its connection option. */
const upgradeHeaders: readonly Header[] = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
];

/** Checks a request by RFC 6455 section 4.2.1. Whether its origin and path are welcome is for others to say. */
export function checkRequest(
  request: HandshakeRequest,
  options: ServerHandshakeOptions = {},
): AcceptedHandshake | RefusedHandshake {
  const { headers } = request;
  const refused =
    checkRequestLine(request) ?? checkHost(headers) ?? checkUpgrade(headers) ?? checkVersion(headers);
  if (refused !== null) return refused;
  const key = only(headers, "Sec-WebSocket-Key");
  if (key === null || !isValidKey(key)) {
    return refuse(400, "there must be one Sec-WebSocket-Key of 16 bytes in base64");
  }
  const upgrade: readonly Header[] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptFor(key)],
  ];
  const answered = answer(headers, options);
  return answered.accepted ? { ...answered, key, headers: [...upgrade, ...answered.headers] } : answered;
}

function checkRequestLine({ method, httpVersion, target }: HandshakeRequest): RefusedHandshake | null {
  if (!/^1\.[1-9]$/.test(httpVersion)) return refuse(505, "a WebSocket handshake needs HTTP/1.1");
  if (method !== "GET") return refuse(405, "a WebSocket handshake is a GET", [["Allow", "GET"]]);
  if (!isOriginForm(target) && !isAbsoluteForm(target)) return refuse(400, "the request target is malformed");
  return null;
}

function checkHost(headers: HeaderList): RefusedHandshake | null {
  const host = only(headers, "Host");
  return host === null || !isHost(host) ? refuse(400, "there must be one valid Host header") : null;
}

function checkUpgrade(headers: HeaderList): RefusedHandshake | null {
  if (!listContains(headers.get("Upgrade"), "websocket")) {
    return refuse(426, "this is a WebSocket endpoint", upgradeHeaders);
  }
  if (!listContains(headers.get("Connection"), "upgrade")) {
    return refuse(400, "the Connection header does not contain Upgrade");
  }
  return announcesContent(headers) ? refuse(400, "a WebSocket handshake has no content") : null;
}

/**
 * RFC 6455 section 4.4.
 * @param upgrade - what a 426 must have over HTTP/1.1 (RFC 9110 sections 7.8 and 15.5.22), and must not over HTTP/2
 */
export function checkVersion(
  headers: HeaderList,
  upgrade: readonly Header[] = upgradeHeaders,
): RefusedHandshake | null {
  const version = only(headers, "Sec-WebSocket-Version");
  if (version === null) return refuse(400, "there must be one Sec-WebSocket-Version header");
  if (version === "13") return null;
  return refuse(426, `Sec-WebSocket-Version ${quote(version)} is not supported, but 13 is`, [
    ...upgrade,
    ["Sec-WebSocket-Version", "13"],
  ]);
}

function only(headers: HeaderList, name: string): string | null {
  const [value, ...others] = headers.get(name);
  return value === undefined || others.length > 0 ? null : value;
}

export function refuse(
  status: RefusedHandshake["status"],
  message: string,
  headers: readonly Header[] = [],
): RefusedHandshake {
  return { accepted: false, status, message, headers };
}

/** RFC 6455 section 4.2.2, items 4.3 to 5: what both sides speak. */
export function answer(
  requested: HeaderList,
  { subprotocols: spoken = [] }: ServerHandshakeOptions,
): AcceptedRequest | RefusedHandshake {
  try {
    const protocols = requested.get("Sec-WebSocket-Protocol");
    const offered = protocols.length > 0 ? parseDistinctTokens(protocols) : new Set<string>();
    const subprotocol = spoken.find((name) => offered.has(name)) ?? "";
    const headers: Header[] = subprotocol === "" ? [] : [["Sec-WebSocket-Protocol", subprotocol]];
    const extensionsOffered = requested.get("Sec-WebSocket-Extensions").flatMap(parseExtensions);
    return { accepted: true, subprotocol, extensionsOffered, headers };
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return refuse(400, `Sec-WebSocket-Protocol or -Extensions is malformed: ${error.message}`);
  }
}

/**
 * Writes the 101 answer.
 *
 * @param extensions - those that are accepted
 * @param extraHeaders - the application's own
 * @throws {@link InvalidArgumentError} when an extra header is malformed or belongs to the handshake
 */
export function formatAcceptance(
  handshake: AcceptedRequest,
  extensions: readonly ExtensionOffer[] = [],
  extraHeaders: readonly Header[] = [],
): Uint8Array {
  refuseReserved(extraHeaders);
  const headers = [...handshake.headers];
  if (extensions.length > 0) headers.push(["Sec-WebSocket-Extensions", formatExtensions(extensions)]);
  return formatHead("HTTP/1.1 101 Switching Protocols", [...headers, ...extraHeaders]);
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [421, "Misdirected Request"],
  [426, "Upgrade Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [503, "Service Unavailable"],
  [505, "HTTP Version Not Supported"],
]);

/**
 * Writes an answer after which the server closes the connection; also for refusals of the application's own.
 *
 * @throws {@link InvalidArgumentError} when a header is malformed
 */
export function formatRefusal(refusal: Refusal): Uint8Array {
  const { status } = refusal;
  const { headers, body } = refusalContent(refusal);
  const head = formatHead(`HTTP/1.1 ${status} ${REASONS.get(status) ?? ""}`, [
    ["Connection", "close"],
    ...headers,
  ]);
  const written = new Uint8Array(head.length + body.length);
  written.set(head);
  written.set(body, head.length);
  return written;
}

/** What a refusal has over every version of HTTP. */
export function refusalContent({ message, headers }: Refusal): { headers: Header[]; body: Uint8Array } {
  const body = new TextEncoder().encode(`${message}\n`);
  const content: Header[] = [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(body.length)],
  ];
  return { headers: [...content, ...headers], body };
}
