// SPDX-License-Identifier: Apache-2.0
// The certificates of the tests, which are in TypeScript, for programs that are not.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** @returns {import("../support/certificates.ts").Certificates} */
export function certificates() {
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-certificates-"));
  const outfile = path.join(folder, "certificates.cjs");
  try {
    buildSync({
      entryPoints: [fileURLToPath(new URL("../support/certificates.ts", import.meta.url))],
      outfile,
      bundle: true,
      format: "cjs",
      platform: "node",
      logLevel: "silent",
    });
    return createRequire(import.meta.url)(outfile).certificates();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
