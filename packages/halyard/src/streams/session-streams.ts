// SPDX-License-Identifier: Apache-2.0
import type { BinaryData } from "../protocol/bytes.ts";
import { CloseReason } from "../protocol/close-reason.ts";
import type { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";

/** A session as a pair of WHATWG streams: a chunk is a message. The shape of the platform's `WebSocketStream`. */
export interface SessionStreams {
  /** Ends with the session and errors when that ends uncleanly. Cancelling it closes the session. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /**
   * A write waits while the outgoing queue is full. Closing it closes the session with 1000, aborting it with 1011. It
   * errors when the session ends.
   */
  readonly writable: WritableStream<string | BinaryData>;
}

/**
 * Views of the session's two channels. Both take from the channels only what is asked for, and can be used beside
 * `incoming` and `send()`.
 */
export function streamsOf(session: DefaultWebSocketSession): SessionStreams {
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
  let stop: () => void = () => undefined;
  const close = async (reason: { readonly code: number; readonly message?: string }) => {
    stop();
    await session.close(reason);
  };
  return new WritableStream<string | BinaryData>({
    start(controller) {
      const fail = () => controller.error(signal.reason);
      stop = () => signal.removeEventListener("abort", fail);
      if (signal.aborted) fail();
      else signal.addEventListener("abort", fail, { once: true });
    },
    write: (message) => session.send(message),
    close: () => close({ code: CloseReason.Codes.NORMAL }),
    abort: () => close({ code: CloseReason.Codes.INTERNAL_ERROR, message: "the stream was aborted" }),
  });
}
