// SPDX-License-Identifier: Apache-2.0
import type { DefaultClientWebSocketSession, HttpClient, TypedSession } from "halyard";
import * as v from "valibot";
import { reasonInWords } from "./in-words.js";
import { type ClientMessage, ServerMessage, Text } from "./protocol.js";

/** Where somebody wants to be, and as whom. */
export interface Place {
  readonly url: string;
  readonly room: string;
  readonly name: string;
}

/**
 * Somebody's place in a room, over as many connections as it takes: each begins with what was missed since the last
 * one, and no message comes twice.
 */
export class Membership {
  readonly #client: HttpClient<"WebSockets">;
  readonly #place: Place;
  #lastId = 0;
  #session: TypedSession<ServerMessage, ClientMessage> | undefined;
  #attempt: AbortController | undefined;
  #isLeft = false;

  constructor(client: HttpClient<"WebSockets">, place: Place) {
    this.#client = client;
    this.#place = place;
  }

  get name(): string {
    return this.#place.name;
  }

  /**
   * Connects, and gives what the server says until the connection ends. Ends when it was left.
   *
   * @throws an error when nothing could be connected, and one that says in words why the connection has ended
   */
  async *connect(): AsyncGenerator<ServerMessage, undefined> {
    this.#isLeft = false;
    this.#attempt = new AbortController();
    try {
      const { url } = this.#place;
      const session = await this.#client.webSocketSession({ url, signal: this.#attempt.signal });
      yield* this.#converse(session);
      if (!this.#isLeft) throw new Error(reasonInWords(await session.closeReason));
    } catch (error) {
      if (!this.#isLeft) throw error;
    }
  }

  /** @throws when nothing is connected, or the text is none that can be sent */
  async say(text: string): Promise<void> {
    if (this.#session === undefined) throw new Error("You are not connected.");
    const checked = v.safeParse(Text, text);
    if (!checked.success) throw new Error(checked.issues[0].message);
    await this.#session.send({ type: "say", text: checked.output });
  }

  /** Ends the connection, or the attempt to make one, in bounded time. What was said before is still sent. */
  async leave(): Promise<void> {
    this.#isLeft = true;
    if (this.#session === undefined) this.#attempt?.abort();
    else await this.#session.session.close({ code: 1000, message: "left" });
  }

  async *#converse(session: DefaultClientWebSocketSession): AsyncGenerator<ServerMessage, undefined> {
    const { room, name } = this.#place;
    // Without a schema for what is sent: texts are checked above, and are in the queue at once, before somebody leaves.
    const chat = session.typed<ServerMessage, ClientMessage>({ incoming: ServerMessage, onInvalid: "close" });
    this.#session = chat;
    try {
      await chat.send({ type: "join", room, name, since: this.#lastId });
      for await (const message of chat) if (this.#isNew(message)) yield message;
    } finally {
      this.#session = undefined;
      await session.close();
    }
  }

  #isNew(message: ServerMessage): boolean {
    if (message.type === "alive") return false;
    if (message.type === "welcome") this.#lastId = message.messages.at(-1)?.id ?? this.#lastId;
    if (message.type !== "said") return true;
    const isNew = message.message.id > this.#lastId;
    if (isNew) this.#lastId = message.message.id;
    return isNew;
  }
}
