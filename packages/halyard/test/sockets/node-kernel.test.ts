// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from "vitest";

// The first large memory is a special one, so each test has a kernel that has given none.
beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

const large = 2 ** 20;

async function allocated(): Promise<number> {
  const { nodeKernel } = await import("../../src/sockets/node-kernel.ts");
  return nodeKernel.allocate(large).length;
}

test("large memory is given where a test environment has put away Node's globals", async () => {
  vi.stubGlobal("MessageChannel", undefined);
  expect(await allocated()).toBe(large);
});

test("large memory is given where there is not enough to teach malloc", async () => {
  vi.stubGlobal(
    "ArrayBuffer",
    class extends ArrayBuffer {
      constructor(size: number) {
        if (size > 16 * large) throw new RangeError("Array buffer allocation failed");
        super(size);
      }
    },
  );
  expect(await allocated()).toBe(large);
});

test("large memory counts for no more than it is", async () => {
  const before = process.memoryUsage().arrayBuffers;
  await allocated();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * large);
});
