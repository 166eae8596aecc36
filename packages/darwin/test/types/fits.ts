// SPDX-License-Identifier: Apache-2.0
// Holds what the engine uses of Foundation against NativeScript's types of it. Compiled, never run.
import type {
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
} from "../../src/foundation.ts";

type Fits<Apple extends Ours, Ours> = Apple;
/** An error where Apple's type is not one of ours. */
export type All = [
  Fits<NSData, FoundationData>,
  Fits<NSError, FoundationError>,
  Fits<NSURLRequest, FoundationRequest>,
  Fits<NSMutableURLRequest, FoundationMutableRequest>,
  Fits<NSURLSessionConfiguration, FoundationSessionConfiguration>,
  Fits<NSHTTPURLResponse, FoundationResponse>,
  Fits<NSURLSessionWebSocketMessage, FoundationMessage>,
  Fits<NSURLSessionTask, FoundationTask>,
  Fits<NSURLSessionWebSocketTask, FoundationWebSocketTask>,
  Fits<NSURLSession, FoundationSession>,
  Fits<NSURLAuthenticationChallenge, FoundationChallenge>,
  // A method that Apple's delegates do not have would never be called.
  Fits<Required<NSURLSessionWebSocketDelegate>, FoundationSessionDelegate>,
];

/** `extend` is NativeScript's own, and its types do not have it. */
declare const extendable: typeof NSObject & Pick<DarwinFoundation["NSObject"], "extend">;

export const classes: DarwinFoundation = {
  NSObject: extendable,
  NSURLSessionWebSocketDelegate,
  NSOperationQueue,
  NSURL,
  NSMutableURLRequest,
  NSURLSessionConfiguration,
  NSURLSession,
  NSURLSessionWebSocketMessage,
  NSData,
  interop,
};
