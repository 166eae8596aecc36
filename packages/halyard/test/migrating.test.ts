// SPDX-License-Identifier: Apache-2.0
// The pages for those who come from other clients leave nothing out that these have.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { CloseEvent, WebSocket as WhatwgWebSocket } from "undici";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { pageUrl } from "./support/named-tests.ts";

const fromWs = readFileSync(pageUrl("migrating-from-ws.md"), "utf8");
const fromWebSocket = readFileSync(pageUrl("migrating-from-websocket.md"), "utf8");
const lib = new URL("lib/", `file://${createRequire(import.meta.url).resolve("ws")}`);
const sources = ["websocket", "websocket-server", "permessage-deflate", "receiver"]
  .map((file) => readFileSync(new URL(`${file}.js`, lib), "utf8"))
  .join("\n");

/** What is public by its name, but not by its documentation. */
const internal = new Set(["constructor", "setSocket", "emitClose", "isServer"]);

function membersOf(constructor: { prototype: object }): string[] {
  return Object.getOwnPropertyNames(constructor.prototype).filter((name) => !internal.has(name));
}

function all(pattern: RegExp): string[] {
  const found = Array.from(sources.matchAll(pattern), ([, name = ""]) => name);
  return [...new Set(found)].filter((name) => !internal.has(name));
}

test.each([
  ["members", [...membersOf(WebSocket), ...membersOf(WebSocketServer)]],
  ["options", all(/\[options\.(\w+)/g)],
  ["events", all(/emit\(\s*'([\w-]+)'/g).filter((name) => !["conclude", "drain"].includes(name))],
  ["error codes", all(/'(WS_ERR_\w+)'/g).filter((code) => !/RSV_2/.test(code))],
])("all %s of ws", (_what, names) => {
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(fromWs, name).toMatch(new RegExp(`\\b${name}\\b`));
});

test.each([
  ["WebSocket", membersOf(WhatwgWebSocket)],
  ["CloseEvent", membersOf(CloseEvent)],
])("all members of %s", (_what, names) => {
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect(fromWebSocket, name).toMatch(new RegExp(`\\b${name}\\b`));
});
