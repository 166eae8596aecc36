// SPDX-License-Identifier: Apache-2.0
// What is accepted of a server's answer: each limit at its value, and one past it (HS-10 to HS-12).
import { expect, test } from "vitest";
import { type AnswerLimits, Cio } from "../../src/engines/cio/index.ts";
import { HandshakeError, InvalidArgumentError } from "../../src/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { agreement, closeFrame, hostileServer } from "../support/hostile-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const early = "HTTP/1.1 103 Early Hints\r\n\r\n";

function lines(head: string): string[] {
  return head.trimEnd().split("\r\n");
}

/** Opens and closes a session with a server that sends something before, and in, the answer. */
async function open(limitsOf: (head: string) => AnswerLimits, before = ""): Promise<void> {
  // The length of an answer does not depend on the key.
  const head = agreement("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  await using server = await hostileServer(async (peer) => {
    const request = await peer.request();
    peer.write(before + agreement(request));
    peer.write(closeFrame(1000));
    peer.end();
  });
  await using client = testClient({}, { answerLimits: limitsOf(head) });
  const session = await client.webSocketSession(server.url);
  await session.ended;
}

test.each<[what: string, limitsOf: (head: string, past: number) => AnswerLimits, before: string]>([
  ["maxHeadSize", (head, past) => ({ maxHeadSize: head.length - past }), ""],
  [
    "maxLineSize",
    (head, past) => ({ maxLineSize: Math.max(...lines(head).map((line) => line.length)) - past }),
    "",
  ],
  ["maxHeaders", (head, past) => ({ maxHeaders: lines(head).length - 1 - past }), ""],
  ["maxInterimResponses", (_, past) => ({ maxInterimResponses: 3 - past }), early.repeat(3)],
])("%s is kept to the last one (HS-10, HS-11, HS-12)", async (_, limitsOf, before) => {
  await open((head) => limitsOf(head, 0), before);
  await failure(
    open((head) => limitsOf(head, 1), before),
    HandshakeError,
  );
});

test.each([
  [{ maxHeaders: 0 }],
  [{ maxLineSize: 1.5 }],
  [{ maxHeadSize: "1" }],
  [{ maxLines: 1 }],
  [7],
  [null],
])("%j is refused as limits", (answerLimits) => {
  expect(() => Cio.create({ answerLimits: answerLimits as AnswerLimits })).toThrow(InvalidArgumentError);
});
