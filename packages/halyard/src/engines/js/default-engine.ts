// SPDX-License-Identifier: Apache-2.0
import type { HttpClientEngineFactory } from "../../client/engine.ts";
import { Js } from "./index.ts";

/** What `#default-engine` is in browsers and workers. It is made without options, whose type is therefore left open. */
export const defaultEngine: HttpClientEngineFactory<unknown> = Js;
