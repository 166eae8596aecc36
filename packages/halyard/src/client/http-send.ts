// SPDX-License-Identifier: Apache-2.0
import type { Header } from "../protocol/handshake/header-list.ts";
import type { Clock } from "../session/clock.ts";
import type { HttpBody } from "./http-request.ts";
import type { ProxyInput } from "./proxy-options.ts";

/** A request on its way, a handshake or plain HTTP. It is not to be changed: an interceptor sends a copy. */
export interface OutgoingRequest {
  /** Without user information and fragment. */
  readonly url: URL;
  /** The URL for messages and errors, free of secrets. */
  readonly safeUrl: string;
  readonly headers: readonly Header[];
  /** @defaultValue "GET", which a handshake always is */
  readonly method?: string | undefined;
  /** Of plain HTTP. A stream can be sent once. */
  readonly body?: HttpBody | undefined;
  /** The path of a Unix socket to connect to instead of the URL's host. */
  readonly socketPath?: string | undefined;
  /** The proxy to connect through, or false for none; undefined is the engine's own choice. It is the caller's, for every hop of a redirect. */
  readonly proxy?: ProxyInput | undefined;
}

/** What a server has answered. To a handshake a refusal is an answer, too: it is thrown where the chain ends. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
}

/** What an interceptor may know of the call that its request is for. */
export interface SendContext {
  readonly kind: "webSocket" | "http";
  /** Of the URL that the call itself has named, with `http:` for `ws:`: a redirect may lead elsewhere. */
  readonly origin: string;
  readonly clock: Clock;
  /** Aborts when the whole call is over: by its deadline, its caller, or the client's end. */
  readonly signal: AbortSignal;
}

/** An origin, which is the same for a handshake as for plain HTTP: ports and cookies do not tell them apart either. */
export function originOf({ origin }: URL): string {
  return origin.replace(/^ws/, "http");
}

/** The values of a header joined as RFC 9110 section 5.3 has it, or undefined. */
export function headerOf({ headers }: OutgoingRequest, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(name === "cookie" ? "; " : ", ");
}

/** The request with a header in place of all that have its name. */
export function withHeader<Request extends OutgoingRequest>(
  request: Request,
  name: string,
  value: string,
): Request {
  const others = request.headers.filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  return { ...request, headers: [...others, [name, value]] };
}

/** Whether a request can be sent twice: what was read from a stream is gone. */
export function isRepeatable({ body }: OutgoingRequest): boolean {
  return typeof body !== "object" || !("getReader" in body || Symbol.asyncIterator in body);
}

/** Sends a request through what is left of the chain. It may be called again, once the answer before has come. */
export type Send<Request extends OutgoingRequest, Answer extends HttpAnswer> = (
  request: Request,
) => Promise<Answer>;

/**
 * Stands between a call and its engine: it may change the request, look at the answer, send again. What it gives back
 * is an answer that `send` gave. Ktor: `HttpSend.intercept`.
 */
export type Interceptor = <Request extends OutgoingRequest, Answer extends HttpAnswer>(
  request: Request,
  send: Send<Request, Answer>,
  context: SendContext,
) => Promise<Answer>;

/**
 * Where in the chain an interceptor stands, from the call to the wire, whatever the order of installation: a redirect
 * is authorized anew, and each request that is sent gets the cookies of its URL.
 */
const stages = ["retry", "redirect", "authorize", "cookies", "wire"] as const;
export type SendStage = (typeof stages)[number];

/** The interceptors of plugins in the order of their stages; within one, in the order of installation. */
export function chainOf(
  plugins: Iterable<{ readonly stage?: SendStage; readonly intercept?: Interceptor }>,
): readonly Interceptor[] {
  const installed = [...plugins];
  return stages.flatMap((stage) =>
    installed.flatMap((plugin) =>
      plugin.intercept !== undefined && (plugin.stage ?? "wire") === stage
        ? [plugin.intercept.bind(plugin)]
        : [],
    ),
  );
}

/** Sends a request through interceptors, the first of which is nearest to the caller. */
export function sendThrough<Request extends OutgoingRequest, Answer extends HttpAnswer>(
  chain: readonly Interceptor[],
  context: SendContext,
  send: Send<Request, Answer>,
): Send<Request, Answer> {
  return chain.reduceRight<Send<Request, Answer>>(
    (inner, intercept) => async (request) => {
      context.signal.throwIfAborted();
      return await intercept(request, inner, context);
    },
    send,
  );
}
