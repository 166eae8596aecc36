// SPDX-License-Identifier: Apache-2.0
// What of Node is loaded when it is first needed. A third of the library's import was `node:tls` and `node:crypto`, which a
// program needs with its first client, or never. An `import()` would make it wait where it has no reason to.
import type * as Crypto from "node:crypto";
import type * as Http2 from "node:http2";
import type * as Https from "node:https";
import type * as Tls from "node:tls";

let crypto: typeof Crypto | undefined;
let http2: typeof Http2 | undefined;
let https: typeof Https | undefined;
let tls: typeof Tls | undefined;

export function nodeCrypto(): typeof Crypto {
  crypto ??= process.getBuiltinModule("node:crypto");
  return crypto;
}

export function nodeHttp2(): typeof Http2 {
  http2 ??= process.getBuiltinModule("node:http2");
  return http2;
}

export function nodeHttps(): typeof Https {
  https ??= process.getBuiltinModule("node:https");
  return https;
}

export function nodeTls(): typeof Tls {
  tls ??= process.getBuiltinModule("node:tls");
  return tls;
}
