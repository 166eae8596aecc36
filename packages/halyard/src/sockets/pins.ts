// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from "node:crypto";
import { isIPv6 } from "node:net";
import type { DetailedPeerCertificate } from "node:tls";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { shown } from "../protocol/given.ts";
import { nodeCrypto } from "./lazy-builtins.ts";

/**
 * Public keys of which a server's chain of certificates must have one: `sha256/` and the digest in Base64, of the key as
 * it stands in a certificate (SubjectPublicKeyInfo; RFC 7469 section 2.4, OkHttp's `CertificatePinner`).
 *
 * A list is for every host; an object has a list for each host: `example.com`, `*.example.com` for what is one label
 * below, `**.example.com` for the name and all below. Where several match, all their pins count; a host that none
 * matches is not pinned.
 */
export type Pins = readonly string[] | Readonly<Record<string, readonly string[]>>;

interface HostPins {
  readonly matches: (host: string) => boolean;
  readonly pins: readonly string[];
}

const mostCertificates = 10;

export class PinnedHosts {
  readonly #hosts: readonly HostPins[];

  /** @throws {@link InvalidArgumentError} */
  constructor(pins: Pins) {
    const entries = Array.isArray(pins) ? [["**", pins] as const] : Object.entries(pins);
    this.#hosts = entries.map(([pattern, list]) => ({ matches: matcher(pattern), pins: checkPins(list) }));
  }

  /** The pins of a host; null where it is not pinned. */
  of(host: string): ReadonlySet<string> | null {
    const name = host.toLowerCase().replace(/\.$/, "");
    const matching = this.#hosts.filter(({ matches }) => matches(name));
    return matching.length === 0 ? null : new Set(matching.flatMap(({ pins }) => pins));
  }
}

/**
 * The pins of a certificate and of those above it. A server sends what it likes beside its own, and the platform puts
 * them together by their names, so that each link is checked: who is above has signed, and may sign.
 */
export function pinsOf(peer: Partial<DetailedPeerCertificate>): string[] {
  const pins: string[] = [];
  const { X509Certificate: Certificate } = nodeCrypto();
  let below: X509Certificate | undefined;
  for (let shown = peer; shown.raw !== undefined && pins.length < mostCertificates; ) {
    const current = new Certificate(shown.raw);
    if (below !== undefined && !isSignedBy(below, current)) break;
    pins.push(pinOf(current));
    const { issuerCertificate: above } = shown;
    // Above an authority of the root there is itself.
    if (above === undefined || above.fingerprint256 === shown.fingerprint256) break;
    below = current;
    shown = above;
  }
  return pins;
}

function isSignedBy(below: X509Certificate, above: X509Certificate): boolean {
  return above.ca && below.checkIssued(above) && below.verify(above.publicKey);
}

function pinOf({ publicKey }: X509Certificate): string {
  const key = publicKey.export({ type: "spki", format: "der" });
  return `sha256/${nodeCrypto().createHash("sha256").update(key).digest("base64")}`;
}

function checkPins(pins: unknown): readonly string[] {
  if (!Array.isArray(pins) || pins.length === 0) {
    throw new InvalidArgumentError("tls.pins takes lists of at least one pin; leave out what is not pinned");
  }
  for (const pin of pins as unknown[]) {
    if (typeof pin !== "string" || !/^sha256\/[A-Za-z0-9+/]{43}=$/.test(pin)) {
      throw new InvalidArgumentError(
        `${shown(pin)} of tls.pins is no pin: "sha256/" and the Base64 of 32 bytes are one`,
      );
    }
  }
  return [...(pins as readonly string[])];
}

function matcher(pattern: string): (host: string) => boolean {
  if (pattern === "**") return () => true;
  const [, stars = "", name = ""] = /^(?:(\*{1,2})\.)?([^*]+)$/.exec(pattern) ?? [];
  const base = canonical(name);
  if (base === undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(pattern)} of tls.pins is no host: "example.com", "*.example.com" and "**.example.com" are`,
    );
  }
  return (host) => {
    if (host === base) return stars !== "*";
    if (stars === "" || !host.endsWith(`.${base}`)) return false;
    return stars === "**" || !host.slice(0, -base.length - 1).includes(".");
  };
}

/** A host as a URL spells it, without brackets. */
function canonical(host: string): string | undefined {
  const written = isIPv6(host) ? `[${host}]` : host;
  if (!URL.canParse(`ws://${written}`)) return undefined;
  const { hostname, href } = new URL(`ws://${written}`);
  return hostname !== "" && href === `ws://${hostname}/` ? hostname.replace(/^\[|\]$/g, "") : undefined;
}
