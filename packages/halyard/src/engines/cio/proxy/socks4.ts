// SPDX-License-Identifier: Apache-2.0
import { isIPv4 } from "node:net";
import { addressBytes } from "./addresses.ts";
import { Answers, type Dialogue, type ProxyFailure, type ProxyTarget } from "./dialogue.ts";

const refusals: Readonly<Record<number, string>> = {
  0x5b: "it rejected the request, or could not connect",
  0x5c: "it found no identd at this client",
  0x5d: "this client's identd named another user",
};

/**
 * SOCKS 4, and 4a for a target that is a name: an address of 0.0.0.x says that the name follows.
 *
 * @param target - a name or an IPv4 address: SOCKS 4 knows no other
 */
export function* socks4({ host, port }: ProxyTarget, user: string, failed: ProxyFailure): Dialogue {
  const answers = new Answers(failed);
  const isName = !isIPv4(host);
  const request = Buffer.concat([
    Uint8Array.of(4, 1, port >> 8, port & 0xff),
    isName ? Uint8Array.of(0, 0, 0, 1) : addressBytes(host),
    Buffer.from(`${user}\0${isName ? `${host}\0` : ""}`),
  ]);
  const [version, code = 0] = yield* answers.ask(2, request);
  if (version !== 0) throw failed(`it does not speak SOCKS 4: its answer begins with ${version}`);
  if (code !== 0x5a) throw failed(refusals[code] ?? `it refused with code ${code}`, { status: code });
  yield* answers.ask(6);
  return answers.rest;
}
