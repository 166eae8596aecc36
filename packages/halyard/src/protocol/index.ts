// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/protocol`: RFC 6455 without I/O.
export type { BinaryData, RandomBytes } from "./bytes.ts";
export { type CloseCodes, CloseReason, type CloseReasonInit } from "./close-reason.ts";
export { ClosingHandshake } from "./closing-handshake.ts";
export { Connection } from "./connection.ts";
export type { ConnectionOptions, ProtocolLimits } from "./connection-options.ts";
export {
  type ErrorContext,
  FrameTooBigError,
  HalyardError,
  HandshakeError,
  type HandshakeErrorContext,
  InvalidArgumentError,
  type Phase,
  ProtocolViolationError,
} from "./errors.ts";
export { Frame, type FrameOptions } from "./frame.ts";
export { createKey } from "./handshake/accept-key.ts";
export {
  type AnswerLimits,
  ClientHandshake,
  type ClientHandshakeOptions,
  type HandshakeResult,
} from "./handshake/client-handshake.ts";
export type { HandshakeOffer } from "./handshake/client-request.ts";
export type { ExtensionOffer, ExtensionParameter } from "./handshake/header-grammar.ts";
export { type Header, HeaderList } from "./handshake/header-list.ts";
export type { HeadLimits, ResponseHead } from "./handshake/http-head.ts";
export {
  type AcceptedHandshake,
  checkRequest,
  formatAcceptance,
  formatRefusal,
  type HandshakeRequest,
  type Refusal,
  type RefusedHandshake,
  type ServerHandshakeOptions,
} from "./handshake/server-handshake.ts";
export { MaskingKeys } from "./masking.ts";
