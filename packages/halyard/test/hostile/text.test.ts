// SPDX-License-Identifier: Apache-2.0
// Text that is UTF-8, nearly, or not at all, in either role (RFC 6455 section 8.1).
import { describe, expect, test } from "vitest";
import { frame, ROLES, toHex } from "../protocol/support.ts";
import { checkLeaks } from "../support/leaks.ts";
import { bye } from "./cases/case.ts";
import { texts } from "./cases/text.ts";
import { meet } from "./meeting.ts";
import { outcomeOf } from "./outcome.ts";
import { runCases } from "./run-cases.ts";

checkLeaks();

runCases(texts);

test.each(ROLES)("U8-03: the BOM is in the string that a %s makes of a text", async (role) => {
  await using met = await meet(role);
  met.peer.say(frame(0x81, "ef bb bf 61"));
  const received = await met.session.incoming.receive();
  expect(received.type === "text" && received.readText()).toBe("\ufeffa");
});

describe.each(ROLES)("U8-05: a %s sends", (role) => {
  test.each([
    ["a lone high surrogate", "a\ud800b", "61efbfbd62"],
    ["a lone low surrogate", "\udc00", "efbfbd"],
    ["surrogates in the wrong order", "\udc00\ud800", "efbfbdefbfbd"],
    ["a pair", "\u{1f600}", "f09f9880"],
  ])("%s as UTF-8", async (_, content, expected) => {
    await using met = await meet(role);
    await met.session.send(content);
    await met.peer.hears(1);
    expect(met.peer.heard).toEqual([`81 ${expected}`]);
  });

  test.each([
    ["a buffer", () => new ArrayBuffer(4)],
    ["a shared buffer", () => new SharedArrayBuffer(4)],
  ])("what was in %s at the call, whatever is written to it then", async (_, make) => {
    await using met = await meet(role);
    const memory = new Uint8Array(make());
    for (const byte of [1, 2]) {
      memory.fill(byte);
      void met.session.send(memory);
    }
    memory.fill(9);
    await met.peer.hears(2);
    expect(met.peer.frames.map(({ payload }) => toHex(payload))).toEqual(["01 01 01 01", "02 02 02 02"]);
    met.peer.say(bye);
    expect(await outcomeOf(met)).toMatchObject({ clean: true });
  });
});
