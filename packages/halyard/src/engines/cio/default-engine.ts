// SPDX-License-Identifier: Apache-2.0
import type { HttpClientEngineFactory } from "../../client/engine.ts";
import { Cio } from "./index.ts";

/** What `#default-engine` is on Node. It is made without options, whose type is therefore left open. */
export const defaultEngine: HttpClientEngineFactory<unknown> = Cio;
