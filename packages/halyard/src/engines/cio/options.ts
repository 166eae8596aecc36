// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from "node:crypto";
import type { RandomBytes } from "../../protocol/bytes.ts";
import { type Clock, systemClock } from "../../session/clock.ts";
import { checkLimit, checkTimeout } from "../../session/durations.ts";
import { pickOptions } from "../../session/options.ts";
import type { TlsOptions } from "../../sockets/dial.ts";

/** The options of the Cio engine: `new HttpClient(Cio, { ... })`. Ktor: `CIOEngineConfig`. */
export interface CioOptions {
  /** For wss. */
  readonly tls?: TlsOptions | undefined;
  /** Whether small frames are sent at once instead of gathered by the operating system. @defaultValue true */
  readonly noDelay?: boolean | undefined;
  /** Milliseconds of silence before TCP probes the peer; 0 for never. @defaultValue 0, since sessions ping */
  readonly keepAlive?: number | undefined;
  /** Milliseconds for one address of a name that has several, before the next is tried. @defaultValue 1,000 */
  readonly addressTimeout?: number | undefined;
  /** The most connections at once; more wait, within their handshake's deadline. @defaultValue no limit */
  readonly maxConnections?: number | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
  /** The source of handshake and masking keys; it must be cryptographic. For tests. */
  readonly randomBytes?: RandomBytes | undefined;
}

export interface ResolvedCioOptions {
  readonly tls: TlsOptions;
  readonly noDelay: boolean;
  readonly keepAlive: number;
  readonly addressTimeout: number;
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

const tlsOptions = [
  "ca",
  "cert",
  "key",
  "passphrase",
  "servername",
  "ALPNProtocols",
  "rejectUnauthorized",
  "minVersion",
  "maxVersion",
  "ciphers",
] as const;

/** @throws {@link InvalidArgumentError} */
export function resolveOptions(options: CioOptions): ResolvedCioOptions {
  const given = pickOptions<CioOptions>("Cio", options, [
    "tls",
    "noDelay",
    "keepAlive",
    "addressTimeout",
    "maxConnections",
    "clock",
    "randomBytes",
  ]);
  return {
    tls: pickOptions<TlsOptions>("Cio.tls", given.tls ?? {}, tlsOptions),
    noDelay: given.noDelay ?? true,
    keepAlive:
      given.keepAlive === undefined || given.keepAlive === 0 ? 0 : checkTimeout("keepAlive", given.keepAlive),
    // Node gives each address 250 ms by default, which a far or busy host does not always meet.
    addressTimeout: checkTimeout("addressTimeout", given.addressTimeout ?? 1_000),
    maxConnections: checkLimit("maxConnections", given.maxConnections ?? Infinity),
    clock: given.clock ?? systemClock,
    randomBytes: given.randomBytes ?? ((target) => void randomFillSync(target)),
  };
}
