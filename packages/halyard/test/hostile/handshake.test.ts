// SPDX-License-Identifier: Apache-2.0
// What servers say instead of opening a session, by every way to them; what errors tell of it is in
// ../integration/handshake.test.ts.
import { checkLeaks } from "../support/leaks.ts";
import { answers } from "./cases/answers.ts";
import type { AnswerSide } from "./play-answer.ts";
import { runAnswers } from "./run-answers.ts";

checkLeaks();

// How undici opens is its own affair: it connects again, and keeps what it has refused.
const sides: readonly AnswerSide[] = [
  { name: "Cio", way: "TCP" },
  { name: "Cio, byte by byte", way: "TCP", byteByByte: true },
  { name: "Cio, TLS", way: "TLS" },
  { name: "Js, ws", way: "ws" },
];

runAnswers(answers, sides);
