// SPDX-License-Identifier: Apache-2.0
// Text of a peer that is made to keep a parser busy: each takes time of its length, not of its square.
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/client/plugins/challenges.ts";
import { Frame, HalyardError, json } from "../../src/index.ts";
import {
  GrammarError,
  parseDistinctTokens,
  parseExtensions,
} from "../../src/protocol/handshake/header-grammar.ts";
import { HeaderList } from "../../src/protocol/handshake/header-list.ts";
import { HttpHeadParser } from "../../src/protocol/handshake/http-head.ts";
import { isAllowedOrigin } from "../../src/server/origin.ts";
import { printable, safeHeader } from "../../src/session/safe-text.ts";

/** Many more characters than any limit lets in: their square would be a day. */
const size = 400_000;

function long(text: string): string {
  return text.repeat(Math.ceil(size / text.length));
}

const noLimits = { maxHeadSize: Infinity, maxLineSize: Infinity, maxHeaders: Infinity };

/** Reads a head that comes in pieces. */
function readHead(text: string, piece = text.length): void {
  const parser = new HttpHeadParser(noLimits);
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length && parser.head === null; at += piece)
    parser.receive(bytes.subarray(at, at + piece));
}

/** What an attacker writes where a parser may go back and forth: beginnings, repetitions, and what they do not end with. */
const texts: readonly (readonly [start: string, repeated: string, end: string])[] = [
  ["", "a", ""],
  ["a", " ", "x"],
  ["", "a ", ""],
  ["", ",", ""],
  ["", "a,", ""],
  ["", ", ", "\0"],
  ["a", ";", ""],
  ["a", "; a=b", "; ="],
  ['a; b="', "\\a", ""],
  ['a; b="', '\\"', ""],
  ["Basic ", "a=", ""],
  ["Digest ", 'a="b",', ""],
  ["", "=", "a"],
  ["http://", "a.", "\0"],
  ["http://", "[", ""],
  ["http://a/", "../", ""],
  ["http://a/", "%25", "%"],
  ["http://", "xn--a.", ""],
  ["", "\u202e", ""],
];

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  "extensions and their parameters": parseExtensions,
  "lists of tokens": (text) => parseDistinctTokens([text]),
  challenges: parseChallenges,
  "the value of a header in a head": (text) => readHead(`HTTP/1.1 101 a\r\nA: ${text}\r\n\r\n`),
  "a head": (text) => readHead(`HTTP/1.1 101 ${text}\r\n`),
  "an origin": (text) =>
    isAllowedOrigin(
      new HeaderList([
        ["Host", text],
        ["Origin", text],
      ]),
      [text.slice(1)],
    ),
  "text for logs": printable,
  "a location for logs": (text) => safeHeader("location", text),
};

/** In milliseconds of the processor. */
function timeOf(run: () => unknown): number {
  const began = process.cpuUsage();
  try {
    run();
  } catch (error) {
    if (!(error instanceof HalyardError || error instanceof GrammarError)) throw error;
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

describe("OP-03: time of its length is taken for", () => {
  test.each(Object.entries(parsers))("%s", (_, parse) => {
    for (const [start, repeated, end] of texts) {
      const text = start + long(repeated) + end;
      expect(
        timeOf(() => parse(text)),
        `${start}${repeated}...${end}`,
      ).toBeLessThan(1_500);
    }
  });

  test.each([
    ["a header's lines", `HTTP/1.1 101 a\r\n${long("A: b\r\n")}`],
    ["one line without end", `HTTP/1.1 101 ${long("a")}`],
    ["carriage returns", `HTTP/1.1 101 a\r\nA: ${long("\r")}`],
  ])("a head that comes in pieces: %s", (_, text) => {
    for (const piece of [7, 1_000, text.length])
      expect(timeOf(() => readHead(text, piece))).toBeLessThan(1_500);
  });

  test.each([
    ["brackets", "[", ""],
    ["objects", '{"a":', ""],
    ["digits", "1", ""],
    ["escapes", '"', "\\u0041"],
  ])("JSON of %s (OP-06)", (_, start, repeated) => {
    const text = repeated === "" ? long(start) : `${start}${long(repeated)}"`;
    const converter = json();
    const frame = new Frame.Text(text);
    const read = () => {
      try {
        converter.deserialize(frame);
      } catch (error) {
        // What JSON.parse throws; the session makes a DeserializeError of it.
        expect(error).toSatisfy((thrown) => thrown instanceof SyntaxError || thrown instanceof RangeError);
      }
    };
    expect(timeOf(read)).toBeLessThan(1_500);
  });
});
