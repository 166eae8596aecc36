// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { shown } from "../protocol/given.ts";
import type { HeaderList } from "../protocol/handshake/header-list.ts";

/** @throws {@link InvalidArgumentError} for what is no name as `Host` has it: it would refuse whom it is to let in */
export function checkHosts(hosts: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(hosts)) throw new InvalidArgumentError("hosts is an array of names and addresses");
  for (const host of hosts as unknown[]) {
    if (typeof host === "string" && !host.includes("*") && nameOf(host) === host) continue;
    throw new InvalidArgumentError(
      `${shown(host)} is no name of a host: write it in small letters, without scheme and port`,
    );
  }
  return new Set(hosts);
}

/** Whether a request is for one of these names (RFC 9110 section 7.4). */
export function isOneOf(hosts: ReadonlySet<string>, headers: HeaderList): boolean {
  return hosts.has(nameOf(headers.get("Host")[0] ?? "") ?? "");
}

/** The name that a Host is for, without its port. */
function nameOf(host: string): string | undefined {
  try {
    const { hostname, username, password, pathname } = new URL(`http://${host}`);
    return `${username}${password}` === "" && pathname === "/" ? hostname : undefined;
  } catch {
    return undefined;
  }
}
