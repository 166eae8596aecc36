// SPDX-License-Identifier: Apache-2.0
// Extensions whose codec does what a test tells it, when the test tells it.
import type {
  Encoded,
  EncodeOptions,
  MessageCodec,
  ReservedBits,
  WebSocketExtension,
  WebSocketExtensionFactory,
} from "../../src/protocol/extension.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { ExtensionOffer } from "../../src/protocol/handshake/header-grammar.ts";
import type { NegotiatedExtension } from "../../src/protocol/message-extensions.ts";
import { toHex } from "./support.ts";

interface Job {
  readonly finish: () => void;
  readonly fail: (error: unknown) => void;
}

/** Inverts every bit: `61` is `9e` on the wire. */
export class FakeCodec implements MessageCodec {
  readonly rsv: number;
  /** Whether results are promises, which {@link finish} and {@link fail} settle in order. */
  holds = false;
  /** What was called, as `encode 61 62` or `decode 9e fin <= 100`. */
  readonly calls: string[] = [];
  /** Who is asked whether a message is encoded. */
  decide: (frame: Frame.Text | Frame.Binary, options: EncodeOptions | undefined) => boolean;
  /** What the next call throws, instead of a result. */
  fault: Error | undefined;
  disposed = 0;
  readonly #jobs: Job[] = [];

  constructor(rsv = 0x40) {
    this.rsv = rsv;
    this.decide = (_, options) => options?.compress ?? true;
  }

  encodes(frame: Frame.Text | Frame.Binary, options: EncodeOptions | undefined): boolean {
    this.calls.push(`encodes ${toHex(frame.data)}`.trim());
    return this.decide(frame, options);
  }

  encode(chunk: Uint8Array, fin: boolean): Encoded | Promise<Encoded> {
    this.calls.push(`encode ${toHex(chunk)}${fin ? " fin" : ""}`);
    return this.#result(chunk);
  }

  decode(chunk: Uint8Array, fin: boolean, limit: number): Uint8Array | Promise<Uint8Array> {
    this.calls.push(`decode ${toHex(chunk)}${fin ? " fin" : ""} <= ${limit}`);
    return this.#result(chunk);
  }

  dispose(): void {
    this.disposed++;
  }

  /** How many jobs are under way. */
  get busy(): number {
    return this.#jobs.length;
  }

  /** Finishes the oldest job. */
  finish(): void {
    this.#next().finish();
  }

  /** Lets the oldest job fail. */
  fail(error: unknown): void {
    this.#next().fail(error);
  }

  #next(): Job {
    const job = this.#jobs.shift();
    if (job === undefined) throw new Error("the codec has nothing to do");
    return job;
  }

  #result(chunk: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { fault } = this;
    this.fault = undefined;
    if (fault !== undefined) throw fault;
    // The chunk is the caller's again when the call returns.
    const result = chunk.map((byte) => byte ^ 0xff);
    if (!this.holds) return result;
    return new Promise((resolve, reject) => {
      this.#jobs.push({ finish: () => resolve(result), fail: reject });
    });
  }
}

interface FakeOptions extends Partial<Omit<WebSocketExtension, "name">> {
  readonly reserves?: ReservedBits;
}

/** A factory whose instances all have the given methods. */
export function fakeFactory(name: string, options: FakeOptions = {}): WebSocketExtensionFactory {
  const { reserves = {}, ...methods } = options;
  const offer: ExtensionOffer = { name, params: [] };
  const create = (): WebSocketExtension => ({
    name,
    offers: () => [offer],
    accept: () => undefined,
    answer: (offers) => offers[0] ?? null,
    ...methods,
  });
  return { name, reserves, create };
}

/** An extension that was agreed on. */
export function negotiated(name: string, options: FakeOptions = {}): NegotiatedExtension {
  const { create, reserves } = fakeFactory(name, options);
  return { extension: create(), reserves };
}

/** The extension of a codec that has RSV1. */
export function withCodec(codec: FakeCodec): NegotiatedExtension {
  return negotiated("invert", { reserves: { rsv1: true }, codec: () => codec });
}
