// SPDX-License-Identifier: Apache-2.0
// The engine contract on Darwin, on a double of Foundation, in every dialect that it knows.
import { WebSocketServer } from "halyard/server";
import { contractRoutes, contractSubprotocols, engineContract } from "halyard/testing";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import known from "../../../halyard/test/runtimes/capabilities.json" with { type: "json" };
import { Darwin } from "../../src/index.ts";
import { dialects } from "../foundation/dialect.ts";
import { type FoundationDouble, foundationDouble } from "../foundation/foundation.ts";

const server = new WebSocketServer({ subprotocols: contractSubprotocols });
contractRoutes(server);
const { url } = await server.listen();
afterAll(() => server.close());

test("there are 23 dialects", () => {
  expect(dialects.length).toBe(23);
});

describe.each(dialects)("the engine contract on Darwin, %s", (_, dialect) => {
  const doubles: FoundationDouble[] = [];
  const cases = engineContract(() => {
    const double = foundationDouble({ dialect });
    doubles.push(double);
    return Darwin.create({ binding: double.foundation });
  }, url);

  test("has the capabilities of the table in docs/engines.md", () => {
    const { capabilities } = Darwin.create({ binding: foundationDouble({ dialect }).foundation });
    expect(Array.from(capabilities).toSorted()).toEqual(known.Darwin.nativescript.toSorted());
  });

  test("has as many cases as the capabilities promise", () => {
    expect(cases.length).toBe(37);
  });

  test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (__, run) => {
    await run();
  });

  afterEach(() => {
    for (const { misuses, activeTasks } of doubles.splice(0)) {
      expect(misuses).toEqual([]);
      expect(activeTasks).toBe(0);
    }
  });
});
