// SPDX-License-Identifier: Apache-2.0
// Simulated connections, as many as wanted; see docs/reliability.md.
import { fileURLToPath } from "node:url";
import { runBundled } from "../support/run-bundled.mjs";

await runBundled(fileURLToPath(new URL("main.ts", import.meta.url)));
