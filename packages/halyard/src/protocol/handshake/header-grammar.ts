// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../errors.ts";
import { quote } from "./failure.ts";

// Each expression is one anchored repetition of one class, so matching is linear.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^[-.~!$&'()*+,;=:%[\]\w]+$/;
const VISIBLE = /^[!-~]+$/;

/** RFC 9110 section 5.6.2. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** RFC 9110 section 5.5, obs-text included: what one header line can carry. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** The characters of `uri-host [ ":" port ]` (RFC 9110 section 7.2); not whether such a host can exist. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/** RFC 9112 section 3.2.1: path and query of a request line. */
export function isOriginForm(target: string): boolean {
  return target.startsWith("/") && VISIBLE.test(target) && !target.includes("#");
}

/** RFC 9112 section 3.2.2: what a client sends to a proxy, and a server has to accept as well. */
export function isAbsoluteForm(target: string): boolean {
  return /^(?:http|ws)s?:\/\//i.test(target) && VISIBLE.test(target) && !target.includes("#");
}

/** Removes optional white space, which is SP and HTAB only (RFC 9110 section 5.6.3). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charAt(start))) start++;
  while (end > start && isOws(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOws(character: string): boolean {
  return character === " " || character === "\t";
}

/** A header value does not follow its grammar. Callers turn it into the error of their side. */
export class GrammarError extends Error {}

/** The members of a comma list, without the empty ones that RFC 9110 section 5.6.1.2 tells recipients to ignore. */
function listMembers(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",").map(trimOws)).filter((member) => member !== "");
}

/** Whether a header that is a list of case-insensitive tokens, such as Connection, contains `token`. */
export function listContains(values: readonly string[], token: string): boolean {
  // Nearly always it is all there is.
  if (values.length === 1 && values[0]?.toLowerCase() === token) return true;
  return listMembers(values).some((member) => member.toLowerCase() === token);
}

/**
 * Parses `1#token` whose members must differ, which is what Sec-WebSocket-Protocol is in a request
 * (RFC 6455 section 4.1, item 10).
 *
 * @throws GrammarError
 */
export function parseDistinctTokens(values: readonly string[]): Set<string> {
  const tokens = new Set<string>();
  for (const member of listMembers(values)) {
    if (!isToken(member)) throw new GrammarError(`${quote(member)} is not a token`);
    if (tokens.has(member)) throw new GrammarError(`${quote(member)} comes twice`);
    tokens.add(member);
  }
  if (tokens.size === 0) throw new GrammarError("the list is empty");
  return tokens;
}

/** One parameter of a member of Sec-WebSocket-Extensions. */
export interface ExtensionParameter {
  readonly name: string;
  /** Null for a parameter without a value. */
  readonly value: string | null;
}

/** One member of Sec-WebSocket-Extensions: in a request an offer, in a response what was accepted. */
export interface ExtensionOffer {
  readonly name: string;
  readonly params: readonly ExtensionParameter[];
}

/**
 * Parses one Sec-WebSocket-Extensions value (RFC 6455 section 9.1).
 *
 * @throws GrammarError
 */
export function parseExtensions(value: string): ExtensionOffer[] {
  const cursor = new Cursor(value);
  const offers: ExtensionOffer[] = [];
  do {
    if (cursor.atMember) offers.push(parseExtension(cursor));
  } while (cursor.accept(","));
  cursor.expectEnd();
  if (offers.length === 0) throw new GrammarError("the list is empty");
  return offers;
}

function parseExtension(cursor: Cursor): ExtensionOffer {
  const name = cursor.token();
  const params: ExtensionParameter[] = [];
  while (cursor.accept(";")) {
    params.push({ name: cursor.token(), value: cursor.accept("=") ? cursor.tokenOrQuoted() : null });
  }
  return { name, params };
}

/** A place in a header value. Every method first skips optional white space. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atMember(): boolean {
    const next = this.#peek();
    return next !== "" && next !== ",";
  }

  accept(delimiter: string): boolean {
    if (this.#peek() !== delimiter) return false;
    this.#at++;
    return true;
  }

  token(): string {
    this.#peek();
    const start = this.#at;
    while (isToken(this.#text.charAt(this.#at))) this.#at++;
    if (this.#at === start) throw this.#unexpected("a token");
    return this.#text.slice(start, this.#at);
  }

  /** "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST conform to token." */
  tokenOrQuoted(): string {
    if (!this.accept('"')) return this.token();
    let value = "";
    while (this.#text.charAt(this.#at) !== '"') {
      if (this.#text.charAt(this.#at) === "\\") this.#at++;
      if (this.#at >= this.#text.length) throw new GrammarError("a quoted string has no end");
      value += this.#text.charAt(this.#at++);
    }
    this.#at++;
    if (!isToken(value)) throw new GrammarError(`the quoted string ${quote(value)} does not hold a token`);
    return value;
  }

  expectEnd(): void {
    if (this.#peek() !== "") throw this.#unexpected('",", ";" or the end');
  }

  #peek(): string {
    while (isOws(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #unexpected(wanted: string): GrammarError {
    return new GrammarError(`${wanted} was expected at character ${this.#at} of ${quote(this.#text)}`);
  }
}

/**
 * Prints a Sec-WebSocket-Extensions value; {@link parseExtensions} reads the same back.
 *
 * @throws {@link InvalidArgumentError} for a name or value that is not a token
 */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(formatExtension).join(", ");
}

function formatExtension({ name, params }: ExtensionOffer): string {
  return [requireToken(name), ...params.map(formatParameter)].join("; ");
}

function formatParameter({ name, value }: ExtensionParameter): string {
  return value === null ? requireToken(name) : `${requireToken(name)}=${requireToken(value)}`;
}

function requireToken(text: string): string {
  if (!isToken(text)) throw new InvalidArgumentError(`${quote(text)} in an extension offer is not a token`);
  return text;
}
