// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { Reply, Seen } from "./http-server.ts";

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");

/** A server that checks Digest as RFC 7616 section 3.4 says, independently of how the client computes it. */
export class DigestGuard {
  nonce = "nonce-1";
  readonly counts: string[] = [];
  readonly #algorithm: "MD5" | "SHA-256";
  readonly #suffix: string;
  readonly #more: string;
  readonly #password: string;

  constructor(password: string, algorithm: "MD5" | "SHA-256", suffix = "", more = ', qop="auth,auth-int"') {
    this.#password = password;
    this.#algorithm = algorithm;
    this.#suffix = suffix;
    this.#more = more;
  }

  readonly check = ({ headers: { authorization = "" }, method, target }: Seen): Reply => {
    const realm = 'a "quoted", realm';
    const get = (name: string) =>
      new RegExp(`[ ,]${name}="?((?:[^",\\\\]|\\\\.)*)`).exec(authorization)?.[1] ?? "";
    const own = (text: string) => hash(this.#algorithm.replace("-", "").toLowerCase(), text);
    let ha1 = own(`Ann:${realm}:${this.#password}`);
    if (this.#suffix !== "") ha1 = own(`${ha1}:${this.nonce}:${get("cnonce")}`);
    const qop = this.#more.includes("qop") ? `${get("nc")}:${get("cnonce")}:auth:` : "";
    const response = own(`${ha1}:${this.nonce}:${qop}${own(`${method}:${target}`)}`);
    if (get("response") === response && get("uri") === target) {
      this.counts.push(get("nc"));
      return "accept";
    }
    const stale = authorization !== "" && get("nonce") !== this.nonce ? ", stale=true" : "";
    const header = `Digest realm="a \\"quoted\\", realm", nonce="${this.nonce}", algorithm=${this.#algorithm}${this.#suffix}, opaque="o"${this.#more}${stale}`;
    return { status: 401, headers: { "WWW-Authenticate": header } };
  };
}
