// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../../src/protocol/errors.ts";
import {
  formatExtensions,
  GrammarError,
  isAbsoluteForm,
  isFieldValue,
  isHost,
  isOriginForm,
  isToken,
  listContains,
  parseDistinctTokens,
  parseExtensions,
  trimOws,
} from "../../../src/protocol/handshake/header-grammar.ts";

const TOKEN_CHARACTERS =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".split("");
const allCharacters = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));

describe("characters", () => {
  test("a token has the characters of RFC 9110 section 5.6.2 and no others", () => {
    expect(allCharacters.filter(isToken).sort()).toEqual(TOKEN_CHARACTERS.sort());
    expect(isToken("")).toBe(false);
    expect(isToken("a\n")).toBe(false);
  });

  test("a field value has HTAB, SP, VCHAR and obs-text and no others", () => {
    const allowed = allCharacters.filter(
      (_, code) => code === 9 || (code >= 32 && code <= 255 && code !== 127),
    );
    expect(allCharacters.filter(isFieldValue)).toEqual(allowed);
    expect(isFieldValue("")).toBe(true);
    expect(isFieldValue("a\n")).toBe(false);
  });

  test.each(["example.com", "example.com:8080", "[::1]:80", "xn--bcher-kva.example", "127.0.0.1"])(
    "%s can be a Host",
    (host) => {
      expect(isHost(host)).toBe(true);
    },
  );

  test.each(["", "a b", "a/b", "user@a", "a\r\nb", "a?", "bücher.example", "a#"])(
    "%j cannot be a Host",
    (host) => {
      expect(isHost(host)).toBe(false);
    },
  );

  test.each(["/", "/a?b=c&d", "//x", "/%00"])("%s is in origin-form", (target) => {
    expect(isOriginForm(target)).toBe(true);
  });

  test.each(["", "a", "*", "/a b", "/a\r\n", "/é", "/a#b", "http://a/"])(
    "%j is not in origin-form",
    (target) => {
      expect(isOriginForm(target)).toBe(false);
    },
  );

  test("an absolute-form has the scheme of HTTP or of WebSocket", () => {
    expect(["http://a/", "HTTPS://a/", "ws://a", "wss://a/b?c"].every(isAbsoluteForm)).toBe(true);
    expect(["ftp://a/", "/a", "http://a b/", "http://a/#b", "xhttp://a"].some(isAbsoluteForm)).toBe(false);
  });

  test("optional white space is SP and HTAB at the ends", () => {
    expect(trimOws(" \t a \t b\t ")).toBe("a \t b");
    expect(trimOws(" \t ")).toBe("");
    expect(trimOws("\u00a0a\u00a0")).toBe("\u00a0a\u00a0");
  });
});

describe("token lists", () => {
  test.each([
    [["Upgrade"], true],
    [["keep-alive, UPGRADE"], true],
    [["keep-alive\t,\tupgrade ,"], true],
    [["keep-alive", "upgrade"], true],
    [["not-upgrade"], false],
    [["upgraded"], false],
    [["upgrade/1"], false],
    [["keep-alive upgrade"], false],
    [[""], false],
    [[], false],
  ])("%j contains upgrade: %s (HS-01, HS-02)", (values, expected) => {
    expect(listContains(values, "upgrade")).toBe(expected);
  });

  test("distinct tokens keep their order and case over several fields", () => {
    expect([...parseDistinctTokens(["b, A,", ",constructor,a"])]).toEqual(["b", "A", "constructor", "a"]);
  });

  test.each([[["a b"]], [["a, a"]], [["a", "a"]], [["a;b"]], [['"a"']], [[" , "]], [[""]]])(
    "%j are not distinct tokens",
    (values) => {
      expect(() => parseDistinctTokens(values)).toThrow(GrammarError);
    },
  );
});

