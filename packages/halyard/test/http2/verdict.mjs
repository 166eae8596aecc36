// SPDX-License-Identifier: Apache-2.0

/** How many cases the contract has for Cio. */
export const contractCases = 42;

/**
 * @param {{ result?: object, all: string }} output of `contract.mjs`
 * @param {200 | 101} status what a handshake has to be answered with
 * @param {string[]} mayFail the cases that need not pass
 * @returns {{ good: number, failures: string[], excused: string[] }}
 */
export function judge({ result, all }, status, mayFail = []) {
  if (result === undefined) return { good: 0, failures: [all], excused: [] };
  const isExcused = (failure) => mayFail.some((name) => failure.startsWith(`${name}: `));
  const excused = result.failures.filter(isExcused);
  const failures = result.failures.filter((failure) => !isExcused(failure));
  const good = result.names.length - result.failures.length;
  const unknown = mayFail.filter((name) => !result.names.includes(name));
  if (unknown.length > 0) failures.push(`these are no cases: ${unknown.join("; ")}`);
  if (result.names.length !== contractCases)
    failures.push(`${result.names.length} cases were run, ${contractCases} were expected`);
  if (result.status !== status)
    failures.push(`the answer has status ${result.status} and should have ${status}`);
  const required = status === 200 ? /^200$/ : /^ERR_HALYARD_HANDSHAKE: .*has no WebSockets over HTTP\/2/;
  if (!required.test(String(result.required))) failures.push(`with "require" it comes to ${result.required}`);
  return { good, failures, excused };
}
