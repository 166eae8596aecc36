// SPDX-License-Identifier: Apache-2.0
import type { Phase } from "../protocol/errors.ts";
import { ConnectionError, TlsError, type TriedAddress } from "../session/errors.ts";

/** What failed, in the words of a sentence that goes on with the URL. */
const doing: Record<Phase, string> = {
  dns: "cannot resolve the name for",
  connect: "cannot connect to",
  proxy: "the proxy did not lead to",
  tls: "cannot establish TLS with",
  upgrade: "the connection was lost during the handshake with",
  open: "the connection was lost to",
  closing: "the connection was lost while closing",
};

/** What advice a user can act on. */
const remedies: Record<string, string> = {
  ENOTFOUND: "check the host name",
  EAI_AGAIN: "the resolver did not answer: check the network",
  ECONNREFUSED: "nothing listens there: check host and port",
  ENOENT: "check the path of the Unix socket",
  DEPTH_ZERO_SELF_SIGNED_CERT: "trust it by the engine's tls.ca",
  SELF_SIGNED_CERT_IN_CHAIN: "trust its authority by the engine's tls.ca",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "trust its authority by the engine's tls.ca",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "trust its authority by the engine's tls.ca",
  CERT_HAS_EXPIRED: "the server's certificate must be renewed",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name: check the host, or set tls.servername",
  ERR_HALYARD_PIN_MISMATCH: "if its key was changed on purpose, add the new one to the engine's tls.pins",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "the server wants a certificate of ours: set tls.cert and tls.key",
  ERR_SSL_WRONG_VERSION_NUMBER: "does the server speak TLS on this port?",
  EPROTO: "does the server speak TLS on this port?",
};

/** Makes the typed error of a socket's own one. */
export function socketError(error: Error, phase: Phase, url: string | undefined): ConnectionError {
  const cause = flatten(error);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  const remedy = code === undefined ? undefined : remedyOf(code);
  const text = `${doing[phase]} ${url ?? "the peer"}: ${summary(cause)}${remedy === undefined ? "" : ` (${remedy})`}`;
  const context = { phase, url, cause: error, addresses: addressesOf(error) };
  return code !== undefined && isOfTls(code, phase)
    ? new TlsError(text, code, context)
    : new ConnectionError(text, context);
}

/** Who has turned verification off for all of Node, and is refused all the same, is told why. */
function remedyOf(code: string): string | undefined {
  const remedy = remedies[code];
  const isOff = process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0";
  return isOff && /CERT|SIGNATURE/.test(code)
    ? `${remedy ?? ""}; NODE_TLS_REJECT_UNAUTHORIZED is not obeyed`
    : remedy;
}

/** OpenSSL's own errors and ours tell; the names of what is wrong with a certificate have only in common not to be errno's. */
function isOfTls(code: string, phase: Phase): boolean {
  return (
    code === "EPROTO" || /^ERR_(?:SSL|HALYARD)_/.test(code) || (phase === "tls" && !/^E[A-Z0-9]+$/.test(code))
  );
}

/** Of OpenSSL's line of addresses, routines and source files the reason alone. Bun and Deno have shorter ones like it. */
function summary(error: Error): string {
  const [, reason] = /SSL routines:[^:]*:([^:)\n]+)/.exec(error.message) ?? [];
  return reason ?? error.message;
}

/** The addresses that the platform names in its error, one for each attempt. */
function addressesOf(error: Error): TriedAddress[] {
  const attempts = (error instanceof AggregateError ? error.errors : [error]) as Partial<TriedAddress>[];
  return attempts.flatMap((attempt) => {
    const { address } = attempt;
    return address === undefined ? [] : [{ address, port: attempt.port, code: attempt.code }];
  });
}

/** Of the attempts on several addresses (an AggregateError whose own message is empty) the first tells the most. */
function flatten(error: Error): Error {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as Error[];
  const message = errors.map((each) => each.message).join("; ");
  return Object.assign(new Error(message), { code: (error as { code?: string }).code });
}
