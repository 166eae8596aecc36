// SPDX-License-Identifier: Apache-2.0
import type { BinaryData } from "../protocol/bytes.ts";
import type { ProtocolLimits } from "../protocol/connection-options.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { WebSocketExtensionFactory } from "../protocol/extension.ts";
import { checkExtensions } from "../protocol/extension-negotiation.ts";
import type { Frame } from "../protocol/frame.ts";
import { bounded, type ChannelBounds } from "./bounds.ts";
import type { ContentConverter } from "./content-converter.ts";
import { checkLimit, checkPeriod, checkTimeout } from "./durations.ts";
import { checkType, pickOptions } from "./options.ts";

/** What shows on an engine that cannot ping whether the peer is alive: a message that the peer answers. */
export interface Heartbeat {
  /** Makes the message that is sent each `pingInterval`. */
  readonly message: () => string | BinaryData;
  /**
   * Whether a message is the answer: it then does not go to `incoming`.
   * @defaultValue none is; any message counts as a sign of life all the same
   */
  readonly isAnswer?: ((frame: Frame.Text | Frame.Binary) => boolean) | undefined;
}

/** What can be configured of sessions, on either side. Times are in milliseconds, sizes in bytes. */
export interface SessionConfig {
  /** Between two pings of a default session; 0 for none. @defaultValue 20,000 */
  readonly pingInterval?: number | undefined;
  /** Within which anything at all must come after a ping; 0 for no bound. @defaultValue 20,000 */
  readonly pingTimeout?: number | undefined;
  /**
   * Sent instead of pings, in default sessions: what an engine without the capability `pingPong` needs for
   * `pingInterval`. @defaultValue pings
   */
  readonly heartbeat?: Heartbeat | undefined;
  /** The largest frame that is received. @defaultValue 16 MiB */
  readonly maxFrameSize?: number | undefined;
  /** The largest message that is received, over all its fragments. @defaultValue 16 MiB */
  readonly maxMessageSize?: number | undefined;
  /** The most fragments of one message. @defaultValue 131,072 */
  readonly maxFragments?: number | undefined;
  /** The most pongs that wait to be written; of more pings the newest are answered. @defaultValue 16 */
  readonly maxPendingPongs?: number | undefined;
  /** For the closing handshake, from the call of `close()`. @defaultValue 5,000 */
  readonly closeTimeout?: number | undefined;
  /** For the opening handshake in all. @defaultValue 10,000 */
  readonly handshakeTimeout?: number | undefined;
  /**
   * What is offered in the handshake, or accepted, in this order: `[deflate()]`. Raw sessions have none.
   * @defaultValue none
   */
  readonly extensions?: readonly WebSocketExtensionFactory[] | undefined;
  /**
   * Writes what `sendSerialized` is given, and reads what `receiveDeserialized` gives: `json()`, or `codec()` for other
   * formats. @defaultValue none
   */
  readonly contentConverter?: ContentConverter | undefined;
  /** The queues between the wire and the program. */
  readonly channels?:
    | {
        /** @defaultValue `bounded({ messages: 256, bytes: 1 MiB })` */
        readonly incoming?: ChannelBounds | undefined;
        /** @defaultValue `bounded({ bytes: 1 MiB })` */
        readonly outgoing?: ChannelBounds | undefined;
      }
    | undefined;
}

/** A configuration that was checked: every value is there, and a period that is off is Infinity. */
export interface ResolvedSessionConfig {
  /** Milliseconds, Infinity for none; of default sessions, since raw ones do not ping by themselves. */
  readonly pingInterval: number;
  /** Milliseconds, Infinity for none. */
  readonly pingTimeout: number;
  readonly heartbeat: Heartbeat | undefined;
  readonly limits: ProtocolLimits;
  readonly closeTimeout: number;
  readonly handshakeTimeout: number;
  readonly extensions: readonly WebSocketExtensionFactory[];
  readonly contentConverter: ContentConverter | undefined;
  readonly incoming: ChannelBounds;
  readonly outgoing: ChannelBounds;
}

const MiB = 2 ** 20;

