// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../../protocol/close-reason.ts";
import { Deferred, observe } from "../../session/waiting.ts";
import type { Opened, Opening } from "../messages/message-engine.ts";
import type { MessageListener, MessageSocket } from "../messages/message-socket.ts";
import { openingFailed } from "./opening.ts";
import type { JsRequest } from "./web-socket-like.ts";

/** What is used of Chromium's `WebSocketStream`. */
interface WebSocketStreamLike {
  readonly opened: Promise<{
    readonly readable: { getReader(): Reader };
    readonly writable: { getWriter(): Writer };
    readonly protocol: string;
  }>;
  readonly closed: Promise<{ readonly closeCode?: number; readonly reason?: string }>;
  close(info?: { closeCode: number; reason: string }): void;
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: string | ArrayBuffer | Uint8Array }>;
}

interface Writer {
  write(content: string | Uint8Array): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

export type WebSocketStreamConstructor = new (
  url: string,
  options: { protocols: readonly string[]; signal: AbortSignal },
) => WebSocketStreamLike;

/** Opens a connection by `WebSocketStream`, which reads no further than somebody takes. */
export async function openStream(
  constructor: WebSocketStreamConstructor,
  { url, subprotocols }: JsRequest,
  { attempt, safeUrl, listen }: Opening,
): Promise<Opened> {
  const { signal } = attempt;
  // Not the attempt's, which a session outlives.
  const life = new AbortController();
  const abort = () => life.abort(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    const stream = new constructor(url, { protocols: subprotocols, signal: life.signal });
    observe(stream.closed);
    const { readable, writable, protocol } = await stream.opened;
    signal.throwIfAborted();
    const socket = new StreamSocket(stream, readable.getReader(), writable.getWriter(), life);
    socket.begin(listen(socket));
    return { subprotocol: protocol };
  } catch (cause) {
    signal.throwIfAborted();
    throw openingFailed(safeUrl, cause instanceof Error && cause.message !== "" ? cause : undefined);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

class StreamSocket implements MessageSocket {
  bufferedAmount = 0;
  readonly #stream: WebSocketStreamLike;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #life: AbortController;
  #resumed: Deferred<void> | null = null;
  #isDropped = false;

  constructor(stream: WebSocketStreamLike, reader: Reader, writer: Writer, life: AbortController) {
    this.#stream = stream;
    this.#reader = reader;
    this.#writer = writer;
    this.#life = life;
  }

  begin(listener: MessageListener): void {
    void this.#read(listener);
  }

  send(content: string | Uint8Array): void {
    const size = typeof content === "string" ? content.length : content.length;
    this.bufferedAmount += size;
    // The copy is ours: a stream keeps what it is given until it is written.
    const written = this.#writer.write(typeof content === "string" ? content : content.slice());
    const settle = () => {
      this.bufferedAmount -= size;
    };
    // What fails a write ends the connection, which the reader tells.
    written.then(settle, settle);
  }

  close(reason: CloseReason | null): void {
    this.#stream.close(reason === null ? undefined : { closeCode: reason.code, reason: reason.message });
  }

  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#life.abort();
    observe(this.#writer.abort());
    this.resume();
  }

  pause(): void {
    this.#resumed ??= new Deferred();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  async #read(listener: MessageListener): Promise<void> {
    try {
      for (;;) {
        if (this.#resumed !== null) await this.#resumed.promise;
        const { done, value } = await this.#reader.read();
        if (this.#isDropped) return;
        if (done) break;
        listener.message(
          value instanceof ArrayBuffer ? new Uint8Array(value) : (value as string | Uint8Array),
        );
      }
      const { closeCode = CloseReason.Codes.NO_STATUS, reason = "" } = await this.#stream.closed;
      if (!this.#isDropped) listener.closed(closeCode, reason);
    } catch (cause) {
      if (!this.#isDropped)
        listener.failed(cause instanceof Error && cause.message !== "" ? cause : undefined);
    }
  }
}
