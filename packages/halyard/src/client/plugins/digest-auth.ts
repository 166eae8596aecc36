// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8, type RandomBytes } from "../../protocol/bytes.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import { originOf } from "../http-send.ts";
import {
  type AuthProvider,
  type AuthProviderOptions,
  type AuthRequest,
  checkOrigins,
  isFor,
} from "./auth.ts";
import type { Challenge } from "./challenges.ts";
import { md5 } from "./md5.ts";

/** A hash that passwords are shown by; MD5 is broken, and still what most servers know. */
export type DigestAlgorithm = "SHA-256" | "MD5";

/** The options of {@link digestAuth}. Ktor: `DigestAuthConfig`. */
export interface DigestAuthOptions extends AuthProviderOptions {
  readonly username: string;
  readonly password: string;
  /** What is answered with, the preferred first. @defaultValue `["SHA-256", "MD5"]` */
  readonly algorithms?: readonly DigestAlgorithm[] | undefined;
  /** The source of client nonces. For tests. @defaultValue the platform's */
  readonly randomBytes?: RandomBytes | undefined;
}

/**
 * A password that is never sent (RFC 7616), with `qop=auth` or, for old servers, without: MD5, SHA-256 and their `-sess`
 * forms, user hashing. A nonce is used again for later requests of its origin, until the server wants another.
 */
export function digestAuth(options: DigestAuthOptions): AuthProvider {
  const given = pickOptions<DigestAuthOptions>("digestAuth", options, [
    "username",
    "password",
    "algorithms",
    "realm",
    "origins",
    "randomBytes",
  ]);
  checkType("username", given.username, "string");
  checkType("password", given.password, "string");
  const { algorithms = ["SHA-256", "MD5"] } = given;
  if (!Array.isArray(algorithms) || !algorithms.every((each) => each === "SHA-256" || each === "MD5")) {
    throw new InvalidArgumentError('algorithms is an array of "SHA-256" and "MD5"');
  }
  return new Digest({ ...given, algorithms: [...algorithms] } as DigestAuthOptions);
}

/** A nonce, and how often it was used. */
interface Use {
  readonly algorithm: DigestAlgorithm;
  readonly parameters: ReadonlyMap<string, string>;
  count: number;
}

/** The origins whose nonces are remembered; a new one costs a request. */
const mostOrigins = 100;

class Digest implements AuthProvider {
  readonly origins: ReadonlySet<string> | undefined;
  readonly #options: DigestAuthOptions;
  readonly #uses = new Map<string, Use>();

  constructor(options: DigestAuthOptions) {
    this.#options = options;
    this.origins = checkOrigins(options.origins);
  }

  async unasked(request: AuthRequest): Promise<string | undefined> {
    const use = this.#uses.get(originOf(request.url));
    return use === undefined ? undefined : await this.#credentials(use, request);
  }

  async answer(challenges: readonly Challenge[], request: AuthRequest): Promise<string | undefined> {
    const use = this.#choose(challenges);
    if (use === undefined) return undefined;
    const origin = originOf(request.url);
    const isRefused =
      request.authorization !== undefined && use.parameters.get("stale")?.toLowerCase() !== "true";
    const before = this.#uses.get(origin);
    this.#uses.delete(origin);
    // The nonce was good, and so it is the password that is not.
    if (isRefused && before?.parameters.get("nonce") === use.parameters.get("nonce")) return undefined;
    this.#uses.set(origin, use);
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > mostOrigins && oldest !== undefined) this.#uses.delete(oldest);
    return await this.#credentials(use, request);
  }

  #choose(challenges: readonly Challenge[]): Use | undefined {
    const { algorithms = [], realm } = this.#options;
    for (const algorithm of algorithms) {
      for (const challenge of challenges) {
        if (!isFor(challenge, "digest", realm)) continue;
        const { parameters } = challenge;
        const named = (parameters.get("algorithm") ?? "MD5").toUpperCase().replace(/-SESS$/, "");
        const qop = parameters.get("qop");
        const isKnown = qop === undefined || /(?:^|[ ,\t])auth(?:$|[ ,\t])/i.test(qop);
        if (named === algorithm && isKnown && parameters.has("nonce"))
          return { algorithm, parameters, count: 0 };
      }
    }
    return undefined;
  }

  /** RFC 7616 section 3.4. */
  async #credentials(use: Use, { url, method }: AuthRequest): Promise<string> {
    const { username, password, randomBytes = platformRandomBytes } = this.#options;
    const { algorithm, parameters } = use;
    const get = (name: string) => parameters.get(name);
    const hash = (...parts: string[]) => hashOf(algorithm, parts.join(":"));
    const [realm, nonce, named] = [get("realm") ?? "", get("nonce") ?? "", get("algorithm")];
    const random = new Uint8Array(16);
    randomBytes(random);
    const cnonce = hex(random);
    const nc = (++use.count).toString(16).padStart(8, "0");
    const uri = url.pathname + url.search;
    const isSession = named?.toUpperCase().endsWith("-SESS") === true;
    const secret = await hash(username, realm, password);
    const ha1 = isSession ? await hash(secret, nonce, cnonce) : secret;
    const ha2 = await hash(method, uri);
    const hasQop = get("qop") !== undefined;
    const response = await (hasQop ? hash(ha1, nonce, nc, cnonce, "auth", ha2) : hash(ha1, nonce, ha2));
    const isHashed = get("userhash")?.toLowerCase() === "true";
    const opaque = get("opaque");
    return `Digest ${[
      ...userField(isHashed ? await hash(username, realm) : username),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${response}"`,
      ...(named === undefined ? [] : [`algorithm=${algorithm}${isSession ? "-sess" : ""}`]),
      ...(hasQop ? [`qop=auth, nc=${nc}`] : []),
      ...(hasQop || isSession ? [`cnonce="${cnonce}"`] : []),
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(isHashed ? ["userhash=true"] : []),
    ].join(", ")}`;
  }
}

/** RFC 7616 section 3.4: a name that ASCII cannot hold goes in the form of RFC 8187. */
function userField(name: string): string[] {
  if (/^[ -~]*$/.test(name)) return [`username=${quoted(name)}`];
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return [`username*=UTF-8''${encoded}`];
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

async function hashOf(algorithm: DigestAlgorithm, text: string): Promise<string> {
  const bytes = encodeUtf8(text);
  if (algorithm === "MD5") return hex(md5(bytes));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function platformRandomBytes(target: Uint8Array): void {
  crypto.getRandomValues(target as Uint8Array<ArrayBuffer>);
}
