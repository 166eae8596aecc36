// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { ownOptions, shown } from "../../src/protocol/given.ts";

test("options are their own properties, and nothing that a prototype has", () => {
  const inherited = Object.assign(Object.create({ proxy: "evil" }) as { proxy?: string }, { a: 1 });
  const options = ownOptions(inherited);
  expect(Object.entries(options)).toEqual([["a", 1]]);
  expect("proxy" in options || "toString" in options).toBe(false);
});

test.each([
  ["text", '"text"'],
  ['a "quote"', String.raw`"a \"quote\""`],
  [() => "secret", "a function"],
  [{ toString: () => "secret" }, "an object"],
  [["secret"], "an object"],
  [null, "null"],
  [undefined, "undefined"],
  [1n, "1"],
  [Symbol("s"), "Symbol(s)"],
])("%o is shown as %s", (value, text) => expect(shown(value)).toBe(text));
