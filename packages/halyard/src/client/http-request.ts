// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions, shown } from "../protocol/given.ts";
import { isToken } from "../protocol/handshake/header-grammar.ts";
import { pickOptions } from "../session/options.ts";
import type { RequestCredentials } from "./credentials.ts";
import { callOptions, checkSignal, type RequestTarget, targetOptions } from "./request-parts.ts";
import type { RequestTimeouts } from "./request-timeouts.ts";

/** What the platform's `Response`, and so its `fetch`, takes for a body: text, bytes, `URLSearchParams`, `FormData`, a stream. */
export type HttpBody = NonNullable<ConstructorParameters<typeof Response>[0]>;

/** A plain HTTP request. What the URL says can be said in parts as well; a part wins over the URL. */
export interface HttpRequestOptions extends Omit<RequestTarget, "subprotocols">, RequestCredentials {
  /** A token of RFC 9110 section 9.1, in capitals as a rule. @defaultValue that of the call's name, or "GET" */
  readonly method?: string | undefined;
  readonly body?: HttpBody | undefined;
  /** What is sent as JSON instead of `body`, with its `Content-Type` unless there is one. */
  readonly json?: unknown;
  /** Milliseconds until the head of the response, or all bounds in time. @defaultValue those of `HttpTimeout`, or 10,000 */
  readonly timeout?: number | RequestTimeouts | undefined;
  /** Aborts the request, and later the reading of the response's body. */
  readonly signal?: AbortSignal | undefined;
}

/** A plain HTTP request: a URL, or options. */
export type HttpRequest = string | URL | HttpRequestOptions;

/** The request as options, checked for unknown ones. @param named - the method that the call's name says */
export function httpRequestOptions(request: HttpRequest, named?: string): Partial<HttpRequestOptions> {
  if (typeof request === "string" || request instanceof URL)
    return ownOptions({ url: request, method: named });
  const options = pickOptions<HttpRequestOptions>("a request", request, [
    ...targetOptions.filter((name) => name !== "subprotocols"),
    ...callOptions,
    "body",
    "json",
  ]);
  const { method = named, body, json, signal } = options;
  if (method !== undefined && !(typeof method === "string" && isToken(method))) {
    throw new InvalidArgumentError("method is not a token, such as GET");
  }
  if (named !== undefined && method !== named) {
    throw new InvalidArgumentError(`method is ${method}, and the call is for ${named}: use request()`);
  }
  if (body !== undefined && json !== undefined) {
    throw new InvalidArgumentError("body and json are both given: one of them is the content");
  }
  checkSignal(signal);
  return ownOptions({ ...options, method });
}

/** @throws {@link InvalidArgumentError} for what JSON cannot hold */
export function jsonText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new InvalidArgumentError("json cannot be written as JSON: see the cause", { cause });
  }
  if (text !== undefined) return text;
  throw new InvalidArgumentError(`json is ${shown(value)}, which JSON has not: send null, or an object`);
}
