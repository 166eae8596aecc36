// SPDX-License-Identifier: Apache-2.0
import type { HandshakeError } from "../errors.ts";
import { InvalidArgumentError } from "../errors.ts";
import { type Agreement, type Answer, agree, answerError } from "./agreement.ts";
import type { AnswerLimits } from "./client-handshake.ts";
import { checkOffer, commonHeaders, type HandshakeOffer, hostOf } from "./client-request.ts";
import { handshakeError, quote } from "./failure.ts";
import { trimOws } from "./header-grammar.ts";
import type { Header, HeaderList } from "./header-list.ts";
import { checkHeader } from "./http-format.ts";
import { RefusalBody } from "./refusal-body.ts";

/** What a {@link ConnectHandshake} is made of. There is no key: a stream of HTTP/2 cannot be taken for anything else. */
export interface ConnectHandshakeOptions extends Omit<HandshakeOffer, "key"> {
  readonly scheme: "http" | "https";
  /** How much of the answer's head is accepted. */
  readonly limits?: AnswerLimits | undefined;
}

/** What belongs to one connection of HTTP/1.1, and must not be sent over HTTP/2 (RFC 9113 section 8.2.2). */
const ofHttp1 = new Set(["keep-alive", "proxy-connection", "te", "http2-settings"]);

/**
 * The header fields of an extended CONNECT (RFC 8441 sections 4 and 5), the pseudo-headers first, names in lower case.
 *
 * @throws {@link InvalidArgumentError}
 */
export function connectRequest(options: ConnectHandshakeOptions): Header[] {
  const context = { url: options.url };
  checkOffer(options, context);
  const fields = commonHeaders(options).map((header): Header => {
    checkHeader(header, context);
    const name = header[0].toLowerCase();
    if (ofHttp1.has(name)) {
      throw new InvalidArgumentError(
        `the header ${quote(name)} is of HTTP/1.1 only: leave it out, or set the engine's http2 to false`,
        context,
      );
    }
    return [name, trimOws(header[1])];
  });
  return [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", options.scheme],
    [":authority", hostOf(options, context)],
    [":path", options.target],
    ...fields,
  ];
}

/**
 * The client's side of one attempt of an opening handshake over HTTP/2 (RFC 8441 section 5). As in a
 * {@link ClientHandshake}, a refusal's body is collected, up to 4 KiB, until `bodyComplete` or the owner's patience ends.
 */
export class ConnectHandshake {
  readonly #options: ConnectHandshakeOptions;
  #interimResponses = 0;
  #refusal: { readonly answer: Answer; readonly body: RefusalBody } | null = null;

  constructor(options: ConnectHandshakeOptions) {
    this.#options = options;
  }

  /** Whether the head of an answer other than 200 was received. */
  get refused(): boolean {
    return this.#refusal !== null;
  }

  /** Whether more bytes would add nothing to `refusal()`. */
  get bodyComplete(): boolean {
    return this.#refusal?.body.complete ?? false;
  }

  /**
   * Takes a head from the server. Null means that there is no agreement: it was interim, or a refusal.
   *
   * A `Sec-WebSocket-Accept`, which some proxies send, says nothing here.
   *
   * @throws {@link HandshakeError} when the answer breaks RFC 8441 or exceeds a limit
   */
  answered(status: number, headers: HeaderList): Agreement | null {
    const answer = { status, headers, url: this.#options.url };
    this.#checkSize(answer);
    if (status === 200) return agree(answer, this.#options);
    if (status >= 200) this.#refusal = { answer, body: new RefusalBody(answer) };
    else this.#skipInterim(answer);
    return null;
  }

  /** Takes bytes of a refusal's body. */
  receive(chunk: Uint8Array): void {
    this.#refusal?.body.receive(chunk);
  }

  /** The error for an answer other than 200, with as much of its body as was received. */
  refusal(): HandshakeError {
    if (this.#refusal === null) throw new TypeError("the handshake was not refused");
    const { answer, body } = this.#refusal;
    return answerError(
      answer,
      `the server answered with status ${answer.status} instead of 200`,
      body.text(),
    );
  }

  /** The error for a stream that ended, or was reset, before an agreement. */
  ended(how: string): HandshakeError {
    if (this.#refusal !== null) return this.refusal();
    return handshakeError(`${how} before the server answered`, { url: this.#options.url });
  }

  /** As over HTTP/1.1: a field is as long as its line would be there. */
  #checkSize(answer: Answer): void {
    const { maxHeadSize = 65_536, maxLineSize = 8192, maxHeaders = 128 } = this.#options.limits ?? {};
    if (answer.headers.size > maxHeaders) {
      throw answerError(answer, `the response has more headers than the limit of ${maxHeaders}`);
    }
    let size = 0;
    for (const [name, value] of answer.headers) {
      const length = name.length + 2 + value.length;
      if (length > maxLineSize) {
        throw answerError(answer, `a header of the response exceeds the limit of ${maxLineSize} bytes`);
      }
      size += length + 2;
    }
    if (size > maxHeadSize) {
      throw answerError(answer, `the response head exceeds the limit of ${maxHeadSize} bytes`);
    }
  }

  /** RFC 9110 section 15.2: a client has to cope with interim responses it did not ask for. */
  #skipInterim(answer: Answer): void {
    const { maxInterimResponses = 16 } = this.#options.limits ?? {};
    if (++this.#interimResponses > maxInterimResponses) {
      throw answerError(answer, `the server sent more than ${maxInterimResponses} interim responses`);
    }
  }
}
