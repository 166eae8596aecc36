// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { Frame, InvalidArgumentError, json } from "../../src/index.ts";

test("a value becomes a text frame, and comes back", () => {
  const converter = json();
  const frame = converter.serialize({ id: 1, name: "Jane" });
  expect(frame).toMatchObject({ type: "text", fin: true });
  expect((frame as Frame.Text).readText()).toBe('{"id":1,"name":"Jane"}');
  expect(converter.deserialize(frame)).toEqual({ id: 1, name: "Jane" });
});

test("null and other plain values are JSON, too", () => {
  const converter = json();
  for (const value of [null, 0, false, "", "null", []]) {
    const frame = converter.serialize(value) as Frame.Text;
    expect(frame.readText()).toBe(JSON.stringify(value));
    expect(converter.deserialize(frame)).toEqual(value);
  }
});

test("only text frames are JSON", () => {
  const converter = json();
  expect(converter.isApplicable(new Frame.Text("1"))).toBe(true);
  expect(converter.isApplicable(new Frame.Binary(new Uint8Array([49])))).toBe(false);
});

test("replacer and reviver are asked", () => {
  const converter = json({
    replacer: (_key, value) => (typeof value === "bigint" ? `${value}n` : value),
    reviver: (_key, value) =>
      typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  });
  expect(converter.deserialize(converter.serialize({ big: 2n ** 64n }))).toEqual({ big: 2n ** 64n });
});

test.each([
  ["undefined", undefined, /JSON has no undefined/],
  ["a function", () => 1, /JSON has no function/],
  ["a bigint", 1n, /cannot be written as JSON/],
  ["a cycle", Object.assign([], { 0: null as unknown }), null],
])("what JSON cannot hold is refused: %s", (_name, value, message) => {
  if (message === null) (value as unknown[])[0] = value;
  const write = () => json().serialize(value);
  expect(write).toThrow(InvalidArgumentError);
  expect(write).toThrow(message ?? /cannot be written as JSON/);
});

test("a key __proto__ is a property like any other, and sets no prototype (OP-02, OP-06)", () => {
  const value = json().deserialize(new Frame.Text('{"__proto__":{"admin":true},"constructor":1}')) as object;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect((value as { admin?: boolean }).admin).toBeUndefined();
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

test.each([
  ["an unknown option", { space: 2 }, /json has no option "space"/],
  ["a replacer that is none", { replacer: ["id"] }, /json.replacer must be of type function/],
])("%s is refused", (_name, options, message) => {
  expect(() => json(options as object)).toThrow(message);
});
