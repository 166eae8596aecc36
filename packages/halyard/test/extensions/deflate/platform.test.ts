// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { deflate } from "../../../src/extensions/deflate/node/index.ts";
import { zlibTakesDictionaries } from "../../../src/extensions/deflate/node/platform.ts";

test("where zlib ignores dictionaries, on Deno, compression is refused instead of wrong", () => {
  const isDeno = "Deno" in globalThis;
  expect(zlibTakesDictionaries()).toBe(!isDeno);
  if (isDeno) expect(() => deflate()).toThrow(/ignores dictionaries/);
  else expect(deflate().name).toBe("permessage-deflate");
});
