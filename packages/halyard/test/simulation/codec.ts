// SPDX-License-Identifier: Apache-2.0
import type { Encoded, MessageCodec, WebSocketExtension } from "../../src/protocol/extension.ts";
import type { NegotiatedExtension } from "../../src/protocol/message-extensions.ts";
import type { Random } from "../support/random.ts";
import type { World } from "./world.ts";

/** Inverts every bit, and takes its time over some chunks, as a codec does that works on a thread. */
class SlowCodec implements MessageCodec {
  readonly rsv = 0x40;
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  encodes(): boolean {
    return this.#random.chance(0.7);
  }

  encode(chunk: Uint8Array): Encoded | Promise<Encoded> {
    return this.#inverted(chunk);
  }

  decode(chunk: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.#inverted(chunk);
  }

  dispose(): void {
    // It holds nothing.
  }

  #inverted(chunk: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const result = Uint8Array.from(chunk, (byte) => byte ^ 0xff);
    if (this.#random.chance(0.6)) return result;
    return this.#world.sleep(this.#random.below(30)).then(() => result);
  }
}

/** An extension that was agreed on, with such a codec. */
export function slowInversion(world: World, random: Random): NegotiatedExtension {
  const extension: WebSocketExtension = {
    name: "x-inversion",
    offers: () => [],
    accept: () => undefined,
    answer: () => null,
    codec: () => new SlowCodec(world, random),
  };
  return { extension, reserves: { rsv1: true } };
}
