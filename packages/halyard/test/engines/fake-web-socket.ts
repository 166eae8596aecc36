// SPDX-License-Identifier: Apache-2.0
import type { WebSocketLike } from "../../src/engines/js/index.ts";

/** WHATWG's WebSocket as a test plays it: it writes down what is asked of it, and says what the test wants. */
export class FakeWebSocket implements WebSocketLike {
  binaryType = "blob";
  protocol: string | null = "";
  bufferedAmount = 0;
  readonly url: string;
  readonly args: readonly unknown[];
  readonly sent: (string | Uint8Array)[] = [];
  /** The arguments of each `close()`. */
  readonly closes: (readonly unknown[])[] = [];
  readonly #listeners = new Map<string, ((event: never) => void)[]>();

  constructor(url: string, ...args: readonly unknown[]) {
    this.url = url;
    this.args = args;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(content: string | Uint8Array): void {
    this.sent.push(typeof content === "string" ? content : content.slice());
  }

  close(...args: readonly unknown[]): void {
    this.closes.push(args);
  }

  emit(type: "open" | "message" | "error" | "close", event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  message(data: unknown): void {
    this.emit("message", { data });
  }

  closed(code: number, reason = ""): void {
    this.emit("close", { code, reason });
  }
}
