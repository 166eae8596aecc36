// SPDX-License-Identifier: Apache-2.0
import { isIPv4 } from "node:net";

/** An IP address as the network writes it: 4 bytes, or 16. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  // The URL parser writes all of it in groups of hexadecimal digits, an embedded IPv4 address too.
  const [start = "", end] = new URL(`ws://[${address}]`).hostname.slice(1, -1).split("::");
  const [before, after] = [groupsOf(start), groupsOf(end ?? "")];
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
