// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { HalyardError } from "../../src/protocol/errors.ts";
import {
  ChannelClosedError,
  ChannelOverflowError,
  ConnectionError,
  PingTimeoutError,
  TimeoutError,
  TlsError,
} from "../../src/session/errors.ts";

const url = "wss://example.org/";

test.each([
  [new ChannelClosedError("closed"), "CHANNEL_CLOSED", { phase: undefined }],
  [new ChannelOverflowError("full", { phase: "open" }), "CHANNEL_OVERFLOW", { phase: "open" }],
  [new ConnectionError("reset", { url }), "CONNECTION", { url }],
  [
    new TlsError("expired", "CERT_HAS_EXPIRED", { url }),
    "TLS",
    { phase: "tls", reason: "CERT_HAS_EXPIRED", url },
  ],
  [new TimeoutError("late", 5, { phase: "closing" }), "TIMEOUT", { phase: "closing", milliseconds: 5 }],
  [new PingTimeoutError(7, { url }), "PING_TIMEOUT", { phase: "open", milliseconds: 7, url }],
])("%s", (error, code, context) => {
  expect(error).toMatchObject({ code: `ERR_HALYARD_${code}`, name: error.constructor.name, ...context });
  expect(HalyardError.is(error)).toBe(true);
});

test("what fails in TLS is a failure of the connection", () => {
  expect(new TlsError("untrusted", undefined)).toBeInstanceOf(ConnectionError);
});
