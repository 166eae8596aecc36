// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { safeUrl } from "../../src/session/safe-url.ts";

test.each([
  ["wss://h/", "wss://h/"],
  ["ws://h/?", "ws://h/"],
  ["ws://u:p@h:81/a/b?token=secret&x=1", "ws://h:81/a/b?..."],
  ["ws://h/?secret-token", "ws://h/?..."],
  ["ws://h/?=secret", "ws://h/?..."],
  ["ws://h/p#secret", "ws://h/p"],
])("for errors %s is %s", (url, safe) => {
  expect(safeUrl(new URL(url))).toBe(safe);
});
