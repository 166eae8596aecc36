// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import {
  ClientClosedError,
  HalyardError,
  PluginNotInstalledError,
  UnsupportedCapabilityError,
} from "../../src/index.ts";

test.each([
  [new ClientClosedError("closed"), "ClientClosedError", "ERR_HALYARD_CLIENT_CLOSED"],
  [new PluginNotInstalledError("Cookies"), "PluginNotInstalledError", "ERR_HALYARD_PLUGIN_NOT_INSTALLED"],
  [
    new UnsupportedCapabilityError("Js", "pingPong", "it cannot ping", { url: "ws://h/" }),
    "UnsupportedCapabilityError",
    "ERR_HALYARD_UNSUPPORTED_CAPABILITY",
  ],
])("%s has its name and code", (error, name, code) => {
  expect(error).toBeInstanceOf(HalyardError);
  expect(error).toMatchObject({ name, code });
});

test("they say what is missing", () => {
  expect(new PluginNotInstalledError("Cookies")).toMatchObject({
    plugin: "Cookies",
    message: "the plugin Cookies is not installed: use client.install(Cookies)",
  });
  expect(
    new UnsupportedCapabilityError("Js", "pingPong", "it cannot ping", { url: "ws://h/" }),
  ).toMatchObject({
    engine: "Js",
    capability: "pingPong",
    url: "ws://h/",
    message: "the Js engine lacks the capability pingPong: it cannot ping",
  });
});
