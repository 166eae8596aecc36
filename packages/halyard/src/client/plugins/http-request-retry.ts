// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { shown } from "../../protocol/given.ts";
import type { Clock } from "../../session/clock.ts";
import { checkTimeout } from "../../session/durations.ts";
import { ConnectionError, ProxyError, TlsError } from "../../session/errors.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import { Deferred, unlessAborted } from "../../session/waiting.ts";
import { type HttpAnswer, isRepeatable, type OutgoingRequest } from "../http-send.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";

/** What came of one attempt: an answer, or an error. */
export type AttemptOutcome = { readonly answer: HttpAnswer } | { readonly error: unknown };

/**
 * Makes a handshake, or an idempotent request of plain HTTP, again when it has failed in a way that may pass: behind a wait
 * that grows and is random, so that many clients do not come back at once, or the one that the server asks for by
 * `Retry-After`. All attempts are within the call's one deadline; an abort ends the wait. It does not reconnect a session
 * that was open. Ktor: `HttpRequestRetry`.
 *
 * An answer that would be the same again, such as 401, 403 or 404, also of a proxy's, and a failure of TLS are not retried.
 */
export const HttpRequestRetry: HttpClientPlugin<"HttpRequestRetry", HttpRequestRetry.Config, PluginInstance> =
  {
    name: "HttpRequestRetry",
    prepare(config) {
      const rules = checkRules(config);
      return {
        stage: "retry",
        async intercept(request, send, { clock, signal }) {
          for (let attempt = 1; ; attempt++) {
            const outcome = await send(request).then(
              (answer) => ({ answer }),
              (error: unknown) => ({ error }),
            );
            signal.throwIfAborted();
            const wait = attempt > rules.maxRetries ? null : waitBefore(rules, attempt, request, outcome);
            if (wait !== null) await delay(clock, wait, signal);
            else if ("answer" in outcome) return outcome.answer;
            else throw outcome.error;
          }
        },
      };
    },
  };

export declare namespace HttpRequestRetry {
  /** What `install(HttpRequestRetry, config)` takes. Times are in milliseconds. Ktor: `HttpRequestRetryConfig`. */
  export interface Config {
    /** How often one call is tried again. @defaultValue 3 */
    readonly maxRetries?: number | undefined;
    /** Whether the statuses 429 and 500 to 599 are retried. @defaultValue true */
    readonly retryOnServerErrors?: boolean | undefined;
    /** Whether failures of the network are retried. @defaultValue true */
    readonly retryOnException?: boolean | undefined;
    /**
     * Decides instead of those two. It is not asked about plain HTTP whose method is not idempotent, unless `anyMethod`.
     * @param attempt - which one has just ended, from 1
     */
    readonly retryIf?: ((outcome: AttemptOutcome, attempt: number) => boolean) | undefined;
    /** Whether plain HTTP of any method is retried: a POST may then be done twice. @defaultValue false */
    readonly anyMethod?: boolean | undefined;
    /** The first wait at its longest; each further one is twice as long. Each is random from 0 up. @defaultValue 1,000 */
    readonly baseDelay?: number | undefined;
    /** @defaultValue 60,000 */
    readonly maxDelay?: number | undefined;
    /** Whether `Retry-After` says how long to wait. One that is longer than `maxDelay` ends the attempts. @defaultValue true */
    readonly respectRetryAfter?: boolean | undefined;
    /** A number from 0 to below 1. For tests. @defaultValue the platform's random numbers */
    readonly random?: (() => number) | undefined;
  }
}

type Rules = Required<{
  [Name in keyof HttpRequestRetry.Config]: NonNullable<HttpRequestRetry.Config[Name]>;
}>;

/** RFC 9110 section 9.2.2. */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

function checkRules(config: HttpRequestRetry.Config): Rules {
  const given = pickOptions<HttpRequestRetry.Config>("HttpRequestRetry", config, [
    "maxRetries",
    "retryOnServerErrors",
    "retryOnException",
    "retryIf",
    "anyMethod",
    "baseDelay",
    "maxDelay",
    "respectRetryAfter",
    "random",
  ]);
  const { maxRetries = 3, retryOnServerErrors = true, retryOnException = true } = given;
  if (!Number.isSafeInteger(maxRetries) || maxRetries < 0) {
    throw new InvalidArgumentError(`maxRetries must be an integer from 0, not ${shown(maxRetries)}`);
  }
  for (const name of ["retryOnServerErrors", "retryOnException", "anyMethod", "respectRetryAfter"] as const) {
    if (given[name] !== undefined) checkType(name, given[name], "boolean");
  }
  for (const name of ["retryIf", "random"] as const) {
    if (given[name] !== undefined) checkType(name, given[name], "function");
  }
  const isPassing = (outcome: AttemptOutcome) =>
    "answer" in outcome
      ? retryOnServerErrors && (outcome.answer.status === 429 || outcome.answer.status >= 500)
      : retryOnException && isOfNetwork(outcome.error);
  return {
    maxRetries,
    retryOnServerErrors,
    retryOnException,
    retryIf: given.retryIf ?? isPassing,
    anyMethod: given.anyMethod ?? false,
    baseDelay: checkTimeout("baseDelay", given.baseDelay ?? 1_000),
    maxDelay: checkTimeout("maxDelay", given.maxDelay ?? 60_000),
    respectRetryAfter: given.respectRetryAfter ?? true,
    random: given.random ?? platformRandom,
  };
}

/** Whether it may be otherwise the next time: a certificate is not, nor is what a proxy has forbidden. */
function isOfNetwork(error: unknown): boolean {
  if (!(error instanceof ConnectionError) || error instanceof TlsError) return false;
  if (!(error instanceof ProxyError)) return true;
  const { status = 0, cause } = error;
  return !(cause instanceof TlsError) && (status < 400 || status === 429 || status >= 500);
}

/** How long to wait before the next attempt, or null for none. */
function waitBefore(
  rules: Rules,
  attempt: number,
  request: OutgoingRequest,
  outcome: AttemptOutcome,
): number | null {
  const isAllowed = rules.anyMethod || idempotent.has(request.method ?? "GET");
  if (!isAllowed || !isRepeatable(request) || !rules.retryIf(outcome, attempt)) return null;
  const asked = "answer" in outcome && rules.respectRetryAfter ? retryAfter(outcome.answer.headers) : null;
  // All that were turned away are told the same time.
  if (asked !== null) return asked > rules.maxDelay ? null : asked + rules.random() * rules.baseDelay;
  return rules.random() * Math.min(rules.maxDelay, rules.baseDelay * 2 ** (attempt - 1));
}

/** RFC 9110 section 10.2.3, in milliseconds. A date is compared with the server's own `Date`: our clock may be another. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get("retry-after");
  if (value === null) return null;
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1_000;
  const wait = Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

function platformRandom(): number {
  const [drawn = 0] = new Uint32Array(crypto.getRandomValues(new Uint8Array(4)).buffer);
  return drawn / 2 ** 32;
}

async function delay(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new Deferred<void>();
  const cancel = clock.after(milliseconds, () => over.resolve());
  await unlessAborted(over.promise, signal).finally(cancel);
}
