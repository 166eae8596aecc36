// SPDX-License-Identifier: Apache-2.0
import { copyOf } from "../../protocol/bytes.ts";
import { CloseReason } from "../../protocol/close-reason.ts";
import { HalyardError } from "../../protocol/errors.ts";
import type { Opened, Opening } from "../messages/message-engine.ts";
import type { MessageListener, MessageSocket } from "../messages/message-socket.ts";
import { openingFailed } from "./opening.ts";
import type { WebSocketLike } from "./web-socket-like.ts";

/** What platforms report for a connection that ended without a Close frame: Deno 0, Firefox 1015 where TLS failed. */
const noCloseFrame: readonly number[] = [0, CloseReason.Codes.CLOSED_ABNORMALLY, 1015];

/** Opens a connection by WHATWG's `WebSocket`. */
export function openWebSocket(create: () => WebSocketLike, opening: Opening): Promise<Opened> {
  const { attempt, safeUrl, listen } = opening;
  const { signal } = attempt;
  return new Promise((resolve, reject) => {
    const platform = created(create, safeUrl);
    const finish = () => signal.removeEventListener("abort", abort);
    const fail = (error: unknown) => {
      finish();
      socket.drop();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    const socket = new WhatwgSocket(platform, {
      message: () => undefined,
      closed: () => fail(openingFailed(safeUrl, undefined)),
      failed: (cause) => fail(openingFailed(safeUrl, cause)),
    });
    signal.addEventListener("abort", abort);
    platform.addEventListener("open", () => {
      if (socket.isDropped) return;
      finish();
      socket.listener = listen(socket);
      resolve({ subprotocol: platform.protocol ?? "" });
    });
  });
}

/** A constructor refuses what a page may not do: an insecure connection from a secure page, a port. */
function created(create: () => WebSocketLike, safeUrl: string): WebSocketLike {
  try {
    return create();
  } catch (cause) {
    throw HalyardError.is(cause) ? cause : openingFailed(safeUrl, cause);
  }
}

/**
 * WHATWG's `WebSocket`. Platforms differ in how it ends: with `error`, with `close`, with both in either order, or with
 * one of them twice; so the first of them counts, by the rules of the listener.
 */
export class WhatwgSocket implements MessageSocket {
  listener: MessageListener;
  readonly #socket: WebSocketLike;
  #isDropped = false;
  #isClosedByUs = false;
  readonly pause?: () => void;
  readonly resume?: () => void;

  constructor(socket: WebSocketLike, listener: MessageListener) {
    this.#socket = socket;
    this.listener = listener;
    if (typeof socket.pause === "function" && typeof socket.resume === "function") {
      this.pause = () => socket.pause?.();
      this.resume = () => socket.resume?.();
    }
    socket.binaryType = "arraybuffer";
    // They stay when it is dropped: an `error` that nobody hears would end a process with the `ws` package.
    socket.addEventListener("message", (event: { readonly data: unknown }) => this.#message(event.data));
    socket.addEventListener("error", (event: object) => {
      if (!this.#isDropped) this.listener.failed(said(event));
    });
    socket.addEventListener("close", (event: { readonly code: number; readonly reason: string }) => {
      if (this.#isDropped) return;
      if (noCloseFrame.includes(event.code)) this.listener.failed();
      else this.listener.closed(event.code, event.reason);
    });
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get isClosing(): boolean {
    return this.#socket.readyState === 2 && !this.#isClosedByUs;
  }

  send(content: string | Uint8Array): void {
    // The copy is ours: `ws` compresses from what it is given, later. And of shared memory platforms take no views, Node from
    // 24 on makes text of them.
    this.#socket.send(typeof content === "string" ? content : copyOf(content));
  }

  close(reason: CloseReason | null): void {
    this.#isClosedByUs = true;
    // Both or none: Deno makes of a message alone what is no Close frame.
    if (reason === null) this.#socket.close();
    else this.#socket.close(reason.code, reason.message);
  }

  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    if (this.#socket.terminate === undefined) this.#socket.close();
    else this.#socket.terminate();
  }

  #message(data: unknown): void {
    if (this.#isDropped) return;
    if (typeof data === "string") this.listener.message(data);
    else if (data instanceof ArrayBuffer) this.listener.message(new Uint8Array(data));
    else this.#refuse();
  }

  /** A platform that knows no `arraybuffer`: what it gives instead cannot be read at once. */
  #refuse(): void {
    this.listener.failed(
      new TypeError("the platform gave a message that is neither a string nor an ArrayBuffer"),
    );
    this.drop();
  }
}

/** What an `error` event tells. Browsers tell nothing. */
function said(event: object): unknown {
  const { error, message } = event as { readonly error?: unknown; readonly message?: unknown };
  if (error instanceof Error && error.message !== "") return error;
  return typeof message === "string" && message !== "" ? new Error(message) : undefined;
}
