// SPDX-License-Identifier: Apache-2.0
// Makes tests of cases: one for each side that a case applies to. What came of it is told to the report.
import { describe, expect, test } from "vitest";
import type { Outcome, SessionCase } from "./cases/case.ts";
import { applies, isPlatform, play, type Side } from "./play.ts";

declare module "vitest" {
  interface TaskMeta {
    /** What came of a case. */
    outcome?: string;
  }
}

const SIDES: readonly Side[] = [
  { name: "Cio", role: "client", way: "TCP" },
  { name: "Cio, byte by byte (FR-10)", role: "client", way: "TCP", byteByByte: true },
  { name: "Cio, TLS", role: "client", way: "TLS", sample: true },
  { name: "Cio, HTTP/2", role: "client", way: "HTTP/2" },
  { name: "Js, undici", role: "client", way: "undici" },
  { name: "Js, ws", role: "client", way: "ws" },
  { name: "server", role: "server", way: "TCP" },
  { name: "server, byte by byte (FR-10)", role: "server", way: "TCP", byteByByte: true },
  { name: "server, HTTP/2", role: "server", way: "HTTP/2" },
];

/** Of a test, in milliseconds: what breaks a case may leave it without any outcome. */
export const timeout = 15_000;

export function runCases(cases: readonly SessionCase[], sides: readonly Side[] = SIDES): void {
  for (const side of sides) {
    describe(side.name, () => {
      for (const each of side.sample ? firstOfRows(cases) : cases)
        if (applies(side, each)) runCase(side, each);
    });
  }
}

function firstOfRows(cases: readonly SessionCase[]): SessionCase[] {
  return cases.filter((each, at) => cases.findIndex(([row]) => row === each[0]) === at);
}

function runCase(side: Side, each: SessionCase): void {
  const [row, name] = each;
  test(`${row}: ${name}`, { timeout }, async ({ task }) => {
    const outcome = await play(side, each);
    task.meta.outcome = shown(outcome);
    check(side, each, outcome);
  });
}

function check({ way }: Side, [, , , expected, more = {}]: SessionCase, outcome: Outcome): void {
  if (way === "okhttp") {
    return expect(more.okhttp ?? [onOkHttp(expected)], shown(outcome)).toContainEqual(outcome);
  }
  if (!isPlatform(way)) return expect(outcome).toEqual(expected);
  const others = more[way] ?? [];
  if (others === "chance") return;
  const wanted = [...onPlatform(expected), ...others];
  expect(wanted, "what the platform may make of it").toContain(shownOnPlatform(outcome));
}

/** OkHttp says nothing to a fault, and drops the connection. */
function onOkHttp(expected: Outcome): Outcome {
  const { received, wire, reason } = expected;
  const isFault = /^(?:ProtocolViolation|FrameTooBig)Error$/.test(received.at(-1) ?? "");
  if (!isFault) return expected;
  const told = { ...expected, received: [...received.slice(0, -1), "ConnectionError"] };
  // Where we had closed before, our reason stays.
  return "answer" in expected
    ? told
    : { ...told, wire: wire.filter((frame) => frame !== `close ${reason}`), reason: 1006 };
}

/** What a platform tells of an outcome: a fault is the loss of the connection, or has the code that it failed with. */
function onPlatform(expected: Outcome): string[] {
  if (expected.clean) return [shownOnPlatform(expected)];
  return [expected.received.at(-1) ?? "", "ConnectionError"].flatMap((error) => {
    const received = [...expected.received.slice(0, -1), error];
    return [1006, expected.reason].map((reason) => shownOnPlatform({ ...expected, received, reason }));
  });
}

/** Without what the platform says by itself. */
function shownOnPlatform(outcome: Outcome): string {
  return shown({ ...outcome, wire: [] });
}

function shown({ received, wire, reason, clean }: Outcome): string {
  const heard = wire.length > 0 ? `heard ${wire.join(", ")}; ` : "";
  return `${received.join(", ")}; ${heard}${reason}${clean ? "" : "; unclean"}`;
}
