// SPDX-License-Identifier: Apache-2.0
import type { BinaryData } from "../protocol/bytes.ts";
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";

/** A session as a pair of WHATWG streams: a chunk is a message. The shape of the platform's `WebSocketStream`. */
export interface SessionStreams {
  /** Ends with the session and errors when that ends uncleanly. Cancelling it closes the session. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /**
   * A write waits while the outgoing queue is full. Closing it closes the session with 1000, and fails when the session
   * does not end cleanly; aborting it closes with 1011. It errors when the session ends.
   */
  readonly writable: WritableStream<string | BinaryData>;
}

/**
 * Views of the session's two channels. Both take from the channels only what is asked for, and can be used beside
 * `incoming` and `send()`.
 *
 * @throws {@link InvalidArgumentError} for a raw session, which receives frames
 */
export function streamsOf(session: DefaultWebSocketSession): SessionStreams {
  if (!(session instanceof DefaultWebSocketSession)) {
    throw new InvalidArgumentError("streamsOf takes a default session: a raw one receives frames");
  }
  return { readable: readableOf(session), writable: writableOf(session) };
}

function readableOf(session: DefaultWebSocketSession): ReadableStream<string | Uint8Array> {
  const frames = session.incoming[Symbol.asyncIterator]();
  return new ReadableStream<string | Uint8Array>(
    {
      async pull(controller) {
        const next = await frames.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value.type === "text" ? next.value.readText() : next.value.data);
      },
      async cancel() {
        await session.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function writableOf(session: DefaultWebSocketSession): WritableStream<string | BinaryData> {
  const { signal } = session;
  return new WritableStream<string | BinaryData>({
    start(controller) {
      const fail = () => controller.error(signal.reason);
      if (signal.aborted) fail();
      else signal.addEventListener("abort", fail, { once: true });
    },
    write: (message, controller) => session.send(message, { signal: abortSignalOf(controller) }),
    async close() {
      const { clean, error } = await session.close();
      if (!clean) throw error;
    },
    async abort() {
      await session.close({ code: CloseReason.Codes.INTERNAL_ERROR, message: "the stream was aborted" });
    },
  });
}

/** Aborts with the stream, whose `abort` else waits for a write that waits for the peer. Not all declarations have it. */
function abortSignalOf(controller: object): AbortSignal {
  return (controller as { readonly signal: AbortSignal }).signal;
}
