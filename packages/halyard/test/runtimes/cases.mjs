// SPDX-License-Identifier: Apache-2.0
// Runs cases, `{ name, run }`, one after the other, on any platform.

/**
 * @param {readonly { name: string, run: () => Promise<void> }[]} cases
 * @param {number} patience for each, in milliseconds
 * @returns {Promise<{ names: string[], failures: string[] }>}
 */
export async function runCases(cases, patience) {
  const failures = [];
  for (const { name, run } of cases) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it took more than ${patience} ms`)), patience);
    });
    await Promise.race([run(), late]).catch((error) => failures.push(`${name}: ${described(error)}`));
    clearTimeout(timer);
  }
  return { names: cases.map(({ name }) => name), failures };
}

/** The stack of some platforms does not begin with the message. */
function described(error) {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = "" } = error;
  const lines = stack.replace(`${name}: ${message}\n`, "").split("\n");
  return [`${name}: ${message}`, ...lines.slice(0, 6)].join("\n");
}
