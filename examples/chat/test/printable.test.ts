// SPDX-License-Identifier: Apache-2.0
// What others write reaches no terminal as a command (CI-01).
import { expect, test } from "vitest";
import { linesFor } from "../src/terminal/lines.js";
import { printable } from "../src/terminal/printable.js";

test.each([
  ["a colour", "\x1b[31mred", "\\u{1b}[31mred"],
  ["the clipboard", "\x1b]52;c;aGk=\x07", "\\u{1b}]52;c;aGk=\\u{7}"],
  ["a C1 introducer", "\u009b2J", "\\u{9b}2J"],
  ["another line", "one\r\n12:00 Ben: two", "one\\u{d}\\u{a}12:00 Ben: two"],
  ["a line separator", "one\u2028two", "one\\u{2028}two"],
  ["another direction", "\u202eabc\u2066", "\\u{202e}abc\\u{2066}"],
  ["what is not seen", "a\u200bb\ufeff", "a\\u{200b}b\\u{feff}"],
  ["half a character", "a\ud800", "a\\u{d800}"],
  ["a tag", "\u{e0041}", "\\u{e0041}"],
])("%s is shown as its number", (_what, text, shown) => expect(printable(text)).toBe(shown));

test("every control character is escaped", () => {
  for (let code = 0; code < 0xa0; code++) {
    if (code < 0x20 || code > 0x7e)
      expect(printable(String.fromCharCode(code))).toBe(`\\u{${code.toString(16)}}`);
  }
});

test.each([["ordinary"], ["שלום"], ["naïve café"], ["👩‍👩‍👧‍👦"]])("%j stays as it is", (text) =>
  expect(printable(text)).toBe(text),
);

test("names and texts are both escaped", () => {
  const message = { id: 0, name: "\x1bAnn", text: "\x07" };
  const all = [
    ...linesFor({ type: "said", message }),
    ...linesFor({ type: "welcome", room: "tea", name: "\x1b", present: ["\x1b"], messages: [message] }),
    ...linesFor({ type: "joined", name: "\x1b" }),
    ...linesFor({ type: "left", name: "\x1b" }),
    ...linesFor({ type: "refused", why: "\x1b" }),
  ];
  expect(all).toHaveLength(6);
  expect(all.join("")).not.toMatch(/\p{Cc}/u);
});
