// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionError,
  FrameTooBigError,
  type HalyardError,
  HandshakeError,
  type Phase,
  ProtocolViolationError,
  TlsError,
} from "halyard";
import type { FoundationError } from "./foundation.ts";

/** What an `NSError` says, without what it may hold of the URL. Ktor: `DarwinHttpRequestException`. */
export class DarwinRequestError extends Error {
  override readonly name = "DarwinRequestError";
  /** For example `NSURLErrorDomain`. */
  readonly domain: string;
  readonly code: number;

  constructor({ domain, code, localizedDescription }: FoundationError) {
    super(`${localizedDescription} (${domain} ${code})`);
    this.domain = domain;
    this.code = code;
  }
}

/** Codes of NSURLErrorDomain: how far it had come, and what can be done. */
const connecting: ReadonlyMap<number, readonly [phase: Phase | undefined, remedy: string]> = new Map([
  [-1003, ["dns", "check the host name"]],
  [-1006, ["dns", "check the host name"]],
  [-1001, [undefined, "the platform's own time-out has passed"]],
  [-1004, ["connect", "check host and port"]],
  [-1009, ["connect", "the device is offline"]],
  [-1005, ["upgrade", "the server ended the connection"]],
  [-1022, ["connect", "ws: needs an exception in NSAppTransportSecurity of Info.plist"]],
]);

const tls: ReadonlyMap<number, string> = new Map([
  [-1200, "NSURLErrorSecureConnectionFailed"],
  [-1201, "NSURLErrorServerCertificateHasBadDate"],
  [-1202, "NSURLErrorServerCertificateUntrusted"],
  [-1203, "NSURLErrorServerCertificateHasUnknownRoot"],
  [-1204, "NSURLErrorServerCertificateNotYetValid"],
  [-1205, "NSURLErrorClientCertificateRejected"],
  [-1206, "NSURLErrorClientCertificateRequired"],
]);

/** What is known of a server's answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
}

/** The answer is a refusal. */
export function refused(url: string, answer: Answer, cause?: unknown): HandshakeError {
  return new HandshakeError(`${url} answered with status ${answer.status} instead of 101`, {
    ...answer,
    url,
    cause,
  });
}

/** A task ended before it was open. @param thrown - by the handler of a challenge */
export function openingFailed(
  url: string,
  error: FoundationError | null,
  answer: Answer | undefined,
  thrown: unknown,
): HalyardError {
  if (thrown !== undefined) {
    return new TlsError(`handleChallenge gave up the connection to ${url}`, undefined, {
      url,
      cause: thrown,
    });
  }
  if (error === null) return new HandshakeError(`the connection to ${url} ended before it was open`, { url });
  const cause = new DarwinRequestError(error);
  const { domain, code } = error;
  if (answer !== undefined && answer.status !== 101) return refused(url, answer, cause);
  const text = `cannot connect to ${url}: ${cause.message}`;
  if (domain === "NSURLErrorDomain") {
    const reason = tls.get(code);
    if (reason !== undefined) return new TlsError(text, reason, { url, cause });
    // Nobody but a challenge cancels what is being opened.
    if (code === -999)
      return new TlsError(`a challenge gave up the connection to ${url}`, undefined, { url, cause });
    const [phase, remedy] = connecting.get(code) ?? [];
    if (remedy !== undefined) return new ConnectionError(`${text}; ${remedy}`, { phase, url, cause });
  }
  return new HandshakeError(text, { url, cause });
}

/** The faults of the peer that a platform tells by an errno; that of iOS comes in two domains. */
export function faultOf(error: FoundationError | null, limit: number, url: string): HalyardError | null {
  if (error === null || !/^(NSPOSIXErrorDomain|kNWErrorDomainPOSIX)$/.test(error.domain)) return null;
  const cause = new DarwinRequestError(error);
  // Darwin's EMSGSIZE. How large the message is it does not tell.
  if (error.code === 40) return new FrameTooBigError("maxMessageSize", limit + 1, limit, { url, cause });
  // Darwin's EPROTO.
  if (error.code === 100)
    return new ProtocolViolationError("the peer broke the protocol", 1002, { url, cause });
  return null;
}

/** Whether the task was cancelled, which the engine itself does. */
export function isCancellation({ domain, code }: FoundationError): boolean {
  return domain === "NSURLErrorDomain" ? code === -999 : code === 89;
}
