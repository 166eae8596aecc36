// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from "node:net";

/** What a URL is reached by. */
interface Place {
  /** Lower case, without brackets. */
  readonly host: string;
  readonly port: number;
}

type Rule = (place: Place) => boolean;

/**
 * The hosts that are reached without a proxy, as `NO_PROXY` lists them: separated by commas or white space,
 *
 * - `*`: all;
 * - a domain, with or without a dot or `*.` before it: itself and everything below it;
 * - an address, or a block of them such as `10.0.0.0/8`: hosts that are given as addresses, since no name is resolved for it;
 * - each with `:port`: that port alone; an IPv6 address then stands in brackets.
 *
 * Case and a final dot do not matter. What is none of these excepts nothing.
 */
export class NoProxy {
  readonly #rules: readonly Rule[];

  constructor(list: string) {
    this.#rules = list
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((entry) => entry !== "")
      .map(ruleOf);
  }

  excepts(url: URL): boolean {
    const place = placeOf(url);
    return this.#rules.some((rule) => rule(place));
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether the host is this machine by its name or address (RFC 6761 section 6.3). */
export function isLoopback(url: URL): boolean {
  const { host } = placeOf(url);
  return isWithin(host, "localhost") || isIn(loopback, host);
}

function placeOf({ hostname, port, protocol }: URL): Place {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return { host, port: port === "" ? (["wss:", "https:"].includes(protocol) ? 443 : 80) : Number(port) };
}

function ruleOf(entry: string): Rule {
  if (entry === "*") return () => true;
  // An IPv6 address without brackets ends in what could be a port, and has none.
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const hosts = hostRule(bracketed ?? plain ?? entry);
  return port === undefined ? hosts : (place) => place.port === Number(port) && hosts(place);
}

function hostRule(text: string): Rule {
  const [address = "", bits] = text.split("/");
  const family = isIP(address);
  if (family === 0) {
    const domain = text.replace(/^\*?\./, "").replace(/\.$/, "");
    return ({ host }) => isIP(host) === 0 && domain !== "" && isWithin(host, domain);
  }
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (prefix > most) return () => false;
  const block = new BlockList();
  block.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  return ({ host }) => isIn(block, host);
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function isIn(block: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && block.check(host, family === 4 ? "ipv4" : "ipv6");
}
