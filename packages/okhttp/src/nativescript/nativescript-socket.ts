// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock, CloseReason } from "halyard";
import type { MessageListener, MessageSocket } from "halyard/engine";
import type { Failure } from "../failure.ts";
import type { OpeningListener } from "../opening.ts";
import { checkSize, OutgoingMessages } from "../outgoing-messages.ts";
import type {
  ByteString,
  JavaHeaders,
  JavaResponse,
  JavaWebSocket,
  ListenerMethods,
  NativeScript,
  Throwable,
} from "./platform.ts";

/** How often OkHttp is asked what it has written while more waits: it tells nobody. */
const lookMilliseconds = 5;
/** How long a connection may take to end once the peer's Close frame has come. */
const closingMilliseconds = 4_000;

/** A WebSocket of OkHttp on NativeScript. Its listener is called on the thread of JavaScript, while OkHttp's waits. */
export class NativeScriptSocket implements MessageSocket, ListenerMethods {
  readonly #native: NativeScript;
  readonly #clock: Clock;
  readonly #opening: OpeningListener;
  readonly #outgoing = new OutgoingMessages();
  #socket: JavaWebSocket | null = null;
  #listener: MessageListener | null = null;
  #isOver = false;
  #cancelLook: CancelTimer | null = null;
  #cancelClosing: CancelTimer | null = null;
  #received: Failure["received"];

  constructor(native: NativeScript, clock: Clock, opening: OpeningListener) {
    this.#native = native;
    this.#clock = clock;
    this.#opening = opening;
  }

  /** OkHttp may have called the listener before it gave the socket away. */
  begin(socket: JavaWebSocket): void {
    if (this.#isOver) socket.cancel();
    else this.#socket = socket;
  }

  get bufferedAmount(): number {
    this.#look();
    return this.#outgoing.bufferedAmount;
  }

  send(content: string | Uint8Array): void {
    const size = typeof content === "string" ? new TextEncoder().encode(content).length : content.length;
    checkSize(size);
    // Java reads the memory that it is given, and takes all of the buffer.
    const given = typeof content === "string" ? content : this.#bytes(new Uint8Array(content).buffer);
    this.#outgoing.add(size, () => this.#socket?.send(given));
    this.#lookLater();
  }

  close(reason: CloseReason | null): void {
    // OkHttp cannot send an empty Close frame.
    const { code, message } = reason ?? { code: 1000, message: "" };
    this.#outgoing.add(0, () => this.#sendClose(code, message));
    this.#lookLater();
  }

  drop(): void {
    this.#end();
    this.#socket?.cancel();
  }

  onOpen(socket: JavaWebSocket, response: JavaResponse): void {
    if (this.#isOver) return;
    this.#socket = socket;
    const offersDeflate = response.request().header("Sec-WebSocket-Extensions") !== null;
    const answer = { status: response.code(), headers: listOf(response.headers()), offersDeflate };
    this.#listener = this.#opening.opened(answer, this);
  }

  onMessage(_socket: JavaWebSocket, content: string | ByteString): void {
    if (this.#isOver) return;
    if (typeof content === "string") return this.#listener?.message(content);
    const { java, ArrayBuffer } = this.#native;
    this.#listener?.message(
      new Uint8Array(ArrayBuffer.from(java.nio.ByteBuffer.wrap(content.toByteArray()))),
    );
  }

  /** The answer is ours to give: until then nothing ends. */
  onClosing(socket: JavaWebSocket, code: number, message: string): void {
    this.#received = { code, message };
    socket.close(code === 1005 ? 1000 : code, null);
    if (!this.#isOver) this.#cancelClosing = this.#clock.after(closingMilliseconds, () => socket.cancel());
  }

  onClosed(_socket: JavaWebSocket, code: number, reason: string): void {
    // The last that OkHttp has written is our Close frame.
    this.#outgoing.written(this.#outgoing.given);
    this.#finish((listener) => listener.closed(code, reason));
  }

  onFailure(_socket: JavaWebSocket, failure: Throwable, response: JavaResponse | null): void {
    if (this.#isOver) return;
    const said: Failure = {
      classes: classesOf(failure),
      message: failure.getMessage() ?? "",
      status: response?.code() ?? 0,
      headers: response === null ? [] : listOf(response.headers()),
      // It would have to be read on this thread, which Android forbids.
      body: undefined,
      received: this.#received,
    };
    if (this.#listener !== null)
      return this.#finish((listener) => listener.failed(this.#opening.lossOf(said), said.received));
    this.#end();
    this.#opening.failed(said);
  }

  #bytes(buffer: ArrayBuffer): ByteString {
    return this.#native.okio.ByteString.of(buffer);
  }

  #sendClose(code: number, message: string): void {
    try {
      this.#socket?.close(code, message === "" ? null : message);
    } catch {
      // OkHttp 3 does not know 1012 to 1014. As where codes are limited, 1012 is 4012.
      this.#socket?.close(code + 3000, message);
    }
  }

  #look(): void {
    if (this.#socket === null || this.#isOver || this.#outgoing.given === 0) return;
    this.#outgoing.written(this.#outgoing.given - Number(this.#socket.queueSize()));
  }

  #lookLater(): void {
    if (this.#cancelLook !== null || !this.#outgoing.isWaiting) return;
    this.#cancelLook = this.#clock.after(lookMilliseconds, () => {
      this.#cancelLook = null;
      this.#look();
      this.#lookLater();
    });
  }

  #finish(tell: (listener: MessageListener) => void): void {
    if (this.#isOver) return;
    this.#end();
    if (this.#listener !== null) tell(this.#listener);
  }

  #end(): void {
    this.#isOver = true;
    this.#cancelLook?.();
    this.#cancelClosing?.();
    this.#outgoing.drop();
  }
}

/** The class of a Java exception and those it extends. */
function classesOf(failure: Throwable): string[] {
  const classes: string[] = [];
  for (let each = failure.getClass(); ; ) {
    classes.push(each.getName());
    const next = each.getSuperclass();
    if (next === null) return classes;
    each = next;
  }
}

function listOf(headers: JavaHeaders): string[] {
  const list: string[] = [];
  for (let index = 0; index < headers.size(); index++) list.push(headers.name(index), headers.value(index));
  return list;
}
