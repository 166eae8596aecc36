// SPDX-License-Identifier: Apache-2.0
// The entry `halyard`.

export type { AttemptWatch, WatchedCall } from "./client/attempt-watch.ts";
export type { RequestAuth, RequestCredentials } from "./client/credentials.ts";
export { DefaultRequest } from "./client/default-request.ts";
export type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineEvent,
  EngineRequest,
  FetchRequest,
  HttpClientEngine,
  HttpClientEngineFactory,
} from "./client/engine.ts";
export { ClientClosedError, PluginNotInstalledError, UnsupportedCapabilityError } from "./client/errors.ts";
export {
  type ClientWebSocketSession,
  type DefaultClientWebSocketSession,
  HttpClient,
  type SessionBlock,
} from "./client/http-client.ts";
export type { HttpBody, HttpRequest, HttpRequestOptions } from "./client/http-request.ts";
export type {
  HttpAnswer,
  Interceptor,
  OutgoingRequest,
  Send,
  SendContext,
  SendStage,
} from "./client/http-send.ts";
export type { HttpClientPlugin, PluginInstance } from "./client/plugin.ts";
export {
  Auth,
  type AuthProvider,
  type AuthProviderOptions,
  type AuthRequest,
} from "./client/plugins/auth.ts";
export { type BasicAuthOptions, basicAuth } from "./client/plugins/basic-auth.ts";
export {
  type BearerAuthOptions,
  type BearerAuthProvider,
  type BearerTokens,
  bearerAuth,
} from "./client/plugins/bearer-auth.ts";
export type { Challenge } from "./client/plugins/challenges.ts";
export { ConnectionEvents, type ConnectionEventsInstance } from "./client/plugins/connection-events.ts";
export type {
  ConnectionEvent,
  ConnectionEventBase,
  ConnectionFailure,
} from "./client/plugins/connection-watch.ts";
export { type DigestAlgorithm, type DigestAuthOptions, digestAuth } from "./client/plugins/digest-auth.ts";
export {
  type CookiesStorage,
  constantCookies,
  HttpCookies,
  type ToughCookie,
  type ToughCookieJar,
  toughCookies,
} from "./client/plugins/http-cookies.ts";
export { HttpRedirect, RedirectError } from "./client/plugins/http-redirect.ts";
export { type AttemptOutcome, HttpRequestRetry } from "./client/plugins/http-request-retry.ts";
export { HttpTimeout } from "./client/plugins/http-timeout.ts";
export {
  type LogEvent,
  type Logger,
  Logging,
  type LoggingInstance,
  type LogLevel,
} from "./client/plugins/logging.ts";
export { UserAgent } from "./client/plugins/user-agent.ts";
export type { ProxyInput, ProxyOptions } from "./client/proxy-options.ts";
export {
  type HeadersInput,
  HttpMethod,
  type QueryInput,
  type RequestParts,
  type RequestTarget,
  type WebSocketRequest,
  type WebSocketRequestOptions,
} from "./client/request-parts.ts";
export type { RequestTimeouts } from "./client/request-timeouts.ts";
export { WebSockets, type WebSocketsInstance } from "./client/web-sockets.ts";
export { type Codec, codec } from "./converters/codec.ts";
export { type JsonOptions, json } from "./converters/json.ts";
export type { AnyHalyardError, HalyardErrorCode } from "./errors.ts";
export type { BinaryData, RandomBytes } from "./protocol/bytes.ts";
export { type CloseCodes, CloseReason, type CloseReasonInit } from "./protocol/close-reason.ts";
export type { ProtocolLimits } from "./protocol/connection-options.ts";
export {
  type ErrorContext,
  FrameTooBigError,
  HalyardError,
  HandshakeError,
  type HandshakeErrorContext,
  type HandshakeTimings,
  InvalidArgumentError,
  type Phase,
  ProtocolViolationError,
} from "./protocol/errors.ts";
export type {
  Encoded,
  EncodeOptions,
  MessageCodec,
  ReservedBits,
  WebSocketExtension,
  WebSocketExtensionFactory,
} from "./protocol/extension.ts";
export { Frame, type FrameOptions } from "./protocol/frame.ts";
export type { ExtensionOffer, ExtensionParameter } from "./protocol/handshake/header-grammar.ts";
export type { Header } from "./protocol/handshake/header-list.ts";
export { bounded, type ChannelBounds, type ChannelOverflow, unlimited } from "./session/bounds.ts";
export type { ReceiveChannel } from "./session/channel.ts";
export type { CancelTimer, Clock } from "./session/clock.ts";
export type { Heartbeat, ResolvedSessionConfig, SessionConfig } from "./session/config.ts";
export { ContentConverter } from "./session/content-converter.ts";
export { type DefaultSessionOptions, DefaultWebSocketSession } from "./session/default-web-socket-session.ts";
export type { DialEvent } from "./session/dial-event.ts";
export {
  ChannelClosedError,
  ChannelOverflowError,
  ConnectionError,
  type ConnectionErrorContext,
  ConverterNotFoundError,
  DeserializeError,
  PingTimeoutError,
  ProxyError,
  type ProxyErrorContext,
  SerializeError,
  TimeoutError,
  TlsError,
  type TriedAddress,
} from "./session/errors.ts";
export type { MessageParts } from "./session/fragments.ts";
export type { HandshakeCall } from "./session/handshake-call.ts";
export type { SendChannel, SendOptions } from "./session/outgoing.ts";
export type { SessionEnd } from "./session/session-end.ts";
export type { CloseOptions, SessionOptions } from "./session/session-options.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./session/standard-schema.ts";
export type { BatchReceiver, Output, Transport } from "./session/transport.ts";
export type { InvalidMessagePolicy, TypedSession, TypedSessionOptions } from "./session/typed-session.ts";
export type { WaitOptions } from "./session/waiting.ts";
export { WebSocketSession } from "./session/web-socket-session.ts";