/** Every default, with its reason. */
const defaults = {
  // Most middleboxes cut a connection after 30 to 60 idle seconds; a dead peer is found within 40.
  pingInterval: 20_000,
  pingTimeout: 20_000,
  // Autobahn's largest message passes; docs/memory.md says what a connection can come to hold with it.
  maxFrameSize: 16 * MiB,
  maxMessageSize: 16 * MiB,
  // Autobahn cuts 4 MiB into frames of 64 bytes. Memory is bounded by maxMessageSize; this bounds the work.
  maxFragments: 131_072,
  // Autobahn sends ten pings at once and wants ten pongs; more only help a peer that floods.
  maxPendingPongs: 16,
  // A peer that has not answered by then will not; Ktor waits for ever.
  closeTimeout: 5_000,
  // Over name resolution, TCP, TLS and upgrade in all; a slow mobile network needs about half of it.
  handshakeTimeout: 10_000,
  // A burst fits, a slow reader stops the sender before memory is felt.
  incoming: bounded({ messages: 256, bytes: MiB }),
  outgoing: bounded({ bytes: MiB }),
};

/**
 * Checks a configuration and fills in the defaults.
 *
 * @param what - whose it is, for messages
 * @throws {@link InvalidArgumentError} for an unknown option or a value that cannot be used
 */
export function resolveConfig(what: string, config: SessionConfig): ResolvedSessionConfig {
  const given = pickOptions<SessionConfig>(what, config, [
    "pingInterval",
    "pingTimeout",
    "heartbeat",
    "maxFrameSize",
    "maxMessageSize",
    "maxFragments",
    "maxPendingPongs",
    "closeTimeout",
    "handshakeTimeout",
    "extensions",
    "contentConverter",
    "channels",
  ]);
  const channels = pickOptions<NonNullable<SessionConfig["channels"]>>(
    `${what}.channels`,
    given.channels ?? {},
    ["incoming", "outgoing"],
  );
  const period = (name: "pingInterval" | "pingTimeout") => checkPeriod(name, given[name] ?? defaults[name]);
  const timeout = (name: "closeTimeout" | "handshakeTimeout") =>
    checkTimeout(name, given[name] ?? defaults[name]);
  const { extensions = [] } = given;
  checkExtensions(extensions);
  const limit = (name: keyof ProtocolLimits) => checkLimit(name, given[name] ?? defaults[name]);
  return {
    pingInterval: period("pingInterval"),
    pingTimeout: period("pingTimeout"),
    heartbeat: given.heartbeat && checkHeartbeat(what, given.heartbeat),
    limits: {
      maxFrameSize: limit("maxFrameSize"),
      maxMessageSize: limit("maxMessageSize"),
      maxFragments: limit("maxFragments"),
      maxPendingPongs: limit("maxPendingPongs"),
    },
    closeTimeout: timeout("closeTimeout"),
    handshakeTimeout: timeout("handshakeTimeout"),
    extensions: [...extensions],
    contentConverter: given.contentConverter && checkConverter(given.contentConverter),
    incoming: checkBounds(`${what}.channels.incoming`, channels.incoming ?? defaults.incoming),
    outgoing: checkBounds(`${what}.channels.outgoing`, channels.outgoing ?? defaults.outgoing),
  };
}

function checkHeartbeat(what: string, heartbeat: Heartbeat): Heartbeat {
  const { message, isAnswer } = pickOptions<Heartbeat>(`${what}.heartbeat`, heartbeat, [
    "message",
    "isAnswer",
  ]);
  checkType("heartbeat.message", message, "function");
  if (isAnswer !== undefined) checkType("heartbeat.isAnswer", isAnswer, "function");
  return { message: message as Heartbeat["message"], isAnswer };
}

function checkConverter(converter: ContentConverter): ContentConverter {
  if (typeof converter.read === "function") return converter;
  throw new InvalidArgumentError(
    "contentConverter is none: give json(), codec(), or what extends ContentConverter",
  );
}

function checkBounds(what: string, bounds: ChannelBounds): ChannelBounds {
  return bounded(pickOptions<ChannelBounds>(what, bounds, ["messages", "bytes", "onOverflow"]));
}
