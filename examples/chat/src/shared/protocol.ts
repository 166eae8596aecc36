// SPDX-License-Identifier: Apache-2.0
// What server, page and terminal say to each other: schemas, and the types that follow from them.
import * as v from "valibot";

/** A room's name is part of links and keys, so it is plain. */
export const RoomName = v.pipe(
  v.string(),
  v.trim(),
  v.toLowerCase(),
  v.regex(/^[a-z0-9-]{1,32}$/, "A room has a name of 1 to 32 letters from a to z, digits and hyphens."),
);

/** Letters of any script, but nothing that is invisible or changes how the line around it is shown. */
export const MemberName = v.pipe(
  v.string(),
  v.normalize("NFC"),
  v.trim(),
  v.regex(
    /^(?=\S)[\p{L}\p{M}\p{N} ._'-]{1,24}$/u,
    "A name has 1 to 24 letters, digits, spaces, dots, hyphens and apostrophes.",
  ),
);

export const Text = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty("There is nothing to send."),
  v.maxLength(1_000, "A message has at most 1,000 characters."),
);

/**
 * What was said. The id is the time, in milliseconds since 1970, made unique in its room by counting on: messages are
 * in the order of their ids, also across a restart of the server.
 */
export const ChatMessage = v.object({ id: v.number(), name: v.string(), text: v.string() });

/** What happens in a room. */
export const RoomEvent = v.variant("type", [
  v.object({ type: v.literal("said"), message: ChatMessage }),
  v.object({ type: v.literal("joined"), name: v.string() }),
  v.object({ type: v.literal("left"), name: v.string() }),
]);

/** From a client. The first message is `join`; `since` is the last message that it has seen. */
export const ClientMessage = v.variant("type", [
  v.object({
    type: v.literal("join"),
    room: RoomName,
    name: MemberName,
    since: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  }),
  v.object({ type: v.literal("say"), text: Text }),
  v.object({ type: v.literal("alive") }),
]);

/** From the server. `welcome` answers `join`; `refused` says why something was not done; `alive` answers itself. */
export const ServerMessage = v.variant("type", [
  v.object({
    type: v.literal("welcome"),
    room: v.string(),
    name: v.string(),
    present: v.array(v.string()),
    messages: v.array(ChatMessage),
  }),
  ...RoomEvent.options,
  v.object({ type: v.literal("refused"), why: v.string() }),
  v.object({ type: v.literal("alive") }),
]);

export type ChatMessage = v.InferOutput<typeof ChatMessage>;
export type RoomEvent = v.InferOutput<typeof RoomEvent>;
export type ClientMessage = v.InferOutput<typeof ClientMessage>;
export type ServerMessage = v.InferOutput<typeof ServerMessage>;
export type Join = Extract<ClientMessage, { type: "join" }>;
