// SPDX-License-Identifier: Apache-2.0
// What is used of Apple's Foundation, by the names that NativeScript gives its selectors. A type test holds all of it
// against `@nativescript/types-ios`; ambient types of NativeScript are not needed to use the engine.

/** `NSData`. */
export interface FoundationData {
  readonly length: number;
}

/** `NSError`. */
export interface FoundationError {
  readonly domain: string;
  readonly code: number;
  readonly localizedDescription: string;
}

/** `NSURLRequest`. */
export interface FoundationRequest {
  readonly timeoutInterval: number;
}

/** `NSMutableURLRequest`: what `configureRequest` is given. */
export interface FoundationMutableRequest extends FoundationRequest {
  timeoutInterval: number;
  setValueForHTTPHeaderField(value: string | null, field: string): void;
}

/** `NSURLSessionConfiguration`: what `configureSession` is given. */
export interface FoundationSessionConfiguration {
  HTTPCookieStorage: object | null;
  timeoutIntervalForRequest: number;
  timeoutIntervalForResource: number;
}

/** `NSHTTPURLResponse`. */
export interface FoundationResponse {
  readonly statusCode: number;
  readonly allHeaderFields: {
    enumerateKeysAndObjectsUsingBlock(block: (name: string, value: string) => void): void;
  };
}

/** `NSURLSessionWebSocketMessage`. */
export interface FoundationMessage {
  readonly string: string | null;
  readonly data: FoundationData | null;
}

/** `NSURLSessionTask`. */
export interface FoundationTask {
  readonly taskIdentifier: number;
  /** An `NSHTTPURLResponse`, as soon as the server has answered. */
  readonly response: object | null;
  resume(): void;
  cancel(): void;
}

/** `NSURLSessionWebSocketTask`. */
export interface FoundationWebSocketTask extends FoundationTask {
  maximumMessageSize: number;
  /** 0 before there is one. */
  readonly closeCode: number;
  readonly closeReason: FoundationData | null;
  sendMessageCompletionHandler(
    message: FoundationMessage,
    completionHandler: (error: FoundationError | null) => void,
  ): void;
  receiveMessageWithCompletionHandler(
    completionHandler: (message: FoundationMessage | null, error: FoundationError | null) => void,
  ): void;
  sendPingWithPongReceiveHandler(pongReceiveHandler: (error: FoundationError | null) => void): void;
  cancelWithCloseCodeReason(closeCode: number, reason: FoundationData | null): void;
}

/** `NSURLSession`. */
export interface FoundationSession {
  webSocketTaskWithRequest(request: FoundationRequest): FoundationWebSocketTask;
  invalidateAndCancel(): void;
}

/** `NSURLAuthenticationChallenge`: what `handleChallenge` is given. */
export interface FoundationChallenge {
  readonly protectionSpace: {
    readonly authenticationMethod: string;
    readonly host: string;
    readonly port: number;
    /** A `SecTrust`, for `NSURLCredential.credentialForTrust`. */
    readonly serverTrust: unknown;
  };
}

/**
 * Answers a challenge, once.
 *
 * @param disposition - an `NSURLSessionAuthChallengeDisposition`: 0 use the credential, 1 do as if nobody were asked, 2
 * give the connection up, 3 reject this way of authentication
 * @param credential - an `NSURLCredential`
 */
export type ChallengeCompletionHandler = (disposition: number, credential: object | null) => void;

/** Of `NSURLSessionWebSocketDelegate` and the protocols it extends, what the engine implements. */
export interface FoundationSessionDelegate {
  URLSessionWebSocketTaskDidOpenWithProtocol(
    session: FoundationSession,
    webSocketTask: FoundationWebSocketTask,
    protocol: string | null,
  ): void;
  URLSessionWebSocketTaskDidCloseWithCodeReason(
    session: FoundationSession,
    webSocketTask: FoundationWebSocketTask,
    closeCode: number,
    reason: FoundationData | null,
  ): void;
  URLSessionTaskDidCompleteWithError(
    session: FoundationSession,
    task: FoundationTask,
    error: FoundationError | null,
  ): void;
  URLSessionTaskWillPerformHTTPRedirectionNewRequestCompletionHandler(
    session: FoundationSession,
    task: FoundationTask,
    response: FoundationResponse,
    request: FoundationRequest,
    completionHandler: (request: FoundationRequest | null) => void,
  ): void;
  URLSessionTaskDidReceiveChallengeCompletionHandler(
    session: FoundationSession,
    task: FoundationTask,
    challenge: FoundationChallenge,
    completionHandler: ChallengeCompletionHandler,
  ): void;
}

/**
 * The classes and functions of Foundation that the engine uses: on NativeScript they are globals. Another object of them
 * can be given as {@link DarwinOptions.binding}.
 */
export interface DarwinFoundation {
  readonly NSObject: {
    /** NativeScript's: makes a class of the methods, which are called with an instance as `this`. */
    extend(
      methods: FoundationSessionDelegate,
      options: { readonly protocols: readonly unknown[] },
    ): { new: () => object };
  };
  readonly NSURLSessionWebSocketDelegate: object;
  readonly NSOperationQueue: { readonly mainQueue: object };
  readonly NSURL: { URLWithString(text: string): object | null };
  readonly NSMutableURLRequest: { requestWithURL(url: object): FoundationMutableRequest };
  readonly NSURLSessionConfiguration: {
    readonly defaultSessionConfiguration: FoundationSessionConfiguration;
  };
  readonly NSURLSession: {
    sessionWithConfigurationDelegateDelegateQueue(
      configuration: FoundationSessionConfiguration,
      delegate: object | null,
      queue: object | null,
    ): FoundationSession;
  };
  readonly NSURLSessionWebSocketMessage: {
    alloc(): {
      initWithString(text: string): FoundationMessage;
      initWithData(data: FoundationData): FoundationMessage;
    };
  };
  readonly NSData: { dataWithData(data: FoundationData): FoundationData };
  /** NativeScript's. */
  readonly interop: { bufferFromData(data: FoundationData): ArrayBuffer };
}
