// SPDX-License-Identifier: Apache-2.0
// The public names of each entry. A change here is a change of the API: say it in a changeset.
import * as main from "halyard";
import * as cio from "halyard/cio";
import * as engine from "halyard/engine";
import * as protocol from "halyard/protocol";
import * as server from "halyard/server";
import * as testing from "halyard/testing";
import { expect, test } from "vitest";

test("halyard", () => {
  expect(Object.keys(main).toSorted()).toMatchInlineSnapshot(`
    [
      "Auth",
      "ChannelClosedError",
      "ChannelOverflowError",
      "ClientClosedError",
      "CloseReason",
      "ConnectionError",
      "ConnectionEvents",
      "ContentConverter",
      "ConverterNotFoundError",
      "DefaultRequest",
      "DefaultWebSocketSession",
      "DeserializeError",
      "Frame",
      "FrameTooBigError",
      "HalyardError",
      "HandshakeError",
      "HttpClient",
      "HttpCookies",
      "HttpMethod",
      "HttpRedirect",
      "HttpRequestRetry",
      "HttpTimeout",
      "InvalidArgumentError",
      "Logging",
      "PingTimeoutError",
      "PluginNotInstalledError",
      "ProtocolViolationError",
      "ProxyError",
      "RedirectError",
      "SerializeError",
      "TimeoutError",
      "TlsError",
      "UnsupportedCapabilityError",
      "UserAgent",
      "WebSocketSession",
      "WebSockets",
      "basicAuth",
      "bearerAuth",
      "bounded",
      "codec",
      "constantCookies",
      "digestAuth",
      "json",
      "toughCookies",
      "unlimited",
    ]
  `);
});

test("halyard/cio", () => {
  expect(Object.keys(cio).toSorted()).toMatchInlineSnapshot(`
    [
      "Cio",
    ]
  `);
});

test("halyard/engine", () => {
  expect(Object.keys(engine).toSorted()).toMatchInlineSnapshot(`
    [
      "Deferred",
      "MessageEngine",
      "MessageTransport",
      "checkLimit",
      "checkPeriod",
      "checkTimeout",
      "checkType",
      "pickOptions",
      "refuseReserved",
      "systemClock",
    ]
  `);
});

test("halyard/protocol", () => {
  expect(Object.keys(protocol).toSorted()).toMatchInlineSnapshot(`
    [
      "ClientHandshake",
      "CloseReason",
      "ClosingHandshake",
      "Connection",
      "Frame",
      "FrameTooBigError",
      "HalyardError",
      "HandshakeError",
      "HeaderList",
      "InvalidArgumentError",
      "MaskingKeys",
      "ProtocolViolationError",
      "checkRequest",
      "createKey",
      "formatAcceptance",
      "formatRefusal",
    ]
  `);
});

test("halyard/server", () => {
  expect(Object.keys(server).toSorted()).toMatchInlineSnapshot(`
    [
      "WebSocketServer",
      "connectWebSocket",
      "upgradeWebSocket",
    ]
  `);
});

test("halyard/testing", () => {
  expect(Object.keys(testing).toSorted()).toMatchInlineSnapshot(`
    [
      "VirtualClock",
      "contractRoutes",
      "contractSubprotocols",
      "engineContract",
    ]
  `);
});
