// SPDX-License-Identifier: Apache-2.0
// What may be missing, or hard, on a platform.

/** @typedef {"plain" | "no-wasm" | "one-byte"} Mode */

/** @type {Record<Mode, string>} */
export const modes = {
  plain: "as it is",
  "no-wasm": "without WebAssembly",
  "one-byte": "reading a byte at a time",
};

/** @param {string} mode */
export async function enter(mode) {
  if (!(mode in modes)) throw new Error(`there is no mode ${mode}`);
  if (mode !== "no-wasm") return;
  await loadFetch();
  delete globalThis.WebAssembly;
  if (typeof WebAssembly !== "undefined") throw new Error("WebAssembly is still there");
}

/**
 * Of Node 20 and 22 `Headers` is a part of a fetch that needs WebAssembly: without it, as by `node --jitless`, they end with the
 * first `new Headers()`. So theirs is loaded before.
 */
async function loadFetch() {
  let pending = 0;
  for (const name of ["compile", "instantiate"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = (...args) => {
      const result = original(...args);
      const settled = () => pending--;
      pending++;
      result.then(settled, settled);
      return result;
    };
  }
  void new Headers();
  while (pending > 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Fails the process where the mode was not what it says. @param {string} mode */
export function leave(mode) {
  const bytes = globalThis.bytesReadOneByOne ?? 0;
  if ((mode === "one-byte") === bytes > 0) return;
  process.stderr.write(`${bytes} bytes were read one by one\n`);
  process.exitCode = 1;
}
