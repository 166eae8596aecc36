// SPDX-License-Identifier: Apache-2.0
// The servers that do what they should not, which every platform's WebSocket has to stand. Darwin tells more than most.
import { afterAll, describe, expect, test } from "vitest";
import { Hostile } from "../../halyard/test/runtimes/hostile.mjs";
import { cases, type HostileCase } from "../../halyard/test/runtimes/hostile-cases.mjs";
import { startServer } from "../../halyard/test/runtimes/servers.mjs";
import { Darwin } from "../src/index.ts";
import { foundationDouble } from "./foundation/foundation.ts";

const server = await startServer("hostile-server.mjs");
afterAll(() => server.stop());
const where = JSON.parse(server.line) as ConstructorParameters<typeof Hostile>[1];

/** What has a name here: elsewhere it is a handshake that failed. */
const named: Readonly<Record<string, string>> = {
  "no answer: /garbage": "ERR_HALYARD_CONNECTION",
  "no answer: /half-a-head": "ERR_HALYARD_CONNECTION",
  "no answer: /end-at-once": "ERR_HALYARD_CONNECTION",
  "no answer: /reset-at-once": "ERR_HALYARD_CONNECTION",
  "nobody listens": "ERR_HALYARD_CONNECTION",
  "no TLS on the other side": "ERR_HALYARD_TLS",
};

/** What is a fault here, and elsewhere a loss. */
const fault =
  /^(a reserved bit|an unknown (control )?opcode|a continuation of nothing|a new message within|a fragmented ping|an invalid frame|a length (beyond|in more)|text that is not UTF-8|a masked frame|a ping of 126|a Close frame (of one byte|whose reason)|close code 1005)/;

function expectedOf({ name, expected }: HostileCase): unknown {
  if (name in named) return named[name];
  if (!fault.test(name)) return expected;
  const code = name.startsWith("a length beyond all memory") ? 1009 : 1002;
  const [first] = (Array.isArray(expected) ? expected : [expected]).filter(
    (each) => typeof each !== "string",
  );
  return typeof first === "number" ? code : { ...first, code, initiator: "local" };
}

describe("hostile:", () => {
  const { capabilities } = Darwin.create({ binding: foundationDouble().foundation });
  const has = new Set<string>([...capabilities, "sharedMemory"]);
  const applicable = cases.filter(({ needs = [] }: HostileCase) => needs.every((need) => has.has(need)));

  test("as many cases as apply", () => {
    expect(applicable.length).toBe(84);
  });

  test.each(applicable.map((each: HostileCase) => [each.name, each] as const))(
    "%s",
    { timeout: 20_000 },
    async (__, each) => {
      const double = foundationDouble();
      const engine = Darwin.create({ binding: double.foundation });
      try {
        const actual = await each.act(new Hostile(engine, where));
        const expected = expectedOf(each);
        const choice = Array.isArray(expected) && !Array.isArray(actual) ? expected : [expected];
        expect(choice).toContainEqual(actual);
      } finally {
        await engine.close();
      }
      expect([double.misuses, double.activeTasks]).toEqual([[], 0]);
    },
  );
});
