// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "halyard";
import type { MessageListener, MessageSocket } from "halyard/engine";
import type { Failure } from "../failure.ts";
import type { OpeningListener } from "../opening.ts";
import { checkSize, OutgoingMessages } from "../outgoing-messages.ts";
import { FieldReader, fields, frameOf, fromJvm, toJvm } from "./frames.ts";
import type { JvmError } from "./jvm-error.ts";
import type { JvmProcess, JvmSession } from "./jvm-process.ts";

/** What a message counts besides its bytes, as `Session.java` has it. */
const overhead = 64;
/** After so much that was taken the JVM is told: a quarter of what it sends without. */
const creditStep = 256 * 1024;

interface Received {
  readonly content: string | Uint8Array;
  /** What it takes of the JVM's window. */
  readonly cost: number;
}

/** A WebSocket of OkHttp in the JVM. */
export class JvmSocket implements MessageSocket, JvmSession {
  readonly #process: JvmProcess;
  readonly #opening: OpeningListener;
  readonly #id: number;
  readonly #outgoing = new OutgoingMessages();
  #listener: MessageListener | null = null;
  #isOver = false;
  #isPaused = false;
  #received: Failure["received"];
  /** What came while it was paused. */
  #held: Received[] = [];
  /** What the JVM was not told yet that it was taken. */
  #taken = 0;

  constructor(process: JvmProcess, opening: OpeningListener) {
    this.#process = process;
    this.#opening = opening;
    this.#id = process.addSession(this);
  }

  /** Called once, when the JVM is ready. @param headers - names and values by turns */
  open(client: number, url: string, headers: readonly string[]): void {
    if (!this.#isOver) this.#tell(toJvm.open, fields(client, url, headers));
  }

  get bufferedAmount(): number {
    return this.#outgoing.bufferedAmount;
  }

  send(content: string | Uint8Array): void {
    const isText = typeof content === "string";
    const size = isText ? Buffer.byteLength(content) : content.length;
    checkSize(size);
    const frame = frameOf(isText ? toJvm.text : toJvm.binary, this.#id, content);
    this.#outgoing.add(size, () => this.#process.write(frame));
  }

  close(reason: CloseReason | null): void {
    // OkHttp cannot send an empty Close frame.
    const { code, message } = reason ?? { code: 1000, message: "" };
    this.#outgoing.add(0, () => this.#tell(toJvm.close, fields(code, message)));
  }

  drop(): void {
    if (this.#isOver) return;
    this.#end();
    this.#tell(toJvm.drop, "");
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const received of held) this.#take(received);
  }

  frame(kind: number, payload: Buffer): void {
    const cost = payload.length + overhead;
    // A copy: a short message would keep the whole chunk in memory.
    if (kind === fromJvm.text) this.#take({ content: payload.toString("utf8"), cost });
    else if (kind === fromJvm.binary) this.#take({ content: new Uint8Array(payload), cost });
    else if (kind === fromJvm.written) this.#written(new FieldReader(payload).number());
    else this.#event(kind, new FieldReader(payload));
  }

  lost(error: JvmError): void {
    if (this.#listener !== null) return this.#finish((listener) => listener.failed(error));
    this.#end();
    this.#opening.failed(error);
  }

  #event(kind: number, payload: FieldReader): void {
    if (kind === fromJvm.opened) {
      const [status, headers, offered] = [payload.number(), payload.texts(), payload.number()];
      this.#listener = this.#opening.opened({ status, headers, offersDeflate: offered === 1 }, this);
    } else if (kind === fromJvm.closing) {
      this.#received = { code: payload.number(), message: payload.text() };
    } else if (kind === fromJvm.closed) {
      const [code, reason] = [payload.number(), payload.text()];
      this.#finish((listener) => listener.closed(code, reason));
    } else if (kind === fromJvm.failed) {
      this.#failed({
        classes: payload.texts(),
        message: payload.text(),
        status: payload.number(),
        headers: payload.texts(),
        body: payload.text(),
        received: this.#received,
      });
    }
  }

  #written(bytes: number): void {
    this.#outgoing.written(bytes);
    this.#listener?.written?.();
  }

  #failed(failure: Failure): void {
    if (this.#listener !== null) {
      return this.#finish((listener) => listener.failed(this.#opening.lossOf(failure), failure.received));
    }
    this.#end();
    this.#opening.failed(failure);
  }

  #take(received: Received): void {
    if (this.#isPaused) {
      this.#held.push(received);
      return;
    }
    this.#listener?.message(received.content);
    this.#taken += received.cost;
    if (this.#taken < creditStep || this.#isOver) return;
    this.#tell(toJvm.credit, fields(this.#taken));
    this.#taken = 0;
  }

  /** What came before the end is handed on before it: it is no more than the window. */
  #finish(tell: (listener: MessageListener) => void): void {
    const [listener, held] = [this.#listener, this.#held];
    this.#end();
    if (listener === null) return;
    for (const { content } of held) listener.message(content);
    tell(listener);
  }

  #end(): void {
    this.#isOver = true;
    this.#held = [];
    this.#outgoing.drop();
    this.#process.removeSession(this.#id);
  }

  #tell(kind: number, payload: string | Uint8Array): void {
    this.#process.tell(kind, this.#id, payload);
  }
}
