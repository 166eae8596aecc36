// SPDX-License-Identifier: Apache-2.0
// The entry `@halyard/okhttp`.
import type { HttpClientEngineFactory } from "halyard";
import { MessageEngine } from "halyard/engine";
import { JvmBinding } from "./jvm/jvm-binding.ts";
import type { OkHttpOptions } from "./jvm/options.ts";

export type { OkHttpClientOptions } from "./client-options.ts";
export { JvmError } from "./jvm/jvm-error.ts";
export type { JvmTlsOptions, OkHttpOptions } from "./jvm/options.ts";

/**
 * The engine on the real OkHttp for Node, Bun and Deno. It runs in a JVM, a process of its own that all engines with the same
 * `java`, `classPath` and `jvmArgs` share; it starts with the first connection and ends with the last engine, or with this
 * process. Ktor: `io.ktor.client.engine.okhttp.OkHttp`.
 */
export const OkHttp: HttpClientEngineFactory<OkHttpOptions> = {
  name: "OkHttp",
  create: (options = {} as OkHttpOptions) => new MessageEngine(new JvmBinding(options)),
};
