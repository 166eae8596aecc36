// SPDX-License-Identifier: Apache-2.0
// The entry `@halyard/okhttp/nativescript`.
import type { HttpClientEngineFactory } from "halyard";
import { MessageEngine } from "halyard/engine";
import { NativeScriptBinding } from "./nativescript-binding.ts";
import type { OkHttpOptions } from "./options.ts";

export type { OkHttpClientOptions } from "../client-options.ts";
export type { OkHttpOptions } from "./options.ts";

/**
 * The engine on the OkHttp of an Android app by NativeScript. Of this the binding is tested, against the real OkHttp, and
 * NativeScript's way between JavaScript and Java is not. Ktor: `io.ktor.client.engine.okhttp.OkHttp`.
 */
export const OkHttp: HttpClientEngineFactory<OkHttpOptions> = {
  name: "OkHttp",
  create: (options = {}) => new MessageEngine(new NativeScriptBinding(options)),
};
