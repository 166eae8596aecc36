// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A path for a Unix socket in a folder of its own, which goes with it. */
export async function socketPath(): Promise<{ readonly name: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "halyard-"));
  return {
    name: join(folder, "socket"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
