// SPDX-License-Identifier: Apache-2.0
import type {
  ClientClosedError,
  PluginNotInstalledError,
  UnsupportedCapabilityError,
} from "./client/errors.ts";
import type { RedirectError } from "./client/plugins/http-redirect.ts";
import type {
  FrameTooBigError,
  HandshakeError,
  InvalidArgumentError,
  ProtocolViolationError,
} from "./protocol/errors.ts";
import type {
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
} from "./session/errors.ts";

/** Every error that Halyard makes: `switch (error.code)` narrows it. */
export type AnyHalyardError =
  | ChannelClosedError
  | ChannelOverflowError
  | ClientClosedError
  | (ConnectionError & { readonly code: "ERR_HALYARD_CONNECTION" })
  | ConverterNotFoundError
  | DeserializeError
  | FrameTooBigError
  | HandshakeError
  | InvalidArgumentError
  | PingTimeoutError
  | PluginNotInstalledError
  | ProtocolViolationError
  | ProxyError
  | RedirectError
  | SerializeError
  | TimeoutError
  | TlsError
  | UnsupportedCapabilityError;

/** The stable codes of all errors. */
export type HalyardErrorCode = AnyHalyardError["code"];
