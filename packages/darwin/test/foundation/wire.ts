// SPDX-License-Identifier: Apache-2.0
// An open connection on Halyard's own codec: what Apple's networking is to a task.
import { randomFillSync } from "node:crypto";
import type { Socket } from "node:net";
import { Connection, type Frame, type HalyardError, MaskingKeys } from "halyard/protocol";

/** Who is told what comes. */
export interface WireListener {
  received(frame: Frame): void;
  /** The last call but for {@link lost}. */
  faulted(failure: HalyardError): void;
  /** The connection is gone. */
  lost(): void;
  /** There is room for more. */
  drained(): void;
}

export class Wire {
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #listener: WireListener;
  #isFaulted = false;
  #isLost = false;

  /** @param limit - of a message, in bytes */
  constructor(socket: Socket, limit: number, listener: WireListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#connection = new Connection({
      role: "client",
      keys: new MaskingKeys((target) => randomFillSync(target)),
      limits: { maxFrameSize: Infinity, maxMessageSize: limit, maxFragments: Infinity },
    });
    const lose = () => {
      if (this.#isLost) return;
      this.#isLost = true;
      listener.lost();
    };
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("drain", () => listener.drained());
    socket.on("error", lose);
    socket.on("end", lose);
    socket.on("close", lose);
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  set isReading(value: boolean) {
    if (value) this.#socket.resume();
    else this.#socket.pause();
  }

  receive(chunk: Uint8Array): void {
    this.#connection.receive(chunk);
    do {
      for (const frame of this.#connection.take()) this.#listener.received(frame);
    } while (this.#connection.hasInput);
    this.#write();
    const { failure } = this.#connection.closing;
    if (failure === null || this.#isFaulted) return;
    this.#isFaulted = true;
    this.#listener.faulted(failure);
    this.#socket.end();
  }

  /** @param written - called once: whether it was */
  send(frame: Frame, written: (isWritten: boolean) => void = () => undefined): void {
    if (!this.#connection.send(frame)) written(false);
    else this.#write(written);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(written?: (isWritten: boolean) => void): void {
    const chunks = this.#connection.takeOutput();
    if (this.#socket.destroyed || !this.#socket.writable) return written?.(false);
    if (chunks.length > 0) this.#socket.write(Buffer.concat(chunks), (error) => written?.(!error));
    else written?.(true);
  }
}
