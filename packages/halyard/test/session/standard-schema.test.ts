// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { describeIssues, type SchemaIssue } from "../../src/session/standard-schema.ts";

const issue = (message: string, path?: SchemaIssue["path"]): SchemaIssue => ({ message, path });

test.each<[string, SchemaIssue[], string]>([
  ["one", [issue("is wrong")], "is wrong"],
  ["one with its place", [issue("is wrong", ["a", 0, { key: "b" }])], "a.0.b: is wrong"],
  ["one of the value itself", [issue("is wrong", [])], "is wrong"],
  ["three", ["a", "b", "c"].map((each) => issue(each)), "a; b; c"],
  ["five", ["a", "b", "c", "d", "e"].map((each) => issue(each)), "a; b; c; and 2 more"],
  ["a long one", [issue("x".repeat(400))], "x".repeat(300)],
])("issues in one line: %s", (_, issues, text) => {
  expect(describeIssues(issues)).toBe(text);
});
