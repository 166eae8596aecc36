// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/streams`: messages that are read as they arrive, and sessions as WHATWG streams.
export type { BinaryMessageStream, MessageStream, TextMessageStream } from "./message-stream.ts";
export { type ReceiveStreamOptions, receiveStream } from "./receive-stream.ts";
export { type SessionStreams, streamsOf } from "./session-streams.ts";
