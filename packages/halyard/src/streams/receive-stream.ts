// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";
import { checkLimit } from "../session/durations.ts";
import { pickOptions } from "../session/options.ts";
import type { WaitOptions } from "../session/waiting.ts";
import { MessageRouter } from "./message-router.ts";
import type { MessageStream } from "./message-stream.ts";

/** How a message is read. */
export interface ReceiveStreamOptions extends WaitOptions {
  /**
   * How large the message may become, in bytes. A larger one ends the session with 1009, and the stream with
   * {@link FrameTooBigError}. The session's own limits do not hold for a stream. @defaultValue Infinity
   */
  readonly maxMessageSize?: number | undefined;
  /** The largest chunk, in bytes, of text as UTF-8. @defaultValue 65,536 */
  readonly maxChunkSize?: number | undefined;
}

const routers = new WeakMap<DefaultWebSocketSession, MessageRouter>();

/**
 * The next message as a stream of what arrives, frame by frame and within frames, however large it is. Calls are served
 * in order, each when the message before has arrived to its end.
 *
 * From the first call on the session receives nothing ahead of who waits for it: each message goes to a waiting call of
 * this function, or else to a waiting `incoming.receive()` or loop, whole. A large message that may come before the first
 * call needs `maxFrameSize` and `maxMessageSize` of the session. Where the engine gets only whole messages, or an extension wants
 * them, a stream has all of its message at once, and the session's limits hold.
 *
 * An aborted call receives nothing, and the message goes to the next; once the stream is there an abort cancels it, and
 * who reads it gets the reason.
 *
 * @throws {@link ChannelClosedError} after a clean end of the session, else what ended it
 * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
 */
export async function receiveStream(
  session: DefaultWebSocketSession,
  options: ReceiveStreamOptions = {},
): Promise<MessageStream> {
  const given = pickOptions<ReceiveStreamOptions>("receiveStream", options, [
    "signal",
    "maxMessageSize",
    "maxChunkSize",
  ]);
  const limits = {
    maxMessageSize: checkLimit("maxMessageSize", given.maxMessageSize ?? Infinity),
    maxChunkSize: checkLimit("maxChunkSize", given.maxChunkSize ?? 65_536),
  };
  return await routerOf(session).receive(limits, given.signal);
}

function routerOf(session: DefaultWebSocketSession): MessageRouter {
  const known = routers.get(session);
  if (known !== undefined) return known;
  if (!(session instanceof DefaultWebSocketSession)) {
    throw new InvalidArgumentError("receiveStream takes a default session: a raw one receives frames");
  }
  const router = session.divert(
    (incoming, fail) => new MessageRouter(incoming, session.maxMessageSize, fail),
  );
  routers.set(session, router);
  return router;
}
