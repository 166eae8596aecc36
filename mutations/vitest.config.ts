// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

/** The tests that need no socket, told apart by run.mjs; a fault may also be an endless wait. */
export default defineConfig({
  resolve: { conditions: ["@halyard/source"] },
  ssr: { resolve: { conditions: ["@halyard/source"] } },
  test: {
    include: (process.env["MUTATIONS_TESTS"] ?? "").split(","),
    setupFiles: ["mutations/short-properties.ts"],
    testTimeout: 8_000,
    isolate: false,
  },
});
