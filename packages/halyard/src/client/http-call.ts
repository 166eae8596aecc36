// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { isFieldValue, isToken } from "../protocol/handshake/header-grammar.ts";
import { observe } from "../session/waiting.ts";
import type { HttpClientEngine } from "./engine.ts";
import { UnsupportedCapabilityError } from "./errors.ts";
import type { HttpBody } from "./http-request.ts";
import {
  type HttpAnswer,
  type Interceptor,
  type OutgoingRequest,
  originOf,
  sendThrough,
} from "./http-send.ts";
import { platformFetch } from "./platform-fetch.ts";
import type { ProxyInput } from "./proxy-options.ts";

/** A plain HTTP request, complete. */
export interface OutgoingHttpRequest extends OutgoingRequest {
  readonly method: string;
  readonly body: HttpBody | undefined;
  readonly socketPath: string | undefined;
  readonly proxy: ProxyInput | undefined;
}

interface ResponseAnswer extends HttpAnswer {
  readonly response: Response;
}

/**
 * Sends a plain HTTP request through interceptors, which may send more than one. The bodies of others than the last are
 * dropped.
 *
 * @param connecting - called for each request that is sent; what it gives is called when the answer is there
 */
export async function requestThrough(
  chain: readonly Interceptor[],
  engine: HttpClientEngine,
  request: OutgoingHttpRequest,
  signal: AbortSignal,
  connecting: (url: string) => () => void,
): Promise<Response> {
  const responses = new Set<Response>();
  const send = sendThrough<OutgoingHttpRequest, ResponseAnswer>(
    chain,
    { kind: "http", origin: originOf(request.url), clock: engine.clock, signal },
    async (outgoing) => {
      signal.throwIfAborted();
      const connected = connecting(outgoing.safeUrl);
      const response = await fetchWith(engine, outgoing, signal).finally(connected);
      responses.add(response);
      return { status: response.status, headers: response.headers, response };
    },
  );
  try {
    const { response } = await send(request);
    responses.delete(response);
    return response;
  } finally {
    for (const response of responses) dropBody(response);
  }
}

/** A body that nobody reads would keep its connection. */
export function dropBody({ body }: Response): void {
  if (body !== null && !body.locked) observe(body.cancel());
}

async function fetchWith(
  engine: HttpClientEngine,
  request: OutgoingHttpRequest,
  signal: AbortSignal,
): Promise<Response> {
  checkRequest(engine, request);
  const { url, safeUrl, headers, method, body, socketPath, proxy } = request;
  // Where a program cannot set headers it is a page's, to which no redirect is shown: the platform follows it.
  const redirect = engine.capabilities.has("requestHeaders") ? "manual" : "follow";
  const asked = { url, safeUrl, headers, method, body, socketPath, proxy, redirect, signal } as const;
  return await (engine.fetch?.(asked) ?? platformFetch(asked));
}

/** The platform's own error would show the value. */
function checkRequest(
  engine: HttpClientEngine,
  { headers, safeUrl: url, socketPath, proxy }: OutgoingHttpRequest,
): void {
  for (const [name, value] of headers) {
    if (!isToken(name)) throw new InvalidArgumentError("the name of a header is not a token", { url });
    if (!isFieldValue(value)) {
      throw new InvalidArgumentError(
        `the value of the header ${name} has a control character or one above U+00FF`,
        {
          url,
        },
      );
    }
    if (name.toLowerCase() === "cookie" && !engine.capabilities.has("requestHeaders")) {
      const wanted = "the platform sends its own cookies; leave cookies and HttpCookies out";
      throw new UnsupportedCapabilityError(engine.name, "requestHeaders", wanted, { url });
    }
  }
  if (proxy !== undefined && engine.fetch === undefined) {
    const wanted = "it cannot choose a proxy; leave the request's proxy out, the platform may have one";
    throw new UnsupportedCapabilityError(engine.name, "proxies", wanted, { url });
  }
  if (socketPath !== undefined && engine.fetch === undefined) {
    throw new UnsupportedCapabilityError(engine.name, "unixSockets", "it cannot connect to socketPath", {
      url,
    });
  }
}
