// SPDX-License-Identifier: Apache-2.0

/** How many cases the contract has for Cio. */
const contractCases = 42;

/**
 * @param {{ result?: object, all: string }} output of `contract.mjs`
 * @param {200 | 101} status what a handshake has to be answered with
 * @param {Record<string, string>} cannot the cases that have to fail, and why
 */
export function judge({ result, all }, status, cannot) {
  if (result === undefined) return { good: 0, failures: [all] };
  const failures = [];
  let good = 0;
  const failed = new Map(result.failures.map((failure) => [caseOf(failure, result.names), failure]));
  for (const name of result.names) {
    const failure = failed.get(name);
    if (failure === undefined && name in cannot) failures.push(`${name}: it passes, and is excepted`);
    else if (failure !== undefined && !(name in cannot)) failures.push(failure);
    else good++;
  }
  if (result.names.length !== contractCases)
    failures.push(`${result.names.length} cases were run, ${contractCases} were expected`);
  if (result.status !== status)
    failures.push(`the answer has status ${result.status} and should have ${status}`);
  const required = status === 200 ? /^200$/ : /^ERR_HALYARD_HANDSHAKE: .*has no WebSockets over HTTP\/2/;
  if (!required.test(String(result.required))) failures.push(`with "require" it comes to ${result.required}`);
  return { good, failures };
}

/** @param {string} failure @param {string[]} names */
function caseOf(failure, names) {
  return names.find((name) => failure.startsWith(`${name}: `)) ?? failure;
}
