// What the core sees behind `#default-engine`: compiled without Node's types it cannot look at the engine itself.
// The tests compile it against the real one.
import type { HttpClientEngineFactory } from "./src/client/engine.ts";

export const defaultEngine: HttpClientEngineFactory<unknown>;
