// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8 } from "../bytes.ts";
import { type ErrorContext, InvalidArgumentError } from "../errors.ts";
import { isValidKey } from "./accept-key.ts";
import { type ExtensionOffer, formatExtensions, isHost, isOriginForm, isToken } from "./header-grammar.ts";
import { type Header, HeaderList } from "./header-list.ts";
import { formatHead, refuseReserved } from "./http-format.ts";

/** What an opening handshake asks for. */
export interface HandshakeOffer {
  /** Path and query, in origin-form. */
  readonly target: string;
  /** The value of the Host header, unless `headers` has one. */
  readonly host: string;
  /** See {@link createKey}; a fresh one for each attempt. */
  readonly key: string;
  /** The application's headers. */
  readonly headers: readonly Header[];
  /** To be offered, the preferred first. */
  readonly subprotocols: readonly string[];
  /** To be offered, the preferred first. */
  readonly extensions: readonly ExtensionOffer[];
  /** The URL for errors, already without secrets. */
  readonly url: string;
}

const keyHeader = "Sec-WebSocket-Key";
/** Stands where the key will. */
const noKey = /* @__PURE__ */ "=".repeat(24);

/**
 * An opening handshake (RFC 6455 section 4.1), written but for the key, which is another one for each attempt. Everything the
 * application gave is checked here, before anything is resolved or connected.
 */
export class RequestTemplate {
  readonly #head: Uint8Array;
  readonly #keyStart: number;
  readonly #context: ErrorContext;

  /** @throws {@link InvalidArgumentError} */
  constructor(offer: Omit<HandshakeOffer, "key">) {
    const context = { url: offer.url };
    checkOffer(offer, context);
    const start = `GET ${offer.target} HTTP/1.1`;
    const headers = requestHeaders(offer, context);
    this.#head = formatHead(start, headers, context);
    // All before the key is ASCII: as many characters as bytes.
    const before = headers.slice(
      0,
      headers.findIndex(([name]) => name === keyHeader),
    );
    this.#keyStart = [start, ...before.map((header) => header.join(": ")), `${keyHeader}: `].join(
      "\r\n",
    ).length;
    this.#context = context;
  }

  /** @throws {@link InvalidArgumentError} for what is no key */
  withKey(key: string): Uint8Array {
    if (!isValidKey(key)) throw new InvalidArgumentError("the key must be base64 of 16 bytes", this.#context);
    const head = this.#head.slice();
    head.set(encodeUtf8(key), this.#keyStart);
    return head;
  }
}

/** @throws {@link InvalidArgumentError} for what no request can ask for */
export function checkOffer(offer: Omit<HandshakeOffer, "key">, context: ErrorContext): void {
  if (!isOriginForm(offer.target)) {
    // The target is not shown: its query may hold a token.
    throw new InvalidArgumentError(
      "the request target must begin with / and hold only visible ASCII characters without #",
      context,
    );
  }
  checkSubprotocols(offer.subprotocols, context);
  refuseReserved(offer.headers, context);
}

/**
 * Subprotocols are not shown either: they are where browser clients put their tokens.
 *
 * @throws {@link InvalidArgumentError}
 */
export function checkSubprotocols(subprotocols: readonly string[], context?: ErrorContext): void {
  const seen = new Set<string>();
  for (const [index, subprotocol] of subprotocols.entries()) {
    if (typeof subprotocol !== "string" || !isToken(subprotocol)) {
      throw new InvalidArgumentError(`subprotocols[${index}] is not a token`, context);
    }
    if (seen.has(subprotocol)) throw new InvalidArgumentError(`subprotocols[${index}] comes twice`, context);
    seen.add(subprotocol);
  }
}

function requestHeaders(offer: Omit<HandshakeOffer, "key">, context: ErrorContext): Header[] {
  return [
    ["Host", hostOf(offer, context)],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    [keyHeader, noKey],
    ...commonHeaders(offer),
  ];
}

/** What the request has over every version of HTTP: what is offered, and the application's own. */
export function commonHeaders({ headers, subprotocols, extensions }: Omit<HandshakeOffer, "key">): Header[] {
  const common: Header[] = [["Sec-WebSocket-Version", "13"]];
  if (subprotocols.length > 0) common.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  if (extensions.length > 0) common.push(["Sec-WebSocket-Extensions", formatExtensions(extensions)]);
  if (!headers.some(([name]) => name.toLowerCase() === "user-agent")) common.push(["User-Agent", "halyard"]);
  return common.concat(headers.filter(([name]) => name.toLowerCase() !== "host"));
}

/** An application may name another virtual host, once: two Host headers are an attack (RFC 9112 section 3.2). */
export function hostOf({ host, headers }: Omit<HandshakeOffer, "key">, context: ErrorContext): string {
  const overrides = new HeaderList(headers).get("Host");
  const [chosen = host] = overrides;
  if (overrides.length > 1) throw new InvalidArgumentError('the header "Host" is given twice', context);
  if (!isHost(chosen)) throw new InvalidArgumentError('the header "Host" is not a host and a port', context);
  return chosen;
}
