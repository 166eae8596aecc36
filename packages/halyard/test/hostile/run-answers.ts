// SPDX-License-Identifier: Apache-2.0
// Makes tests of the answers to a handshake: one for each side. What came of it is told to the report.
import { describe, expect, test } from "vitest";
import type { AnswerCase, AnswerOutcome } from "./cases/answer.ts";
import { isPlatform } from "./play.ts";
import { type Answered, type AnswerSide, playAnswer } from "./play-answer.ts";
import { timeout } from "./run-cases.ts";

export function runAnswers(answers: readonly AnswerCase[], sides: readonly AnswerSide[]): void {
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
}

function check({ way }: AnswerSide, [, , , expected, more = {}]: AnswerCase, answered: Answered): void {
  if (way === "okhttp" && more.okhttp !== undefined) {
    expect(shown(answered)).toBe(more.okhttp);
  } else if (way !== "okhttp" && isPlatform(way)) {
    expect([...onPlatform(expected), ...(more.ws ?? [])]).toContain(shown(answered));
  } else if ("received" in expected) {
    expect(answered).toEqual(expected);
  } else {
    const { says = /./, ...properties } = expected;
    expect(answered, shown(answered)).toMatchObject({ error: properties });
    // What it says is OkHttp's.
    if (way !== "okhttp") expect("error" in answered && answered.error.message).toMatch(says);
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
