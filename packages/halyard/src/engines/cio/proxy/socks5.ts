// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import { addressBytes } from "./addresses.ts";
import { Answers, type Dialogue, type ProxyFailure, type ProxyTarget } from "./dialogue.ts";
import type { UserInfo } from "./proxy-server.ts";

const withoutCredentials = 0;
const withCredentials = 2;
const noneOfThese = 0xff;

/** RFC 1928 section 5. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** RFC 1928 section 6. */
const refusals: Readonly<Record<number, string>> = {
  1: "it failed",
  2: "its rules do not allow the connection",
  3: "the network is unreachable from there",
  4: "the host is unreachable from there",
  5: "the server refused its connection",
  6: "its connection's time to live expired",
  7: "it does not support CONNECT",
  8: "it does not support this kind of address",
};

/** SOCKS 5 (RFC 1928), with user and password (RFC 1929) where the proxy asks for them. */
export function* socks5(target: ProxyTarget, userInfo: UserInfo | null, failed: ProxyFailure): Dialogue {
  const answers = new Answers(failed);
  yield* authenticate(answers, userInfo, failed);
  const [version, reply = 0] = yield* answers.ask(2, connectRequest(target));
  if (version !== 5) throw failed(`it does not speak SOCKS 5: its reply begins with ${version}`);
  // Some end at once then, without the rest of a reply.
  if (reply !== 0) throw failed(refusals[reply] ?? `it refused with reply ${reply}`, { status: reply });
  const [, kind] = yield* answers.ask(2);
  yield* answers.ask((yield* boundAddressSize(answers, kind, failed)) + 2);
  return answers.rest;
}

function* authenticate(answers: Answers, userInfo: UserInfo | null, failed: ProxyFailure) {
  const methods = userInfo === null ? [withoutCredentials] : [withoutCredentials, withCredentials];
  const [version, method = noneOfThese] = yield* answers.ask(2, Uint8Array.of(5, methods.length, ...methods));
  if (version !== 5) throw failed(`it does not speak SOCKS 5: its answer begins with ${version}`);
  if (method === withoutCredentials) return;
  if (method !== withCredentials || userInfo === null) {
    const wants =
      userInfo === null
        ? "it wants credentials: they stand in the user information of its URL"
        : "it wants another way to authenticate";
    throw failed(method === noneOfThese ? wants : `it chose the method ${method}, which was not offered`);
  }
  const { username, password } = userInfo;
  const [, status = 0xff] = yield* answers.ask(
    2,
    Buffer.concat([Uint8Array.of(1), counted(username), counted(password)]),
  );
  if (status !== 0) throw failed("it does not accept the credentials");
}

function connectRequest({ host, port }: ProxyTarget): Uint8Array {
  const family = isIP(host);
  const address = family === 0 ? counted(host) : addressBytes(host);
  const kind = family === 0 ? NAME : family === 4 ? IPV4 : IPV6;
  return Buffer.concat([Uint8Array.of(5, 1, 0, kind), address, Uint8Array.of(port >> 8, port & 0xff)]);
}

/** How long the address is that the proxy uses itself, which is of no use here. */
function* boundAddressSize(
  answers: Answers,
  kind: number | undefined,
  failed: ProxyFailure,
): Generator<Uint8Array, number, Uint8Array> {
  if (kind === IPV4) return 4;
  if (kind === IPV6) return 16;
  if (kind !== NAME) throw failed(`its reply has an address of the unknown type ${kind}`);
  const [size = 0] = yield* answers.ask(1);
  return size;
}

/** A text behind a byte with its size. */
function counted(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
