// SPDX-License-Identifier: Apache-2.0
import type { ExtensionOffer } from "../protocol/handshake/header-grammar.ts";
import type { HeaderList } from "../protocol/handshake/header-list.ts";
import type {
  AcceptedRequest,
  Refusal,
  RefusedHandshake,
  ServerHandshakeOptions,
} from "../protocol/handshake/server-handshake.ts";
import type { ByteStream } from "../sockets/byte-stream.ts";

/** What carries a session that was accepted. */
export interface SessionCarrier {
  readonly stream: ByteStream;
  /** What came behind the request already. */
  readonly early: Uint8Array;
  /** Of the answer. */
  readonly status: number;
}

/** A request for a session, by whichever version of HTTP. */
export interface SessionRequest {
  /** With a Host. */
  readonly headers: HeaderList;
  readonly target: string;
  readonly isTls: boolean;
  check(options: ServerHandshakeOptions): AcceptedRequest | RefusedHandshake;
  /** Answers with something else than a session. */
  refuse(refusal: Refusal): void;
  /** Answers with what was agreed on. */
  accept(accepted: AcceptedRequest, extensions: readonly ExtensionOffer[]): SessionCarrier;
}
