// SPDX-License-Identifier: Apache-2.0
// What a program gives.

/** A copy that has nothing but the options' own properties: what somebody has put on the prototype of all objects is no option. */
export function ownOptions<T extends object>(options: T): T {
  return Object.assign(Object.create(null) as T, options);
}

/** A value that cannot be used, for messages. An object shows nothing of itself, and runs nothing of its own. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
