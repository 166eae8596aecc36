// SPDX-License-Identifier: Apache-2.0
import { type Clock, InvalidArgumentError } from "halyard";
import { checkLimit, checkType, pickOptions, systemClock } from "halyard/engine";
import type {
  ChallengeCompletionHandler,
  DarwinFoundation,
  FoundationChallenge,
  FoundationMutableRequest,
  FoundationSession,
  FoundationSessionConfiguration,
  FoundationTask,
} from "./foundation.ts";
import { nativeScript } from "./nativescript.ts";

/** As Halyard's `maxMessageSize` is elsewhere; Apple's own default is 1 MiB. */
const defaultMaximum = 16 * 2 ** 20;

/**
 * The options of the Darwin engine: `new HttpClient(Darwin, { ... })`. Ktor: `DarwinClientEngineConfig`. The callbacks may
 * declare their parameters by the types of `@nativescript/types-ios`, which fit.
 */
export interface DarwinOptions {
  /** How Foundation is reached: by the globals of NativeScript, or in an object. @defaultValue "nativescript" */
  readonly binding?: "nativescript" | DarwinFoundation | undefined;
  /**
   * Changes the `NSURLSessionConfiguration` of the engine's only session, which is made with the first connection. Ktor:
   * `configureSession`. What it throws fails that connection.
   */
  configureSession?(configuration: FoundationSessionConfiguration): void;
  /** Changes the `NSMutableURLRequest` of each connection. Ktor: `configureRequest`. What it throws fails the connection. */
  configureRequest?(request: FoundationMutableRequest): void;
  /**
   * Answers TLS and HTTP challenges: pinned certificates, authorities of one's own, client certificates. It must call the
   * completion handler once; what it throws cancels the connection, and is the error's `cause`. Ktor: `handleChallenge`.
   * @defaultValue what the system does
   */
  handleChallenge?(
    session: FoundationSession,
    task: FoundationTask,
    challenge: FoundationChallenge,
    completionHandler: ChallengeCompletionHandler,
  ): void | Promise<void>;
  /**
   * The largest message that is received, in bytes, more or less: Apple bounds a buffer. `Infinity` for no bound. Ktor:
   * `maxFrameSize` of the plugin. @defaultValue 16 MiB
   */
  readonly maximumMessageSize?: number | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
}

/** The options, checked. */
export interface ResolvedDarwinOptions
  extends Pick<DarwinOptions, "configureSession" | "configureRequest" | "handleChallenge"> {
  readonly foundation: DarwinFoundation;
  readonly maximumMessageSize: number;
  readonly clock: Clock;
}

/** @throws {@link InvalidArgumentError} also where there is no Foundation */
export function resolveOptions(options: DarwinOptions): ResolvedDarwinOptions {
  const given = pickOptions<DarwinOptions>("Darwin", options, [
    "binding",
    "configureSession",
    "configureRequest",
    "handleChallenge",
    "maximumMessageSize",
    "clock",
  ]);
  const { binding = "nativescript", maximumMessageSize = defaultMaximum, clock = systemClock } = given;
  for (const name of ["configureSession", "configureRequest", "handleChallenge"] as const) {
    if (given[name] !== undefined) checkType(name, given[name], "function");
  }
  checkType("clock", clock, "object");
  if (binding !== "nativescript" && typeof binding !== "object") {
    throw new InvalidArgumentError(
      `binding of Darwin is "nativescript" or an object with the classes of Foundation, not ${JSON.stringify(binding)}`,
    );
  }
  return {
    ...given,
    foundation: binding === "nativescript" ? nativeScript() : binding,
    maximumMessageSize: checkLimit("maximumMessageSize", maximumMessageSize),
    clock,
  };
}
