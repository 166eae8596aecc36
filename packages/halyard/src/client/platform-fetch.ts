// SPDX-License-Identifier: Apache-2.0
import type { HalyardError } from "../protocol/errors.ts";
import { ConnectionError } from "../session/errors.ts";
import type { FetchRequest } from "./engine.ts";

/**
 * Sends a request by the platform's `fetch`.
 *
 * @param extra - what this platform's `fetch` takes besides what all take, such as a dispatcher
 * @param errorOf - what an error of this platform means, where it is one of those that are known
 * @throws {@link ConnectionError}, or the reason of an abort
 */
export async function platformFetch(
  request: FetchRequest,
  extra: object = {},
  errorOf?: (error: unknown, url: string) => HalyardError | undefined,
): Promise<Response> {
  const { url, method, headers, body, redirect, signal } = request;
  const isStream = typeof body === "object" && "getReader" in body;
  try {
    return await fetch(url.href, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      body: body ?? null,
      redirect,
      signal,
      ...(isStream ? { duplex: "half" } : {}),
      ...extra,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw errorOf?.(error, request.safeUrl) ?? fetchError(error, request.safeUrl);
  }
}

/** Platforms put the whole URL into their errors, as Bun does into `path`, so no more is kept than the names of the fault. */
function fetchError(error: unknown, url: string): ConnectionError {
  const { cause = error } = error as { cause?: unknown };
  const { code, name } = cause as { code?: unknown; name?: unknown };
  const what = typeof code === "string" ? code : String(name);
  return new ConnectionError(`the request to ${url} failed: ${what}`, { url, phase: "connect" });
}
