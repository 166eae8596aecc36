// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/protocol`: RFC 6455 without I/O.
export type { BinaryData, RandomBytes } from "./bytes.ts";
export { type CloseCodes, CloseReason } from "./close-reason.ts";
export { ClosingHandshake } from "./closing-handshake.ts";
export { Connection, type ConnectionOptions, type ProtocolLimits } from "./connection.ts";
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
export { MaskingKeys } from "./masking.ts";
