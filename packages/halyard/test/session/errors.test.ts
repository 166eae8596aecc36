// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { HalyardError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import {
  ChannelClosedError,
  ChannelOverflowError,
  ConnectionError,
  ConverterNotFoundError,
  DeserializeError,
  PingTimeoutError,
  ProxyError,
  SerializeError,
  TimeoutError,
  TlsError,
} from "../../src/session/errors.ts";

const url = "wss://example.org/";
const issues = [{ message: "is no number" }];
const frame = new Frame.Text("no");
const headers = new Headers();
const addresses = [{ address: "127.0.0.1", port: 1, code: "ECONNREFUSED" }];

test.each<[string, () => HalyardError, string, object]>([
  ["ChannelClosedError", () => new ChannelClosedError("closed"), "CHANNEL_CLOSED", { phase: undefined }],
  [
    "ChannelOverflowError",
    () => new ChannelOverflowError("full", { phase: "open" }),
    "CHANNEL_OVERFLOW",
    { phase: "open" },
  ],
  ["ConnectionError", () => new ConnectionError("reset", { url }), "CONNECTION", { url, addresses: [] }],
  ["ConnectionError", () => new ConnectionError("refused", { addresses }), "CONNECTION", { addresses }],
  [
    "ProxyError",
    () => new ProxyError("refused", "http://proxy/", { status: 407, headers }),
    "PROXY",
    { phase: "proxy", proxy: "http://proxy/", status: 407, headers },
  ],
  [
    "ConverterNotFoundError",
    () => new ConverterNotFoundError(),
    "CONVERTER_NOT_FOUND",
    { message: "no converter is configured: use install(WebSockets, { contentConverter: json() })" },
  ],
  [
    "DeserializeError",
    () => new DeserializeError("wrong", frame, { issues }),
    "DESERIALIZE",
    { phase: "open", frame, issues },
  ],
  [
    "SerializeError",
    () => new SerializeError(issues),
    "SERIALIZE",
    { issues, message: "the message does not fit its schema: is no number" },
  ],
  [
    "TlsError",
    () => new TlsError("expired", "CERT_HAS_EXPIRED", { url }),
    "TLS",
    { phase: "tls", reason: "CERT_HAS_EXPIRED", url },
  ],
  [
    "TimeoutError",
    () => new TimeoutError("late", 5, { phase: "closing" }),
    "TIMEOUT",
    { phase: "closing", milliseconds: 5 },
  ],
  [
    "PingTimeoutError",
    () => new PingTimeoutError(7, { url }),
    "PING_TIMEOUT",
    { phase: "open", milliseconds: 7, url, message: "the peer sent nothing within 7 ms after a ping" },
  ],
])("%s", (name, make, code, context) => {
  const error = make();
  expect(error).toMatchObject({ code: `ERR_HALYARD_${code}`, name, ...context });
  expect(HalyardError.is(error)).toBe(true);
});

test("what fails in TLS is a failure of the connection", () => {
  expect(new TlsError("untrusted", undefined)).toBeInstanceOf(ConnectionError);
});
