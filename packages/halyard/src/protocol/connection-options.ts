// SPDX-License-Identifier: Apache-2.0
import type { Kernel } from "./kernel.ts";
import type { MaskingKeys } from "./masking.ts";
import type { NegotiatedExtension } from "./message-extensions.ts";

/** The bounds of what a peer may send. */
export interface ProtocolLimits {
  /** The largest payload of one frame, in bytes, inclusive. */
  readonly maxFrameSize: number;
  /** The largest payload of one message over all its fragments, in bytes, inclusive. */
  readonly maxMessageSize: number;
  /** The most fragments of one message. */
  readonly maxFragments: number;
  /** The most pongs that wait to be written; with more pings, the newest are answered. @defaultValue 16 */
  readonly maxPendingPongs?: number | undefined;
}

export interface ConnectionOptions {
  readonly role: "client" | "server";
  /** `raw`: no automatic pong, no answer to a Close frame, no joining of fragments. @defaultValue "default" */
  readonly mode?: "raw" | "default" | undefined;
  /** The source of masking keys; a client needs it. */
  readonly keys?: MaskingKeys | undefined;
  readonly limits: ProtocolLimits;
  /** What the handshake has agreed on, in the order of the answer. A raw connection has none. */
  readonly extensions?: readonly NegotiatedExtension[] | undefined;
  /** How text is decoded and memory allocated. @defaultValue by what every platform has */
  readonly kernel?: Kernel | undefined;
  /** How many bytes of payload one batch may hold before `take` returns it. @defaultValue 1 MiB */
  readonly batchBytes?: number | undefined;
}
