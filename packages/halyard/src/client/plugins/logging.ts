// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { shown } from "../../protocol/given.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import { printable, safeHeader } from "../../session/safe-text.ts";
import { observe } from "../../session/waiting.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";

/** What is logged of a request. There is no level for bodies and frames: they are the program's. Ktor: `LogLevel`. */
export type LogLevel = "none" | "info" | "headers";

interface LogEventBase {
  /** Counts the requests of the plugin, from 1: a redirect, a retry, an answer to a challenge is one more. */
  readonly request: number;
  readonly kind: "webSocket" | "http";
  readonly method: string;
  /** Free of secrets. */
  readonly url: string;
}

/** One event, with nothing secret in it and every text safe to print. */
export type LogEvent = LogEventBase &
  (
    | { readonly type: "request"; readonly headers?: readonly (readonly [string, string])[] }
    | {
        readonly type: "response";
        readonly status: number;
        readonly milliseconds: number;
        readonly headers?: readonly (readonly [string, string])[];
      }
    | {
        readonly type: "failure";
        readonly milliseconds: number;
        /** The `code` of the error, or its name. Its message may be another's, and is not shown. */
        readonly error: string;
      }
  );

/** Takes events. What it throws, and what a promise of it rejects with, is counted and forgotten. Ktor: `Logger`. */
export interface Logger {
  log(event: LogEvent): unknown;
}

/** The plugin at work. */
export interface LoggingInstance extends PluginInstance {
  /** How many events the logger has thrown at. */
  readonly failures: number;
}

/**
 * Tells of each request that is sent, and of its answer. URLs are without user information and query; headers that hold
 * secrets, by their names, are shown as `***`. Ktor: `Logging`.
 */
export const Logging: HttpClientPlugin<"Logging", Logging.Config, LoggingInstance> = {
  name: "Logging",
  prepare(config) {
    const { logger = consoleLogger, level = "info", sanitizeHeader = () => false } = checkConfig(config);
    let failures = 0;
    let count = 0;
    const tell = (event: LogEvent) => {
      const failed = () => void failures++;
      try {
        const told = logger.log(event);
        if (told instanceof Promise) observe(told.catch(failed));
      } catch {
        failed();
      }
    };
    const shown = (headers: Iterable<readonly [string, string]>) =>
      level === "headers"
        ? {
            headers: Array.from(headers, ([name, value]): [string, string] => [
              printable(name),
              sanitizeHeader(name) ? "***" : safeHeader(name, value),
            ]),
          }
        : {};
    return {
      get failures() {
        return failures;
      },
      async intercept(request, send, { kind, clock }) {
        if (level === "none") return await send(request);
        const { method = "GET" } = request;
        const base = { request: ++count, kind, method: printable(method), url: printable(request.safeUrl) };
        const began = clock.now();
        tell({ ...base, type: "request", ...shown(request.headers) });
        try {
          const answer = await send(request);
          const { status, headers } = answer;
          tell({ ...base, type: "response", status, milliseconds: clock.now() - began, ...shown(headers) });
          return answer;
        } catch (error) {
          tell({ ...base, type: "failure", milliseconds: clock.now() - began, error: nameOf(error) });
          throw error;
        }
      },
    };
  },
};

export declare namespace Logging {
  /** What `install(Logging, config)` takes. Ktor: `LoggingConfig`. */
  export interface Config {
    /** @defaultValue one that prints a line of JSON an event on the console */
    readonly logger?: Logger | undefined;
    /** @defaultValue "info" */
    readonly level?: LogLevel | undefined;
    /** Which headers are not shown, besides those that are not anyway. */
    readonly sanitizeHeader?: ((name: string) => boolean) | undefined;
  }
}

// oxlint-disable-next-line no-console -- it is what this one is for
const consoleLogger: Logger = { log: (event) => console.log(JSON.stringify(event)) };

function checkConfig(config: Logging.Config): Logging.Config {
  const given = pickOptions<Logging.Config>("Logging", config, ["logger", "level", "sanitizeHeader"]);
  const { logger, level, sanitizeHeader } = given;
  if (logger !== undefined && typeof logger.log !== "function") {
    throw new InvalidArgumentError("logger has no function log");
  }
  if (sanitizeHeader !== undefined) checkType("sanitizeHeader", sanitizeHeader, "function");
  if (level !== undefined && !["none", "info", "headers"].includes(level)) {
    throw new InvalidArgumentError(`level must be none, info or headers, not ${printable(shown(level))}`);
  }
  return given;
}

function nameOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  const told = typeof code === "string" ? code : name;
  return printable(typeof told === "string" ? told : "unknown");
}
