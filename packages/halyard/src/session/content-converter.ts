// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../protocol/frame.ts";
import type { ReceiveChannel } from "./channel.ts";
import { DeserializeError } from "./errors.ts";
import { describeIssues, type StandardSchema } from "./standard-schema.ts";
import { TypedSession, type TypedSessionOptions } from "./typed-session.ts";
import type { WaitOptions } from "./waiting.ts";
import type { WebSocketSession } from "./web-socket-session.ts";

/**
 * Makes frames of values, and values of frames. `json()` and `codec()` make one; for more than these can do extend it.
 * Ktor: `WebsocketContentConverter`.
 *
 * A session asks its converter for all that has to do with values, so that a program without one carries none of it.
 */
export abstract class ContentConverter {
  /** @throws for what cannot be written; then nothing is sent */
  abstract serialize(value: unknown): Frame;

  /** Whether {@link deserialize} can be asked at all, for example of text frames only. */
  abstract isApplicable(frame: Frame): boolean;

  /** @throws when the content is not what it should be; sessions make a {@link DeserializeError} of that */
  abstract deserialize(frame: Frame): unknown;

  /** @internal */
  async receive(
    incoming: ReceiveChannel<Frame>,
    schema: StandardSchema | undefined,
    options: WaitOptions | undefined,
  ): Promise<unknown> {
    return await this.read(await incoming.receive(options), schema);
  }

  /** The value of a message. @throws {@link DeserializeError} with the frame @internal */
  async read(frame: Frame, schema: StandardSchema | undefined): Promise<unknown> {
    if (!this.isApplicable(frame)) {
      throw new DeserializeError(`the converter does not take a ${frame.type} message`, frame);
    }
    const value = this.#valueOf(frame);
    if (schema === undefined) return value;
    const result = await schema["~standard"].validate(value);
    if (result.issues === undefined) return result.value;
    const { issues } = result;
    const text = `a ${frame.type} message does not fit its schema: ${describeIssues(issues)}`;
    throw new DeserializeError(text, frame, { issues });
  }

  /** @internal */
  typed<Incoming, Outgoing>(
    session: WebSocketSession,
    options: TypedSessionOptions<Incoming, Outgoing>,
  ): TypedSession<Incoming, Outgoing> {
    return new TypedSession(session, this, options);
  }

  #valueOf(frame: Frame): unknown {
    try {
      return this.deserialize(frame);
    } catch (error) {
      if (error instanceof DeserializeError) throw error;
      // What the error says may quote the message: it is the cause, and not part of ours.
      const text = `the content of a ${frame.type} message is not what the converter reads`;
      throw new DeserializeError(text, frame, { cause: error });
    }
  }
}
