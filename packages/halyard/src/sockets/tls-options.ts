// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import type { PeerCertificate } from "node:tls";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { checkType, pickOptions } from "../session/options.ts";
import type { KeyLog } from "./key-log.ts";
import type { Pins } from "./pins.ts";

/** What TLS may be given. Names and meaning are those of `node:tls`, but for `pins` and `keyLog`. */
export interface TlsOptions {
  /** Certificates to trust instead of the platform's, PEM. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Our certificate chain, PEM, for a server that demands one. */
  readonly cert?: string | Uint8Array | undefined;
  /** Our private key, PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** Our certificate chain and private key in one, PKCS #12, instead of `cert` and `key`. */
  readonly pfx?: Uint8Array | undefined;
  /** Of `key` or `pfx`. */
  readonly passphrase?: string | undefined;
  /** The name to ask for (SNI) and to verify. @defaultValue the host, unless it is an IP address */
  readonly servername?: string | undefined;
  /** @defaultValue `["http/1.1"]` */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /**
   * Whether an unverified server is refused. Turning it off gives up what TLS is for, unless there are `pins`. Nothing
   * else turns it off: `NODE_TLS_REJECT_UNAUTHORIZED` is not obeyed. @defaultValue true
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /**
   * Says what is wrong with the certificate of a server that was verified, or undefined, instead of the check that it is
   * for the host; `checkServerIdentity` of `node:tls` is that check. Node does not ask again for a resumed session, which
   * only the same server can resume.
   */
  readonly checkServerIdentity?:
    | ((host: string, certificate: PeerCertificate) => Error | undefined)
    | undefined;
  /** Public keys of which a server must have one, besides being verified; see {@link Pins}. @defaultValue none */
  readonly pins?: Pins | undefined;
  /**
   * Is given the secrets of each connection, in lines as Wireshark reads them: whoever has them can read what is sent.
   * `"SSLKEYLOGFILE"` appends them to the file that this variable of the environment names, if it does. Not on Deno.
   * @defaultValue nobody
   */
  readonly keyLog?: KeyLog | "SSLKEYLOGFILE" | undefined;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly ciphers?: string | undefined;
}

const names = [
  "ca",
  "cert",
  "key",
  "pfx",
  "passphrase",
  "servername",
  "ALPNProtocols",
  "rejectUnauthorized",
  "checkServerIdentity",
  "pins",
  "keyLog",
  "minVersion",
  "maxVersion",
  "ciphers",
] as const;

/**
 * The options as they were given, copied and checked, but for what only the platform can check.
 *
 * @param what - whose options they are, for messages
 * @throws {@link InvalidArgumentError}
 */
export function checkTlsOptions(what: string, options: TlsOptions): TlsOptions {
  const given = pickOptions<TlsOptions>(what, options, names);
  const { servername, ALPNProtocols, rejectUnauthorized, checkServerIdentity, pins, keyLog } = given;
  if (servername !== undefined) checkServername(servername);
  if (rejectUnauthorized !== undefined) checkType("tls.rejectUnauthorized", rejectUnauthorized, "boolean");
  if (pins !== undefined) checkType("tls.pins", pins, "object");
  if (ALPNProtocols !== undefined && !isListOfStrings(ALPNProtocols)) {
    throw new InvalidArgumentError("tls.ALPNProtocols must be an array of strings");
  }
  if (checkServerIdentity !== undefined) {
    checkType("tls.checkServerIdentity", checkServerIdentity, "function");
    if (rejectUnauthorized === false) {
      throw new InvalidArgumentError(
        "tls.checkServerIdentity is not asked with rejectUnauthorized: false: leave one of them out",
      );
    }
  }
  if (keyLog !== undefined) checkKeyLog(keyLog);
  return given;
}

function checkServername(servername: string): void {
  checkType("tls.servername", servername, "string");
  // RFC 6066 section 3: an address is no server name.
  if (isIP(servername) === 0 && /^[!-~]{1,255}$/.test(servername)) return;
  throw new InvalidArgumentError("tls.servername must be a host name in ASCII, and no IP address");
}

function checkKeyLog(keyLog: unknown): void {
  if (keyLog !== "SSLKEYLOGFILE" && typeof keyLog !== "function") {
    throw new InvalidArgumentError('tls.keyLog must be a function or "SSLKEYLOGFILE"');
  }
  if (process.versions["deno"] !== undefined) {
    throw new InvalidArgumentError(
      "tls.keyLog cannot be used here: Deno tells no secrets of its connections",
    );
  }
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
