// SPDX-License-Identifier: Apache-2.0
import type { ProxyInput } from "../../client/proxy-options.ts";
import type { RandomBytes } from "../../protocol/bytes.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { ownOptions } from "../../protocol/given.ts";
import type { AnswerLimits } from "../../protocol/handshake/client-handshake.ts";
import { type Clock, systemClock } from "../../session/clock.ts";
import { checkLimit, checkTimeout } from "../../session/durations.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import { TlsClient } from "../../sockets/tls-client.ts";
import { checkTlsOptions, type TlsOptions } from "../../sockets/tls-options.ts";
import { Proxies, type ProxyChoice } from "./proxy/proxies.ts";
import { pooledRandomBytes } from "./random-bytes.ts";

/** The options of the Cio engine: `new HttpClient(Cio, { ... })`. Ktor: `CIOEngineConfig`. */
export interface CioOptions {
  /** For wss, and for https of plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /**
   * The proxy of all requests that name none themselves, for ws, wss and plain HTTP alike; false for none; or a function that chooses
   * for a URL, at each attempt.
   * @defaultValue that of the environment when the engine is made, but never for this machine: `wss_proxy`, `https_proxy`,
   * `all_proxy` or, for ws, `ws_proxy`, `http_proxy`, `all_proxy`, for plain HTTP the same without `ws_proxy` and `wss_proxy`, with the exceptions of `no_proxy`
   */
  readonly proxy?: ProxyInput | ProxyChoice | undefined;
  /** For proxies of https, in place of {@link tls}, which is for servers. */
  readonly proxyTls?: TlsOptions | undefined;
  /** Whether small frames are sent at once instead of gathered by the operating system. @defaultValue true */
  readonly noDelay?: boolean | undefined;
  /** Milliseconds of silence before TCP probes the peer; 0 for never. @defaultValue 0, since sessions ping */
  readonly keepAlive?: number | undefined;
  /** Milliseconds for one address of a name that has several, before the next is tried. @defaultValue 1,000 */
  readonly addressTimeout?: number | undefined;
  /**
   * The most connections at once; more wait, within their handshake's deadline. Over HTTP/2 each session counts, and not
   * what they share.
   * @defaultValue no limit
   */
  readonly maxConnections?: number | undefined;
  /**
   * What is accepted of a server's answer to the handshake: `maxHeadSize` and `maxLineSize` in bytes, `maxHeaders`,
   * `maxInterimResponses`, each inclusive.
   * @defaultValue 65,536, 8,192, 128 and 16
   */
  readonly answerLimits?: AnswerLimits | undefined;
  /**
   * Whether sessions of one origin share a connection of HTTP/2 (RFC 8441). With `"prefer"` a wss server that does not
   * offer it is spoken to over HTTP/1.1, which is remembered for ten minutes; ws always is. With `"require"` it is an
   * error, and for ws a server has to know HTTP/2 without being asked.
   * @defaultValue false
   */
  readonly http2?: false | "prefer" | "require" | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
  /** The source of handshake and masking keys; it must be cryptographic. For tests. */
  readonly randomBytes?: RandomBytes | undefined;
}

export interface ResolvedCioOptions {
  readonly tls: TlsClient;
  readonly proxies: Proxies;
  readonly proxyTls: TlsClient;
  readonly noDelay: boolean;
  readonly keepAlive: number;
  readonly addressTimeout: number;
  readonly maxConnections: number;
  readonly answerLimits: AnswerLimits;
  readonly http2: false | "prefer" | "require";
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** @throws {@link InvalidArgumentError} */
export function resolveOptions(options: CioOptions): ResolvedCioOptions {
  const given = pickOptions<CioOptions>("Cio", options, [
    "tls",
    "proxy",
    "proxyTls",
    "noDelay",
    "keepAlive",
    "addressTimeout",
    "maxConnections",
    "answerLimits",
    "http2",
    "clock",
    "randomBytes",
  ]);
  if (given.noDelay !== undefined) checkType("noDelay", given.noDelay, "boolean");
  if (given.clock !== undefined) checkType("clock", given.clock, "object");
  if (given.randomBytes !== undefined) checkType("randomBytes", given.randomBytes, "function");
  return {
    tls: new TlsClient(checkTlsOptions("Cio.tls", given.tls ?? {})),
    proxies: new Proxies(given.proxy),
    proxyTls: new TlsClient(checkTlsOptions("Cio.proxyTls", given.proxyTls ?? {})),
    noDelay: given.noDelay ?? true,
    keepAlive:
      given.keepAlive === undefined || given.keepAlive === 0 ? 0 : checkTimeout("keepAlive", given.keepAlive),
    // Node gives each address 250 ms by default, which a far or busy host does not always meet.
    addressTimeout: checkTimeout("addressTimeout", given.addressTimeout ?? 1_000),
    maxConnections: checkLimit("maxConnections", given.maxConnections ?? Infinity),
    answerLimits: checkAnswerLimits(given.answerLimits ?? {}),
    http2: checkHttp2(given),
    clock: given.clock ?? systemClock,
    randomBytes: given.randomBytes ?? pooledRandomBytes(),
  };
}

function checkHttp2({ http2 = false, tls }: CioOptions): ResolvedCioOptions["http2"] {
  if (![false, "prefer", "require"].includes(http2)) {
    throw new InvalidArgumentError('http2 is none of false, "prefer" and "require"');
  }
  if (http2 !== false && tls !== undefined && ownOptions(tls).ALPNProtocols !== undefined) {
    throw new InvalidArgumentError("http2 chooses the protocols to offer: leave tls.ALPNProtocols out");
  }
  return http2;
}

function checkAnswerLimits(limits: AnswerLimits): AnswerLimits {
  const names = ["maxHeadSize", "maxLineSize", "maxHeaders", "maxInterimResponses"] as const;
  const given = pickOptions<AnswerLimits>("Cio.answerLimits", limits, names);
  for (const name of names) if (given[name] !== undefined) checkLimit(`answerLimits.${name}`, given[name]);
  return given;
}
