// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";

/**
 * A copy of an options object that later changes cannot reach: own properties only, so that a polluted prototype sets
 * nothing. What is undefined counts as not given; null does not, and is refused.
 *
 * @param what - whose options they are, for messages
 * @throws {@link InvalidArgumentError} for anything but an object, and for an option that does not exist
 */
export function pickOptions<T extends object>(
  what: string,
  options: T,
  known: readonly (keyof T & string)[],
): Partial<T> {
  if (typeof options !== "object" || options === null) {
    throw new InvalidArgumentError(`${what} takes an object of options, not ${kindOf(options)}`);
  }
  const picked = Object.create(null) as Partial<T>;
  for (const name of Object.keys(options) as (keyof T & string)[]) {
    if (!known.includes(name)) {
      throw new InvalidArgumentError(
        `${what} has no option ${JSON.stringify(name)}; it has ${known.join(", ")}`,
      );
    }
    if (options[name] === null) throw new InvalidArgumentError(`${name} is null: leave it out instead`);
    if (options[name] !== undefined) picked[name] = options[name];
  }
  return picked;
}

/** Refuses a value of another type, which only JavaScript can pass. @throws {@link InvalidArgumentError} */
export function checkType(
  name: string,
  value: unknown,
  type: "string" | "boolean" | "object" | "function",
): void {
  const kind = kindOf(value);
  if (kind !== type) throw new InvalidArgumentError(`${name} must be of type ${type}, not ${kind}`);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
