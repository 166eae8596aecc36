// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { shown } from "../../src/protocol/given.ts";
import { checkLimit, checkPeriod, checkTimeout } from "../../src/session/durations.ts";

const longest = 2 ** 31 - 1;
const notNumbers = ["20", null, true] as unknown as number[];

describe("a period (KA-07)", () => {
  test.each([0, Infinity])("%s is off", (value) => {
    expect(checkPeriod("pingInterval", value)).toBe(Infinity);
  });

  test.each([0.5, 1, longest])("%s is taken", (value) => {
    expect(checkPeriod("pingInterval", value)).toBe(value);
  });

  test.each([-1, -Infinity, Number.NaN, longest + 1, ...notNumbers])("%s is refused", (value) => {
    expect(() => checkPeriod("pingInterval", value)).toThrow(InvalidArgumentError);
    expect(() => checkPeriod("pingInterval", value)).toThrow(
      `milliseconds up to ${longest}, not ${shown(value)}`,
    );
  });
});

describe("a timeout (KA-07)", () => {
  test.each([0.5, 1, longest])("%s is taken", (value) => {
    expect(checkTimeout("closeTimeout", value)).toBe(value);
  });

  test.each([0, -1, Infinity, Number.NaN, longest + 1, ...notNumbers])("%s is refused", (value) => {
    expect(() => checkTimeout("closeTimeout", value)).toThrow(InvalidArgumentError);
    expect(() => checkTimeout("closeTimeout", value)).toThrow(/^closeTimeout must be /);
  });
});

describe("a limit", () => {
  test.each([1, 2 ** 53 - 1, Infinity])("%s is taken", (value) => {
    expect(checkLimit("maxFrameSize", value)).toBe(value);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53, ...notNumbers])("%s is refused", (value) => {
    expect(() => checkLimit("maxFrameSize", value)).toThrow(InvalidArgumentError);
    expect(() => checkLimit("maxFrameSize", value)).toThrow(`not ${shown(value)}`);
  });
});
