// SPDX-License-Identifier: Apache-2.0
import { createInterface } from "node:readline";

const script = ["Ann", "WebSocket", "bye"];
/** How long an input that is no terminal may take to say something, in milliseconds. */
const patience = 1_000;

/** What is typed on a terminal or piped in; where there is no input, a script, printed as if it were typed. */
export async function* inputLines(print: (line: string) => void): AsyncGenerator<string> {
  const reader = createInterface({ input: process.stdin });
  try {
    const typed = reader[Symbol.asyncIterator]();
    const first = await (process.stdin.isTTY ? typed.next() : Promise.race([typed.next(), silence()]));
    if (first.done) {
      for (const line of script) {
        print(`> ${line}`);
        yield line;
      }
      return;
    }
    yield first.value;
    for (let next = await typed.next(); !next.done; next = await typed.next()) yield next.value;
  } finally {
    reader.close();
    process.stdin.destroy();
  }
}

function silence(): Promise<{ done: true }> {
  return new Promise((resolve) => setTimeout(resolve, patience, { done: true }).unref());
}
