// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, HandshakeError, InvalidArgumentError, PingTimeoutError, TlsError } from "halyard";
import { headersOf } from "./answer.ts";

/** What OkHttp gives to `onFailure`. */
export interface Failure {
  /** The exception's class and those it extends, by their full names. */
  readonly classes: readonly string[];
  readonly message: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** Of the answer: names and values by turns. */
  readonly headers: readonly string[];
  /** The beginning of the answer's body, where it can be read. */
  readonly body: string | undefined;
  /** The peer's Close frame, where that had come. */
  readonly received?: { readonly code: number; readonly message: string } | undefined;
}

/** What kept a connection from being opened, as the error of that. */
export function openingError(failure: Failure, url: string): Error {
  const { status, body } = failure;
  const [message, cause] = [messageOf(failure), causeOf(failure)];
  const is = (name: string) => failure.classes.includes(name);
  if (status !== 0) {
    const text =
      status === 101 ? `the answer of ${url} is none to our request: ${message}` : refusal(url, status);
    return new HandshakeError(text, { status, headers: headersOf(failure.headers), body, url, cause });
  }
  if (is("java.lang.IllegalArgumentException")) return new InvalidArgumentError(message, { url, cause });
  if (is("java.net.UnknownHostException")) {
    return new ConnectionError(`cannot resolve the name for ${url}: ${message}`, {
      phase: "dns",
      url,
      cause,
    });
  }
  if (is("javax.net.ssl.SSLException")) {
    const reason = failure.classes[0]?.replace(/^.*\./, "");
    return new TlsError(`cannot establish TLS with ${url}: ${message}`, reason, { url, cause });
  }
  if (
    is("java.net.ConnectException") ||
    is("java.net.NoRouteToHostException") ||
    is("java.io.InterruptedIOException")
  ) {
    return new ConnectionError(`cannot connect to ${url}: ${message}`, { phase: "connect", url, cause });
  }
  if (is("java.net.SocketException")) {
    const text = `the connection was lost during the handshake with ${url}: ${message}`;
    return new ConnectionError(text, { phase: "upgrade", url, cause });
  }
  return new HandshakeError(`${url} gave no answer: ${message}`, { url, cause });
}

/** What ended an open connection. @returns undefined for an end without a word */
export function lossOf(failure: Failure, url: string, pingInterval: number | undefined): Error | undefined {
  if (failure.classes.includes("java.io.EOFException") && failure.received === undefined) return undefined;
  if (pingInterval !== undefined && failure.message.startsWith("sent ping but didn't receive pong")) {
    return new PingTimeoutError(pingInterval, { url });
  }
  return causeOf(failure);
}

function refusal(url: string, status: number): string {
  return `${url} answered with status ${status} instead of 101`;
}

/** OkHttp repeats the value of a header that it refuses, which may be a secret. */
function messageOf({ message }: Failure): string {
  return message.replace(/ (?:in .*? )?value: .*$/s, " in a header's value");
}

function causeOf(failure: Failure): Error {
  return new Error(`${failure.classes[0] ?? "unknown"}: ${messageOf(failure)}`);
}
