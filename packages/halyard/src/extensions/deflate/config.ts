// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { DeflateWishes } from "./negotiation.ts";

/** What is negotiated (RFC 7692 section 7.1). The same options serve both roles. */
export interface DeflateNegotiation {
  /**
   * Whether the client begins each message with an empty context: less memory in both, and larger messages.
   * As a client it binds us, as a server it is demanded of the client.
   * @defaultValue false, unless the peer asks for it
   */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** The same for the server. A client that sets it accepts no answer without. @defaultValue false, unless the peer asks for it */
  readonly serverNoContextTakeover?: boolean | undefined;
  /**
   * The window of the client, 8 to 15: 2 to the power of this many bytes are remembered in each of both. A server that
   * sets it below 15 declines clients that do not offer `client_max_window_bits`.
   * @defaultValue what the peer asks for, else 15
   */
  readonly clientMaxWindowBits?: number | undefined;
  /** The window of the server, 8 to 15. A client accepts no answer with more. @defaultValue what the peer asks for, else 15 */
  readonly serverMaxWindowBits?: number | undefined;
}

/** The options of `deflate()`. */
export interface DeflateConfig extends DeflateNegotiation {
  /**
   * What else to agree on if the peer declines the above, the preferred first: a client makes an offer of each, a server
   * answers an offer by the first of them that fits.
   * @defaultValue none
   */
  readonly alternatives?: readonly DeflateNegotiation[] | undefined;
  /** 0 (store only) to 9 (slowest). @defaultValue 6 */
  readonly level?: number | undefined;
  /** How much memory zlib uses while it compresses, 1 to 9. @defaultValue 8 */
  readonly memLevel?: number | undefined;
  /**
   * Messages of fewer bytes are sent as they are. A small message gains little and costs as much as a large one, and a
   * secret beside what an attacker has written shows in the compressed length (CRIME, BREACH). Unlike in other libraries
   * it holds whether or not contexts are taken over. A message that begins with a fragment is of unknown size and not small.
   * @defaultValue 1,024; 0 compresses all, Infinity none
   */
  readonly threshold?: number | undefined;
  /** Whether to compress a message of at least `threshold` bytes. Ktor: `compressIf`. @defaultValue always */
  readonly compressIf?: ((frame: Frame.Text | Frame.Binary) => boolean) | undefined;
}

export interface ResolvedDeflateConfig {
  /** At least one. */
  readonly wishes: readonly DeflateWishes[];
  readonly level: number;
  readonly memLevel: number;
  readonly threshold: number;
  readonly compressIf: ((frame: Frame.Text | Frame.Binary) => boolean) | undefined;
}

const negotiated = [
  "clientNoContextTakeover",
  "serverNoContextTakeover",
  "clientMaxWindowBits",
  "serverMaxWindowBits",
] as const;

/** @throws {@link InvalidArgumentError} for an option that does not exist, and a value that an option cannot have */
export function resolveConfig(config: DeflateConfig): ResolvedDeflateConfig {
  const own = ["alternatives", "level", "memLevel", "threshold", "compressIf"] as const;
  const given = ownOptions<DeflateConfig>("deflate", config, [...negotiated, ...own]);
  const { alternatives = [], threshold = 1_024, compressIf } = given;
  if (!Array.isArray(alternatives)) throw unfit("alternatives", "an array", alternatives);
  if (threshold !== Infinity && !isWithin(threshold, 0, Number.MAX_SAFE_INTEGER)) {
    throw unfit("threshold", "a number of bytes or Infinity", threshold);
  }
  if (compressIf !== undefined && typeof compressIf !== "function") {
    throw unfit("compressIf", "a function", compressIf);
  }
  return {
    wishes: [resolveWishes(given), ...alternatives.map(resolveAlternative)],
    level: checkNumber("level", given.level ?? 6, 0, 9),
    memLevel: checkNumber("memLevel", given.memLevel ?? 8, 1, 9),
    threshold,
    compressIf,
  };
}

function resolveAlternative(alternative: DeflateNegotiation): DeflateWishes {
  return resolveWishes(ownOptions<DeflateNegotiation>("an alternative of deflate", alternative, negotiated));
}

function resolveWishes(given: DeflateNegotiation): DeflateWishes {
  return {
    clientNoContextTakeover: checkFlag("clientNoContextTakeover", given.clientNoContextTakeover),
    serverNoContextTakeover: checkFlag("serverNoContextTakeover", given.serverNoContextTakeover),
    clientMaxWindowBits: checkWindowBits("clientMaxWindowBits", given.clientMaxWindowBits),
    serverMaxWindowBits: checkWindowBits("serverMaxWindowBits", given.serverMaxWindowBits),
  };
}

/** A copy of what the object itself holds: a polluted prototype sets nothing. */
function ownOptions<T extends object>(what: string, options: T, known: readonly (keyof T & string)[]): T {
  if (typeof options !== "object" || options === null) {
    throw unfit(`what ${what} takes`, "an object of options", options);
  }
  for (const name of Object.keys(options)) {
    if (!known.some((option) => option === name)) {
      throw new InvalidArgumentError(
        `${what} has no option ${JSON.stringify(name)}; it has ${known.join(", ")}`,
      );
    }
  }
  return Object.assign(Object.create(null) as T, options);
}

function checkFlag(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== "boolean") throw unfit(name, "true or false", value);
  return value ?? false;
}

function checkWindowBits(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : checkNumber(name, value, 8, 15);
}

function checkNumber(name: string, value: number, least: number, most: number): number {
  if (!isWithin(value, least, most)) throw unfit(name, `an integer from ${least} to ${most}`, value);
  return value;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function unfit(name: string, wanted: string, value: unknown): InvalidArgumentError {
  const shown = typeof value === "number" ? String(value) : value === null ? "null" : `a ${typeof value}`;
  return new InvalidArgumentError(`${name} must be ${wanted}, not ${shown}`);
}
