// SPDX-License-Identifier: Apache-2.0

/**
 * Options over earlier ones: what is undefined counts as not given, and plain objects are merged in turn. Anything else
 * is replaced whole: arrays, instances of classes, iterables.
 */
export function mergeOptions(earlier: object, later: object): object {
  const given = Object.entries(later).filter(([, value]) => value !== undefined);
  const merged = given.map(([name, value]) => [name, mergeValue(ownValue(earlier, name), value)]);
  return { ...earlier, ...Object.fromEntries(merged) };
}

function mergeValue(earlier: unknown, later: unknown): unknown {
  return isPlain(earlier) && isPlain(later) ? mergeOptions(earlier, later) : later;
}

function ownValue(options: object, name: string): unknown {
  return Object.hasOwn(options, name) ? (options as Record<string, unknown>)[name] : undefined;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
