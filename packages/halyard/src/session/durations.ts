// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { shown } from "../protocol/given.ts";

/** What a timer can hold; a longer `setTimeout` would fire at once. */
const maxMilliseconds = 2 ** 31 - 1;

/** Checks a period in milliseconds that can be switched off: 0 and Infinity both come back as Infinity. */
export function checkPeriod(name: string, milliseconds: number): number {
  if (milliseconds === 0 || milliseconds === Infinity) return Infinity;
  if (!isTimerLength(milliseconds)) {
    throw new InvalidArgumentError(
      `${name} must be 0 or Infinity (off) or a number of milliseconds up to ${maxMilliseconds}, not ${shown(milliseconds)}`,
    );
  }
  return milliseconds;
}

/** Checks a bound in time that cannot be switched off, in milliseconds. */
export function checkTimeout(name: string, milliseconds: number): number {
  if (isTimerLength(milliseconds)) return milliseconds;
  throw new InvalidArgumentError(
    `${name} must be a number of milliseconds between 0 (exclusive) and ${maxMilliseconds}, not ${shown(milliseconds)}`,
  );
}

function isTimerLength(milliseconds: number): boolean {
  return Number.isFinite(milliseconds) && milliseconds > 0 && milliseconds <= maxMilliseconds;
}

/** Checks a limit: a positive integer, or Infinity for none. */
export function checkLimit(name: string, value: number): number {
  if (value === Infinity || (Number.isSafeInteger(value) && value > 0)) return value;
  throw new InvalidArgumentError(`${name} must be a positive integer or Infinity, not ${shown(value)}`);
}
