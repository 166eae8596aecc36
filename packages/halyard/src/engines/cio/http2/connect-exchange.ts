// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Stream } from "node:http2";
import { HandshakeError, InvalidArgumentError } from "../../../protocol/errors.ts";
import type { Agreement } from "../../../protocol/handshake/agreement.ts";
import type { ConnectHandshake } from "../../../protocol/handshake/connect-handshake.ts";
import { type Header, HeaderList } from "../../../protocol/handshake/header-list.ts";
import type { CancelTimer } from "../../../session/clock.ts";
import { Http2ByteStream, howItEnded, http2Codes } from "../../../sockets/http2-byte-stream.ts";
import { socketError } from "../../../sockets/socket-errors.ts";
import { bodyGrace, type ExchangeContext } from "../exchange.ts";
import type { Http2Connection } from "./http2-connection.ts";

/** The peer has done nothing about the stream, so that it may be asked again (RFC 9113 section 8.7). */
export class RefusedStream extends Error {
  override readonly name = "RefusedStream";
  /** For who has asked often enough. */
  readonly error: HandshakeError;
  /** Whether it wants to be asked over HTTP/1.1 (RFC 9113 section 7). */
  readonly wantsHttp1: boolean;

  constructor(error: HandshakeError, wantsHttp1: boolean) {
    super(error.message);
    this.error = error;
    this.wantsHttp1 = wantsHttp1;
  }
}

/** A 200 that was agreed to. */
export interface ConnectResult extends Agreement {
  readonly response: { readonly status: number; readonly headers: HeaderList };
}

/**
 * Sends an extended CONNECT and reads the answer.
 *
 * @param connection - with a place for it, which is given back when the stream is gone
 * @param agreed - called in the same turn as the answer is read, before any byte behind it
 * @throws {@link HandshakeError}, {@link ConnectionError}, {@link InvalidArgumentError} for a header that HTTP/2 cannot carry,
 * {@link RefusedStream}, or the reason of an abort. The stream is reset then.
 */
export function connectExchange<T>(
  connection: Http2Connection,
  handshake: ConnectHandshake,
  headers: readonly Header[],
  context: ExchangeContext,
  agreed: (stream: Http2ByteStream, result: ConnectResult) => T,
): Promise<T> {
  const { attempt, clock, safeUrl: url } = context;
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream | undefined;
    let cancelGrace: CancelTimer | undefined;
    let isOver = false;
    const finish = () => {
      isOver = true;
      cancelGrace?.();
      attempt.onAbort(null);
    };
    const fail = (error: unknown) => {
      if (isOver) return;
      finish();
      const status = error instanceof HandshakeError ? error.status : undefined;
      if (status !== undefined) attempt.notice?.({ type: "answered", url, status });
      reject(error);
      stream?.close(http2Codes.CANCEL);
      stream?.destroy();
      connection.giveBack();
    };
    attempt.onAbort(fail);
    if (isOver) return;
    try {
      stream = connection.request(headers);
    } catch (error) {
      return fail(connection.hasLeft ? refused(url, (error as Error).message) : unsendable(url, error));
    }
    const asked = stream;
    let failure: Error | undefined;
    const refuse = () => fail(handshake.refusal());
    const take = (status: number, fields: readonly string[]) => {
      if (isOver) return;
      const answer = headerList(fields);
      const agreement = handshake.answered(status, answer);
      if (agreement !== null) {
        finish();
        const carried = new Http2ByteStream(asked, () => connection.giveBack());
        try {
          resolve(agreed(carried, { ...agreement, response: { status, headers: answer } }));
          attempt.notice?.({ type: "answered", url, status });
        } catch (error) {
          reject(error);
          carried.destroy();
        }
      } else if (handshake.refused) {
        // Only now: some platforms give what comes behind the head before it.
        asked.on("data", (chunk: Uint8Array) => {
          handshake.receive(chunk);
          if (handshake.bodyComplete) refuse();
        });
        if (handshake.bodyComplete) refuse();
        else cancelGrace = clock.after(bodyGrace, refuse);
      }
    };
    const guarded: typeof take = (status, fields) => {
      try {
        take(status, fields);
      } catch (error) {
        fail(error);
      }
    };
    const hear = (head: Record<string, unknown>, _flags: number, fields: readonly string[]) =>
      guarded(Number(head[":status"]), fields);
    asked.on("headers", hear as never);
    asked.on("response", hear as never);
    asked.on("error", (error: Error) => {
      failure = error;
    });
    // Bun ends a stream that was reset as well, before it says so.
    asked.on("end", () => setImmediate(fail, handshake.ended("the server ended the stream")));
    asked.on("close", () => {
      if (isOver) return;
      const how = howItEnded(asked);
      if (handshake.refused) refuse();
      else if (asked.rstCode === http2Codes.HTTP_1_1_REQUIRED) fail(refused(url, how, true));
      else if (connection.hasRefused(asked)) fail(refused(url, how));
      else if (connection.isLost) fail(socketError(connection.error ?? new Error(how), "upgrade", url));
      else fail(handshake.ended(failure?.message ?? how));
    });
  });
}

function refused(url: string, how: string, wantsHttp1 = false): RefusedStream {
  return new RefusedStream(
    new HandshakeError(`handshake with ${url} failed: the server did not take it: ${how}`, { url }),
    wantsHttp1,
  );
}

/** What only the platform knows: which headers must not be repeated. */
function unsendable(url: string, cause: unknown): InvalidArgumentError {
  const { message } = cause as Error;
  return new InvalidArgumentError(`the headers cannot be sent over HTTP/2: ${message}`, { url, cause });
}

function headerList(fields: readonly string[]): HeaderList {
  const headers = new HeaderList();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? "";
    if (!name.startsWith(":")) headers.add(name, fields[at + 1] ?? "");
  }
  return headers;
}
