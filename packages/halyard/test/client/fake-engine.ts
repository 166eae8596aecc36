// SPDX-License-Identifier: Apache-2.0
// An engine without a network, with the capabilities that a test chooses, and peers that close when they are told to.
import type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineRequest,
  HttpClientEngine,
} from "../../src/client/engine.ts";
import { ClosingHandshake } from "../../src/protocol/closing-handshake.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { BatchReceiver, Output, Transport } from "../../src/session/transport.ts";
import { VirtualClock } from "../../src/testing/index.ts";

export const allCapabilities: readonly EngineCapability[] = [
  "requestHeaders",
  "handshakeResponse",
  "rawFrames",
  "pingPong",
  "backpressure",
  "frameLimits",
  "closeCodes",
  "unixSockets",
];

/** A connection to a peer that says nothing, but answers a Close frame and then ends the connection. */
export class FakeTransport implements Transport, Output {
  readonly closing = new ClosingHandshake();
  readonly bytesReceived = 0;
  readonly pendingFrames = 0;
  readonly pendingMessages = 0;
  readonly bytesWritten = 0;
  readonly ending = new Promise<void>(() => undefined);
  readonly pendingBytes = 0;
  readonly masking = true;
  framesWritten = 0;
  maxFrameSize = 1024;
  isDisposed = false;
  readonly sent: Frame[] = [];

  get output(): Output {
    return this;
  }

  stream(): void {}
  readonly #batches: (Frame[] | null)[] = [];
  #receiver: BatchReceiver | null = null;

  receive(receiver: BatchReceiver): void {
    this.#receiver = receiver;
    this.#settle();
  }

  send(frame: Frame): boolean {
    if (!this.closing.canSend || this.isDisposed) return false;
    this.sent.push(frame);
    this.framesWritten++;
    if (frame.type === "close") {
      this.closing.closeSent(frame);
      this.closing.closeReceived(frame);
      this.#batches.push([frame], null);
      this.#settle();
    }
    return true;
  }

  #turn: Promise<void> | null = null;

  turn(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#turn = null;
    });
    return this.#turn;
  }

  progress(): Promise<boolean> {
    return Promise.resolve(!this.isDisposed);
  }

  dispose(): void {
    this.isDisposed = true;
    this.#batches.push(null);
    this.#settle();
  }

  #settle(): void {
    if (this.#receiver === null || this.#batches.length === 0) return;
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver.received(this.#batches.shift() ?? null);
  }
}

export class FakeEngine implements HttpClientEngine {
  readonly name = "Fake";
  readonly capabilities: ReadonlySet<EngineCapability>;
  readonly clock = new VirtualClock();
  readonly requests: EngineRequest[] = [];
  readonly transports: FakeTransport[] = [];
  attempt: Attempt | undefined;
  closeCalls = 0;
  /** What `open` waits for; by default nothing. */
  gate: Promise<unknown> = Promise.resolve();

  constructor(capabilities: readonly EngineCapability[] = allCapabilities) {
    this.capabilities = new Set(capabilities);
  }

  /** The newest request. */
  get request(): EngineRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error("nothing was requested");
    return request;
  }

  async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    this.requests.push(request);
    this.attempt = attempt;
    await this.gate;
    const transport = new FakeTransport();
    this.transports.push(transport);
    return { transport, subprotocol: "", extensions: [], response: { status: 101, headers: new Headers() } };
  }

  close(): Promise<void> {
    this.closeCalls++;
    return Promise.resolve();
  }
}
