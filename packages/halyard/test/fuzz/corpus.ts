// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Where the inputs of a target lie: one a line, in base64. */
function fileOf(folder: string, target: string): string {
  return path.join(folder, `${target}.txt`);
}

export function readCorpus(folder: string, target: string): Uint8Array[] {
  const file = fileOf(folder, target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => Uint8Array.from(Buffer.from(line, "base64")));
}

export function writeCorpus(folder: string, target: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((input) => Buffer.from(input).toString("base64"));
  writeFileSync(fileOf(folder, target), `${Array.from(new Set(lines)).toSorted().join("\n")}\n`);
}
