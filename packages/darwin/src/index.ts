// SPDX-License-Identifier: Apache-2.0
// The entry `@halyard/darwin`.
import type { HttpClientEngineFactory } from "halyard";
import { MessageEngine } from "halyard/engine";
import { DarwinBinding } from "./darwin-binding.ts";
import { type DarwinOptions, resolveOptions } from "./options.ts";

export { DarwinRequestError } from "./errors.ts";
export type {
  ChallengeCompletionHandler,
  DarwinFoundation,
  FoundationChallenge,
  FoundationData,
  FoundationError,
  FoundationMessage,
  FoundationMutableRequest,
  FoundationRequest,
  FoundationResponse,
  FoundationSession,
  FoundationSessionConfiguration,
  FoundationSessionDelegate,
  FoundationTask,
  FoundationWebSocketTask,
} from "./foundation.ts";
export type { DarwinOptions } from "./options.ts";

/**
 * The engine over Apple's `NSURLSessionWebSocketTask`, in NativeScript for iOS and visionOS. What it cannot do is an
 * {@link UnsupportedCapabilityError}. It was never run on a device of Apple's, only on a double of Foundation. Ktor:
 * `io.ktor.client.engine.darwin.Darwin`.
 */
export const Darwin: HttpClientEngineFactory<DarwinOptions> = {
  name: "Darwin",
  create: (options = {}) => new MessageEngine(new DarwinBinding(resolveOptions(options))),
};
