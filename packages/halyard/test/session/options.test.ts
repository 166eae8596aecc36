// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { checkType, pickOptions } from "../../src/session/options.ts";

interface Options {
  readonly one?: number | undefined;
  readonly two?: number | undefined;
}

const pick = (options: unknown) => pickOptions<Options>("Widget", options as Options, ["one", "two"]);

test("it is a copy that later changes do not reach", () => {
  const given = { one: 1 };
  const picked = pick(given);
  given.one = 2;
  expect({ ...picked }).toEqual({ one: 1 });
});

test("undefined counts as not given", () => {
  expect(Object.keys(pick({ one: undefined, two: 2 }))).toEqual(["two"]);
});

test("null is no default, and is refused", () => {
  expect(() => pick({ one: null })).toThrow(InvalidArgumentError);
  expect(() => pick({ one: null })).toThrow("one is null: leave it out instead");
});

test("what comes by way of a prototype is not taken, of the options or of all objects", () => {
  expect(pick(Object.create({ one: 1 })).one).toBeUndefined();
  Object.defineProperty(Object.prototype, "two", { value: 2, configurable: true });
  try {
    expect(pick({}).two).toBeUndefined();
  } finally {
    Reflect.deleteProperty(Object.prototype, "two");
  }
});

test("an option that does not exist is refused, with those that do", () => {
  expect(() => pick({ three: 3 })).toThrow(InvalidArgumentError);
  expect(() => pick({ three: 3 })).toThrow('Widget has no option "three"; it has one, two');
  expect(() => pick(JSON.parse('{"__proto__": {"one": 1}}'))).toThrow(InvalidArgumentError);
});

test.each([
  [null, "null"],
  [undefined, "undefined"],
  ["one", "string"],
  [() => undefined, "function"],
])("%s is no object of options", (options, kind) => {
  expect(() => pick(options)).toThrow(`Widget takes an object of options, not ${kind}`);
});

test("a value of the type is taken, another one is refused by its name", () => {
  checkType("host", "localhost", "string");
  checkType("call", () => undefined, "function");
  expect(() => checkType("host", null, "object")).toThrow("host must be of type object, not null");
  expect(() => checkType("host", 7, "string")).toThrow("host must be of type string, not number");
  expect(() => checkType("host", 7, "string")).toThrow(InvalidArgumentError);
});
