// SPDX-License-Identifier: Apache-2.0
import { isToken, trimOws } from "../../protocol/handshake/header-grammar.ts";

/** One way to authenticate that a server offers (RFC 9110 section 11.3). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer than any honest header; a handshake's is bounded by the engine. */
const maxLength = 16_384;

/**
 * Reads a `WWW-Authenticate`, in which commas part challenges as well as their parameters. What follows no grammar is left
 * out: a server may offer a scheme that nobody here knows. Each character is looked at a bounded number of times.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  for (const member of membersOf(header.slice(0, maxLength))) {
    let rest = member;
    const space = member.search(/[ \t]/);
    const start = space === -1 ? member : member.slice(0, space);
    // A scheme stands before a space, or alone; `name = value` is a parameter although there is a space.
    if (isToken(start) && !/^[ \t]*=/.test(member.slice(start.length))) {
      parameters = new Map();
      challenges.push({ scheme: start.toLowerCase(), parameters });
      rest = trimOws(member.slice(start.length));
    }
    // The credentials of some schemes, in which "=" is but a filling.
    if (/^[\w.~+/-]+=*$/.test(rest)) continue;
    const equals = rest.indexOf("=");
    const name = trimOws(rest.slice(0, Math.max(0, equals))).toLowerCase();
    if (!isToken(name) || parameters?.has(name) !== false) continue;
    parameters.set(name, unquote(trimOws(rest.slice(equals + 1))));
  }
  return challenges;
}

/** The members of a comma list in which a quoted string may hold commas. */
function* membersOf(list: string): Generator<string> {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= list.length; at++) {
    const character = list.charAt(at);
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === "" || (character === "," && !isQuoted)) {
      const member = trimOws(list.slice(start, at));
      if (member !== "") yield member;
      start = at + 1;
    }
  }
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.slice(1, value.endsWith('"') ? -1 : undefined).replaceAll(/\\(.)/g, "$1");
}