describe("extension headers (RFC 6455 section 9.1)", () => {
  test.each([
    ["a", [{ name: "a", params: [] }]],
    [
      "foo, bar; baz=2",
      [
        { name: "foo", params: [] },
        { name: "bar", params: [{ name: "baz", value: "2" }] },
      ],
    ],
    [' a ;b\t; c = "d" ,', [{ name: "a", params: [param("b"), param("c", "d")] }]],
    ['a; b="\\c\\d"', [{ name: "a", params: [param("b", "cd")] }]],
    ["a; __proto__; b=__proto__", [{ name: "a", params: [param("__proto__"), param("b", "__proto__")] }]],
    ["a; b=1; b=2", [{ name: "a", params: [param("b", "1"), param("b", "2")] }]],
    [",,a,,", [{ name: "a", params: [] }]],
  ])("%j is parsed", (value, expected) => {
    expect(parseExtensions(value)).toEqual(expected);
  });

  test.each([
    ["", "the list is empty"],
    [" , ", "the list is empty"],
    ["a b", '",", ";" or the end was expected at character 2 of "a b"'],
    ["a;", 'a token was expected at character 2 of "a;"'],
    ["a; =b", 'a token was expected at character 3 of "a; =b"'],
    ["a; b=", 'a token was expected at character 5 of "a; b="'],
    ["a=b", '",", ";" or the end was expected at character 1 of "a=b"'],
    ['a; b="c', "a quoted string has no end"],
    ['a; b="c\\', "a quoted string has no end"],
    ['a; b=""', 'the quoted string "" does not hold a token'],
    ['a; b="c d"', 'the quoted string "c d" does not hold a token'],
    ['a; b="c"d', '",", ";" or the end was expected at character 8 of "a; b=\\"c\\"d"'],
    ['"a"', 'a token was expected at character 0 of "\\"a\\""'],
    ["a\u00a0", '",", ";" or the end was expected at character 1 of "a\\u00a0"'],
  ])("%j is refused (HS-06)", (value, message) => {
    expect(() => parseExtensions(value)).toThrow(new GrammarError(message));
  });

  const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 10 });
  const offers = fc.array(
    fc.record(
      {
        name: token,
        params: fc.array(fc.record({ name: token, value: fc.option(token) }), { maxLength: 4 }),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 5 },
  );

  test("what is printed is parsed back", () => {
    fc.assert(
      fc.property(offers, (list) => {
        expect(parseExtensions(formatExtensions(list))).toEqual(list);
      }),
    );
  });

  test("any text is parsed or refused with a GrammarError", () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab;,="\\ \t\u0000é'.split("")), maxLength: 40 });
    fc.assert(
      fc.property(text, (value) => {
        try {
          expect(parseExtensions(formatExtensions(parseExtensions(value)))).toEqual(parseExtensions(value));
        } catch (error) {
          expect(error).toBeInstanceOf(GrammarError);
        }
      }),
    );
  });

  test("hundred thousand offers or an endless quoted string take no longer than their length (OP-03, SV-04)", () => {
    const started = process.cpuUsage();
    expect(parseExtensions("a;b=c,".repeat(100_000))).toHaveLength(100_000);
    expect(() => parseExtensions(`a; b="${"\\a".repeat(500_000)}`)).toThrow(GrammarError);
    expect(trimOws(`a${" ".repeat(500_000)}b`)).toHaveLength(500_002);
    expect(process.cpuUsage(started).user, "microseconds, on a machine that may be busy").toBeLessThan(4e6);
  });

  test.each([
    [{ name: "a b", params: [] }],
    [{ name: "", params: [] }],
    [{ name: "a", params: [param("b\r\nc")] }],
    [{ name: "a", params: [param("b", "")] }],
    [{ name: "a", params: [param("b", "c;d")] }],
  ])("%j is not printed", (offer) => {
    expect(() => formatExtensions([offer])).toThrow(InvalidArgumentError);
  });
});

function param(name: string, value: string | null = null): { name: string; value: string | null } {
  return { name, value };
}
