// SPDX-License-Identifier: Apache-2.0
import { appendFileSync } from "node:fs";

/** Takes a line of a TLS key log, without its end. */
export type KeyLog = (line: string) => void;

/** Appends to the file that the environment names; null where it names none. The file is readable for its owner only. */
export function environmentKeyLog(): KeyLog | null {
  const { SSLKEYLOGFILE: file = "" } = process.env;
  return file === "" ? null : (line) => appendFileSync(file, `${line}\n`, { mode: 0o600 });
}
