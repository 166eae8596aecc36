// SPDX-License-Identifier: Apache-2.0

import { OkHttp } from "@halyard/okhttp/nativescript";
import { HttpClient, InvalidArgumentError, WebSockets } from "halyard";
import { expect, test } from "vitest";

test("elsewhere than on NativeScript an attempt says what is missing", async () => {
  const client = new HttpClient(OkHttp).install(WebSockets);
  const opening = client.webSocketSession("ws://127.0.0.1:1/");
  await expect(opening).rejects.toThrow(/this entry is for NativeScript on Android/);
  await client.close();
});

test.each([{ config: 1 }, { proxy: "http://u:p@a:1" }, { classPath: "x" }])("%j is refused", (options) => {
  expect(() => OkHttp.create(options as never)).toThrow(InvalidArgumentError);
});
