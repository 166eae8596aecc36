// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { type ConnectionError, TlsError } from "../../session/errors.ts";
import { socketError } from "../../sockets/socket-errors.ts";
import type { TlsOptions } from "../../sockets/tls-options.ts";

/** What a platform's `fetch` takes besides what all take. */
export interface FetchOptions {
  /** Of Deno. */
  readonly client?: { close(): void };
}

/** @returns null where a dispatcher is taken, as on Node. @throws {@link InvalidArgumentError} for what would be ignored */
export function fetchOptions(tls: TlsOptions, socketPath: string | undefined): FetchOptions | null {
  if (process.versions["bun"] !== undefined) {
    check("Bun", tls, ["ca", "cert", "key", "passphrase", "rejectUnauthorized"]);
    return { tls, unix: socketPath } as FetchOptions;
  }
  if (process.versions["deno"] === undefined) return null;
  check("Deno", { ...tls, socketPath } as TlsOptions, ["ca", "cert", "key"]);
  const { ca = [], cert, key } = tls;
  const text = (pem: string | Uint8Array) => (typeof pem === "string" ? pem : new TextDecoder().decode(pem));
  const caCerts = (Array.isArray(ca) ? ca : [ca]).map(text);
  const own = cert === undefined || key === undefined ? {} : { cert: text(cert), key: text(key) };
  return { client: (globalThis as unknown as DenoPlatform).Deno.createHttpClient({ caCerts, ...own }) };
}

interface DenoPlatform {
  readonly Deno: { createHttpClient(options: object): { close(): void } };
}

/** What would be ignored is refused: a pin that nobody looks at protects nobody. */
function check(platform: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const what = name === "socketPath" ? name : `tls.${name}`;
    throw new InvalidArgumentError(
      `the fetch of ${platform} takes no ${what}, so there is no plain HTTP with it`,
    );
  }
}

/**
 * What an error of `fetch` means; undefined for what is not known. Only Node's is shown and kept: Bun and Deno write the
 * whole URL into theirs, with every secret in it.
 */
export function fetchError(error: unknown, url: string): ConnectionError | undefined {
  const { cause = error } = error as { cause?: unknown };
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  if (process.versions["bun"] === undefined && process.versions["deno"] === undefined) {
    // The names of faults in certificates have only in common not to be errno's, nor undici's own.
    const isTls = typeof code === "string" && !/^(?:E(?!PROTO$)[A-Z0-9]+|UND_ERR_\w+)$/.test(code);
    return socketError(cause, isTls ? "tls" : "connect", url);
  }
  const reason = typeof code === "string" ? code : undefined;
  if (!/CERT|SIGNATURE|ISSUER|SSL|TLS|peer certificate/.test(reason ?? cause.message)) return undefined;
  const text = `cannot establish TLS with ${url}${reason === undefined ? "" : `: ${reason}`}`;
  return new TlsError(text, reason, { url });
}
