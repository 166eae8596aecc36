// SPDX-License-Identifier: Apache-2.0
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { ClientMessage, MemberName, RoomName } from "../src/shared/protocol.js";

const madeOf = (schema: v.GenericSchema, value: unknown) => {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : null;
};

describe("names", () => {
  test.each([
    ["Ann", "Ann"],
    ["  Ann  ", "Ann"],
    ["Jean-Luc O'Neill Jr.", "Jean-Luc O'Neill Jr."],
    ["E\u0301va", "\u00c9va"],
    ["נועה", "נועה"],
    ["王", "王"],
    ["x".repeat(24), "x".repeat(24)],
  ])("%j is a name", (name, made) => expect(madeOf(MemberName, name)).toBe(made));

  test.each([
    [""],
    ["   "],
    ["x".repeat(25)],
    ["\u202eAnn"],
    ["An\u200bn"],
    ["Ann\n" + "Ben"],
    ["\x1b[31m"],
    ["<b>"],
    [7],
  ])("%j is none", (name) => expect(madeOf(MemberName, name)).toBeNull());
});

describe("rooms", () => {
  test.each([
    ["tea", "tea"],
    [" Tea-2 ", "tea-2"],
  ])("%j is a room", (room, made) => expect(madeOf(RoomName, room)).toBe(made));

  test.each([[""], ["tea room"], ["x".repeat(33)], ["a:b"], ["té"], ["*"]])("%j is none", (room) =>
    expect(madeOf(RoomName, room)).toBeNull(),
  );
});

describe("messages from a client", () => {
  test.each([
    [
      { type: "say", text: " hello " },
      { type: "say", text: "hello" },
    ],
    [
      { type: "say", text: "x".repeat(1_000) },
      { type: "say", text: "x".repeat(1_000) },
    ],
    [
      { type: "join", room: "tea", name: "Ann" },
      { type: "join", room: "tea", name: "Ann", since: 0 },
    ],
  ])("%j is one", (value, made) => expect(madeOf(ClientMessage, value)).toEqual(made));

  test.each([
    [{ type: "say", text: " " }],
    [{ type: "say", text: "x".repeat(1_001) }],
    [{ type: "join", room: "tea", name: "Ann", since: -1 }],
    [{ type: "join", room: "tea", name: "Ann", since: 0.5 }],
    [{ type: "welcome" }],
    [null],
  ])("%j is none", (value) => expect(madeOf(ClientMessage, value)).toBeNull());
});
