// SPDX-License-Identifier: Apache-2.0
import type { Encoded, EncodeOptions, MessageCodec } from "../../../protocol/extension.ts";
import type { Frame } from "../../../protocol/frame.ts";
import type { ResolvedDeflateConfig } from "../config.ts";
import type { DeflateParameters } from "../negotiation.ts";
import { Deflater } from "./deflater.ts";
import { Inflater } from "./inflater.ts";

/** permessage-deflate in one session (RFC 7692 section 7.2). */
export class DeflateCodec implements MessageCodec {
  /** RSV1 (RFC 7692 section 6). */
  readonly rsv = 0x40;
  readonly #config: ResolvedDeflateConfig;
  readonly #life = new AbortController();
  readonly #deflater: Deflater;
  readonly #inflater: Inflater;

  constructor(config: ResolvedDeflateConfig, agreed: DeflateParameters, role: "client" | "server") {
    const client = { bits: agreed.clientMaxWindowBits, keepsContext: !agreed.clientNoContextTakeover };
    const server = { bits: agreed.serverMaxWindowBits, keepsContext: !agreed.serverNoContextTakeover };
    const [own, peer] = role === "client" ? [client, server] : [server, client];
    const { signal } = this.#life;
    this.#config = config;
    this.#deflater = new Deflater(config, own.bits, own.keepsContext, signal);
    this.#inflater = new Inflater(peer.bits, peer.keepsContext, signal);
  }

  encodes(frame: Frame.Text | Frame.Binary, options: EncodeOptions | undefined): boolean {
    if (options?.compress !== undefined) return options.compress;
    const { threshold, compressIf } = this.#config;
    const isLarge = frame.data.length >= threshold || (!frame.fin && threshold !== Infinity);
    return isLarge && (compressIf === undefined || compressIf(frame));
  }

  encode(chunk: Uint8Array, fin: boolean): Uint8Array | Promise<Encoded> {
    return this.#deflater.encode(chunk, fin);
  }

  decode(chunk: Uint8Array, fin: boolean, limit: number): Uint8Array | Promise<Uint8Array> {
    return this.#inflater.decode(chunk, fin, limit);
  }

  dispose(): void {
    this.#life.abort(new Error("the session has ended, and with it the work of its permessage-deflate"));
    this.#deflater.dispose();
    this.#inflater.dispose();
  }
}
