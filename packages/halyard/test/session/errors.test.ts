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

test.each<[string, () => HalyardError, string, object]>([
  ["ChannelClosedError", () => new ChannelClosedError("closed"), "CHANNEL_CLOSED", { phase: undefined }],
  [
    "ChannelOverflowError",
    () => new ChannelOverflowError("full", { phase: "open" }),
    "CHANNEL_OVERFLOW",
    { phase: "open" },
  ],
  ["ConnectionError", () => new ConnectionError("reset", { url }), "CONNECTION", { url }],
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
    { phase: "open", milliseconds: 7, url },
  ],
])("%s", (name, make, code, context) => {
  const error = make();
  expect(error).toMatchObject({ code: `ERR_HALYARD_${code}`, name, ...context });
  expect(HalyardError.is(error)).toBe(true);
});

test("what fails in TLS is a failure of the connection", () => {
  expect(new TlsError("untrusted", undefined)).toBeInstanceOf(ConnectionError);
});
