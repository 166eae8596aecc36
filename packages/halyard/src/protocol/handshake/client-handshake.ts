// SPDX-License-Identifier: Apache-2.0
import type { HandshakeError } from "../errors.ts";
import { acceptFor, type Sha1 } from "./accept-key.ts";
import { type Agreement, type Answer, agree, answerError, atMostOnce } from "./agreement.ts";
import { type HandshakeOffer, RequestTemplate } from "./client-request.ts";
import { handshakeError, quote } from "./failure.ts";
import { listContains } from "./header-grammar.ts";
import { announcesContent, type HeaderList } from "./header-list.ts";
import { type HeadLimits, HttpHeadParser, type ResponseHead } from "./http-head.ts";
import { RefusalBody } from "./refusal-body.ts";

/** What is accepted of a server before it has agreed. */
export interface AnswerLimits extends HeadLimits {
  /** Answers of 1xx before the last one; 16 by default. */
  readonly maxInterimResponses?: number | undefined;
}

/** What a {@link ClientHandshake} is made of. */
export interface ClientHandshakeOptions extends HandshakeOffer {
  /** How much of the answer's head is accepted. */
  readonly limits?: AnswerLimits | undefined;
  /** The bytes to send, for who has written the same offer before. @defaultValue written anew */
  readonly request?: Uint8Array | undefined;
  /** A platform's own, which is faster. @defaultValue one that runs everywhere */
  readonly sha1?: Sha1 | undefined;
}

/** What an opening handshake has agreed on. */
export interface HandshakeResult extends Agreement {
  /** The server's answer. */
  readonly response: { readonly status: 101; readonly reason: string; readonly headers: HeaderList };
  /** What came after the head, in the memory of the chunk: the first bytes of frames. */
  readonly rest: Uint8Array;
}

/**
 * The client's side of one attempt of an opening handshake (RFC 6455 section 4.1): the bytes to send, and the check
 * of what comes back.
 *
 * When the server refuses, `refused` becomes true and `receive` goes on collecting the body, up to 4 KiB. The owner
 * throws `refusal()` when `bodyComplete`, or earlier when it does not want to wait any longer, and `eof()` when the
 * connection ends.
 */
export class ClientHandshake {
  /** The bytes to send first. */
  readonly request: Uint8Array;
  readonly #options: ClientHandshakeOptions;
  #parser: HttpHeadParser;
  #interimResponses = 0;
  #refusal: { readonly head: ResponseHead; readonly body: RefusalBody } | null = null;

  /** @throws {@link InvalidArgumentError} when the options cannot make a request */
  constructor(options: ClientHandshakeOptions) {
    this.request = options.request ?? new RequestTemplate(options).withKey(options.key);
    this.#options = options;
    this.#parser = this.#newParser();
  }

  /** Whether the head of an answer other than 101 was received. */
  get refused(): boolean {
    return this.#refusal !== null;
  }

  /** Whether more bytes would add nothing to `refusal()`. */
  get bodyComplete(): boolean {
    return this.#refusal?.body.complete ?? false;
  }

  /**
   * Takes bytes from the server. Null means that there is no agreement yet.
   *
   * @throws {@link HandshakeError} when the answer breaks RFC 9112 or RFC 6455, or exceeds a limit
   */
  receive(chunk: Uint8Array): HandshakeResult | null {
    let rest = chunk;
    while (this.#refusal === null) {
      rest = rest.subarray(this.#parser.receive(rest));
      const { head } = this.#parser;
      if (head === null) return null;
      if (head.status === 101) return { ...this.#agree(head), rest };
      if (head.status < 200) this.#skipInterim(head);
      else this.#refusal = { head, body: new RefusalBody(head) };
    }
    this.#refusal.body.receive(rest);
    return null;
  }

  /** The error for an answer other than 101, with as much of its body as was received. */
  refusal(): HandshakeError {
    if (this.#refusal === null) throw new TypeError("the handshake was not refused");
    const { head, body } = this.#refusal;
    const reason = head.reason === "" ? "" : ` ${quote(head.reason)}`;
    return this.#failure(
      head,
      `the server answered with status ${head.status}${reason} instead of 101`,
      body.text(),
    );
  }

  /** The error for a connection that ended before an agreement. */
  eof(): HandshakeError {
    if (this.#refusal !== null) return this.refusal();
    const when = this.#parser.size > 0 ? "in the middle of the response head" : "before it answered";
    return handshakeError(`the server closed the connection ${when}`, { url: this.#options.url });
  }

  #newParser(): HttpHeadParser {
    return new HttpHeadParser(this.#options.limits, { url: this.#options.url });
  }

  /** RFC 9110 section 15.2: a client has to cope with interim responses it did not ask for. */
  #skipInterim(head: ResponseHead): void {
    const { maxInterimResponses = 16 } = this.#options.limits ?? {};
    if (++this.#interimResponses > maxInterimResponses) {
      throw this.#failure(head, `the server sent more than ${maxInterimResponses} interim responses`);
    }
    this.#parser = this.#newParser();
  }

  /** The checks of RFC 6455 section 4.1, items 2 to 6 of the server's response. */
  #agree(head: ResponseHead): Omit<HandshakeResult, "rest"> {
    const { httpVersion, reason, headers } = head;
    // RFC 9110 section 7.8: HTTP/1.0 knows no upgrade, and what forwards it could not carry one.
    if (httpVersion !== "1.1") {
      throw this.#failure(
        head,
        `the answer with status 101 is in HTTP/${httpVersion}, and a WebSocket handshake needs HTTP/1.1`,
      );
    }
    if (announcesContent(headers)) throw this.#failure(head, "the answer with status 101 announces content");
    this.#checkUpgrade(head);
    this.#checkAccept(head);
    return {
      response: { status: 101, reason, headers },
      ...agree(this.#answer(head), this.#options),
    };
  }

  #checkUpgrade(head: ResponseHead): void {
    const upgrade = this.#required(head, "Upgrade");
    if (upgrade.toLowerCase() !== "websocket") {
      throw this.#failure(head, `the server upgrades to ${quote(upgrade)} instead of "websocket"`);
    }
    const connection = head.headers.get("Connection");
    if (!listContains(connection, "upgrade")) {
      throw this.#failure(
        head,
        `the "Connection" header ${quote(connection.join(", "))} does not contain "Upgrade"`,
      );
    }
  }

  #checkAccept(head: ResponseHead): void {
    const accept = this.#required(head, "Sec-WebSocket-Accept");
    if (accept !== acceptFor(this.#options.key, this.#options.sha1)) {
      throw this.#failure(
        head,
        `the "Sec-WebSocket-Accept" header ${quote(accept)} does not answer the key that was sent`,
      );
    }
  }

  #required(head: ResponseHead, name: string): string {
    const value = atMostOnce(this.#answer(head), name);
    if (value === undefined) throw this.#failure(head, `the answer has no "${name}" header`);
    return value;
  }

  #answer({ status, headers }: ResponseHead): Answer {
    return { status, headers, url: this.#options.url };
  }

  #failure(head: ResponseHead, reason: string, body?: string): HandshakeError {
    return answerError(this.#answer(head), reason, body);
  }
}
