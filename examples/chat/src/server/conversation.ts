// SPDX-License-Identifier: Apache-2.0
import { CloseReason, type DefaultWebSocketSession, DeserializeError } from "halyard";
import type { Bus } from "../bus/bus.js";
import { ClientMessage, type Join } from "../shared/protocol.js";
import { Member } from "./member.js";
import { type Rate, RateLimit } from "./rate-limit.js";
import type { Rooms } from "./rooms.js";

/** What one connection may do. */
export interface ConversationLimits {
  /** Milliseconds until somebody who has connected must have said where to. */
  readonly joinTimeout: number;
  /** Of messages. One that is too much is refused, and its sender told so. */
  readonly messages: Rate;
  /** Of refusals. Who gets more is no longer told, but closed with 1008. */
  readonly refusals: Rate;
}

export const defaultLimits: ConversationLimits = {
  joinTimeout: 10_000,
  messages: { burst: 10, perSecond: 2 },
  refusals: { burst: 5, perSecond: 0.1 },
};

/** What all conversations of a process have in common. */
export interface Chat {
  readonly bus: Bus;
  readonly rooms: Rooms;
  readonly limits: ConversationLimits;
}

const { VIOLATED_POLICY, TRY_AGAIN_LATER } = CloseReason.Codes;

/** Serves one connection, from `join` to its end. */
export async function converse(session: DefaultWebSocketSession, chat: Chat): Promise<void> {
  const join = await receiveJoin(session, chat.limits.joinTimeout);
  if (typeof join === "string") {
    await session.close({ code: VIOLATED_POLICY, message: join });
    return;
  }
  const member = new Member(session, join);
  try {
    await letIn(member, join, chat);
    await listenTo(session, member, chat);
  } catch (error) {
    if (session.signal.aborted || !(error instanceof NotAvailableError)) throw error;
    await session.close({ code: TRY_AGAIN_LATER, message: error.message });
  } finally {
    await letOut(member, chat);
  }
}

/** @returns where somebody wants to go, or what is wrong with it */
async function receiveJoin(session: DefaultWebSocketSession, milliseconds: number): Promise<Join | string> {
  const signal = AbortSignal.timeout(milliseconds);
  try {
    const message = await session.receiveDeserialized(ClientMessage, { signal });
    return message.type === "join" ? message : "The first message must be where to go.";
  } catch (error) {
    if (error instanceof DeserializeError) return inWords(error);
    if (error === signal.reason) return "Nothing was said for too long.";
    throw error;
  }
}

/** In this order: what happens meanwhile is either in the history or told afterwards, or both, which the member sorts out. */
async function letIn(member: Member, { room, since }: Join, { rooms, bus }: Chat): Promise<void> {
  try {
    await rooms.listen(room, member);
    const present = await bus.enter(room, member);
    member.welcome(present, await bus.history(room, since));
  } catch (cause) {
    throw new NotAvailableError(cause);
  }
}

async function letOut(member: Member, { rooms, bus }: Chat): Promise<void> {
  const results = await Promise.allSettled([
    bus.leave(member.room, member),
    rooms.stopListening(member.room, member),
  ]);
  for (const result of results) if (result.status === "rejected") process.emitWarning(result.reason as Error);
}

async function listenTo(
  session: DefaultWebSocketSession,
  member: Member,
  { bus, limits }: Chat,
): Promise<void> {
  const messages = new RateLimit(limits.messages);
  const refusals = new RateLimit(limits.refusals);
  const refuse = (why: string) => {
    if (refusals.take()) member.send({ type: "refused", why });
    else void session.close({ code: VIOLATED_POLICY, message: "Too much was sent too fast." });
  };
  const said = session.typed({
    incoming: ClientMessage,
    onInvalid(error) {
      refuse(inWords(error));
      return "skip";
    },
  });
  for await (const message of said) {
    if (!messages.take()) refuse("You send too fast: this was not sent.");
    else if (message.type === "alive") member.send(message);
    else if (message.type === "join") refuse("You are in a room already.");
    else
      await bus
        .post(member.room, member.name, message.text)
        .catch(() => refuse("This could not be sent. Try again."));
  }
}

/** A schema's first complaint, which it makes in words for people. */
function inWords({ issues }: DeserializeError): string {
  return issues?.[0]?.message ?? "This is no message of this chat.";
}

/** The bus has failed. */
class NotAvailableError extends Error {
  override readonly name = "NotAvailableError";

  constructor(cause: unknown) {
    super("The chat is not available now. Try again later.", { cause });
  }
}
