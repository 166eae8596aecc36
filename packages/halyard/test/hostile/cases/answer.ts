// SPDX-License-Identifier: Apache-2.0
// The form of a case of the handshake: what a server says instead of opening a session, and what must come of it.
import type { WebSockets } from "../../../src/index.ts";

/**
 * One thing that a server does once it has the request: writes text, in which `{key}` and `{accept}` are the request's key and
 * the answer to it, or frames; or something else.
 */
export type AnswerStep =
  | string
  | Uint8Array
  /** Ends its side, or breaks the connection. Else it stays. */
  | { readonly does: "end" | "reset" }
  /** Writes text again and again: as fast as it is taken, or a byte each turn of the loop. */
  | { readonly pours: string }
  | { readonly drips: string };

export type AnswerOutcome =
  | {
      readonly code: `ERR_HALYARD_${"HANDSHAKE" | "CONNECTION" | "TIMEOUT"}`;
      /** What the error says. */
      readonly says?: RegExp;
      readonly status?: number;
      readonly body?: string;
    }
  /** It is opened: what is received, and the code of `closeReason`. */
  | { readonly received: readonly string[]; readonly reason: number };

export interface AnswerMore {
  readonly config?: WebSockets.Config;
  /** Deflate is not in `config`, since it cannot be made on Deno. */
  readonly offersDeflate?: true;
  readonly subprotocols?: readonly string[];
  /** What else Js may make of it with the WebSocket of `ws`, which does otherwise than we do, as the report shows it. */
  readonly ws?: readonly string[];
  /** What OkHttp makes of it instead. It is held to the status and the body of a refusal, too, where this is missing. */
  readonly okhttp?: string;
}

export type AnswerCase = readonly [
  row: string,
  name: string,
  steps: readonly AnswerStep[],
  outcome: AnswerOutcome,
  more?: AnswerMore,
];

export const pours = (text: string): AnswerStep => ({ pours: text });
export const drips = (text: string): AnswerStep => ({ drips: text });

/** A head of these lines. */
export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What makes an answer one that opens a session. */
const agreement = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Accept": "{accept}",
};

/** The right answer, with one of its headers replaced by others of that name, or by none. */
export function replacing(name: keyof typeof agreement, ...values: readonly string[]): string {
  const others = Object.entries(agreement).filter(([each]) => each !== name);
  const all = [...others, ...values.map((value) => [name, value] as const)];
  return head("HTTP/1.1 101 Switching Protocols", ...all.map(([each, value]) => `${each}: ${value}`));
}

/** The right answer, with more lines. */
export function agreeing(...lines: readonly string[]): string {
  const own = Object.entries(agreement).map(([name, value]) => `${name}: ${value}`);
  return head("HTTP/1.1 101 Switching Protocols", ...own, ...lines);
}

/** The handshake fails, for this reason. */
export function refused(says: RegExp, more: { status?: number; body?: string } = {}): AnswerOutcome {
  return { code: "ERR_HALYARD_HANDSHAKE", says, ...more };
}

export const opened: AnswerOutcome = { received: ["text 68 69", "end"], reason: 1000 };
export const timedOut: AnswerOutcome = { code: "ERR_HALYARD_TIMEOUT" };
export const broken: AnswerOutcome = { code: "ERR_HALYARD_CONNECTION" };

/** A text, and a Close frame: what comes behind an answer that opens. */
export const hiAndBye: Uint8Array = Uint8Array.of(0x81, 2, 0x68, 0x69, 0x88, 2, 3, 0xe8);

/** The platform accepts what we refuse, and the server has nothing more to say. */
export const accepts: AnswerMore = { ws: ["opened; ConnectionError; 1006"] };

/** OkHttp refuses it with no more than that, where we would tell a status or a body, or accept it. */
export const tellsLess: AnswerMore = { okhttp: "ERR_HALYARD_HANDSHAKE" };

/** OkHttp accepts it as well. */
export const takes: AnswerMore = { okhttp: "opened; ConnectionError; 1006" };

/** The platform has no such limit. */
export const waits: AnswerMore = { ws: ["ERR_HALYARD_TIMEOUT"] };
