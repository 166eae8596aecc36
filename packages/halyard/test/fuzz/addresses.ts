// SPDX-License-Identifier: Apache-2.0
import { parseChallenges } from "../../src/client/plugins/challenges.ts";
import { hostName } from "../../src/client/request-url.ts";
import { NoProxy } from "../../src/engines/cio/proxy/no-proxy.ts";
import { proxyServer } from "../../src/engines/cio/proxy/proxy-server.ts";
import { HalyardError } from "../../src/protocol/errors.ts";
import { type FuzzTarget, same } from "./target.ts";

const secret = "s3cr3t";
const places = ["ws://a.b.example/", "wss://10.1.2.3:444/", "ws://[::1]:8080/"].map((url) => new URL(url));

/** What comes, or null for an error that is ours and keeps secrets. */
function tried<T>(isSecret: boolean, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    if (isSecret && error.message.includes(secret))
      throw new Error(`a secret is in a message: ${error.message}`, { cause: error });
    return null;
  }
}

/** What users, environments and servers write: hosts, proxies and what needs none, challenges. */
export const addresses: FuzzTarget = {
  words: [
    "http://",
    "https://",
    "socks5://",
    "socks4a://",
    `user:${secret}@`,
    "localhost",
    "10.0.0.0/8",
    "::1",
    "[",
    "]",
    "%41",
    "%",
    ":8080",
    ":99999",
    ".",
    "*.",
    "example",
    ",",
    " ",
    "/",
    "?",
    "#",
    "\\",
    "é",
    "Basic realm=",
    "Digest ",
    '"',
    '\\"',
    "=",
    'qop="auth"',
    "nonce=a",
  ],
  run(input) {
    const text = Buffer.from(input).toString();
    // Elsewhere it is a host like another.
    const isSecret = text.split(secret).length === 2 && text.includes(`://user:${secret}@`);
    const host = tried(isSecret, () => hostName(text));
    if (host !== null) same("a host is one", hostName(host), host);
    const proxy = tried(isSecret, () => proxyServer("the proxy", text));
    if (isSecret && proxy?.safeUrl.includes(secret) === true) throw new Error("a secret is in a URL");
    const exceptions = new NoProxy(text);
    for (const place of places) exceptions.excepts(place);
    for (const { scheme } of parseChallenges(text))
      if (!/^[!-~]+$/.test(scheme)) throw new Error("a scheme is no token");
  },
};
