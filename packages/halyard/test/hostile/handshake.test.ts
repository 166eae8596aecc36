// SPDX-License-Identifier: Apache-2.0
// What servers say instead of opening a session, by every way to them; what errors tell of it is in
// ../integration/handshake.test.ts.
import { describe, expect, test } from "vitest";
import { checkLeaks } from "../support/leaks.ts";
import type { AnswerCase, AnswerOutcome } from "./cases/answer.ts";
import { answers } from "./cases/answers.ts";
import { isPlatform } from "./play.ts";
import { type Answered, type AnswerSide, playAnswer } from "./play-answer.ts";
import { timeout } from "./run-cases.ts";

checkLeaks();

// How undici opens is its own affair: it connects again, and keeps what it has refused.
const sides: readonly AnswerSide[] = [
  { name: "Cio", way: "TCP" },
  { name: "Cio, byte by byte", way: "TCP", byteByByte: true },
  { name: "Cio, TLS", way: "TLS" },
  { name: "Js, ws", way: "ws" },
];

for (const side of sides) {
  describe(side.name, () => {
    for (const each of answers) {
      const [row, name] = each;
      test(`${row}: ${name}`, { timeout }, async ({ task }) => {
        const answered = await playAnswer(side, each);
        task.meta.outcome = shown(answered);
        check(side, each, answered);
      });
    }
  });
}

function check({ way }: AnswerSide, [, , , expected, more = {}]: AnswerCase, answered: Answered): void {
  if (isPlatform(way)) {
    expect([...onPlatform(expected), ...(more.ws ?? [])]).toContain(shown(answered));
  } else if ("received" in expected) {
    expect(answered).toEqual(expected);
  } else {
    const { says = /./, ...properties } = expected;
    expect(answered).toMatchObject({ error: properties });
    expect("error" in answered && answered.error.message).toMatch(says);
  }
}

/** A platform tells of no more than that it failed. */
function onPlatform(expected: AnswerOutcome): string[] {
  return "received" in expected ? [shown(expected)] : [expected.code, "ERR_HALYARD_HANDSHAKE"];
}

function shown(answered: Answered | AnswerOutcome): string {
  if ("received" in answered) return `opened; ${answered.received.join(", ")}; ${answered.reason}`;
  return "code" in answered ? answered.code : String(answered.error.code);
}
