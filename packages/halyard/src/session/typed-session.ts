// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { Frame } from "../protocol/frame.ts";
import type { ContentConverter } from "./content-converter.ts";
import { DeserializeError, SerializeError } from "./errors.ts";
import { pickOptions } from "./options.ts";
import type { SendOptions } from "./outgoing.ts";
import type { SchemaResult, StandardSchema } from "./standard-schema.ts";
import { done, observe, type WaitOptions } from "./waiting.ts";
import type { WebSocketSession } from "./web-socket-session.ts";

/**
 * What becomes of a message that does not fit:
 *
 * - `throw`: whoever receives gets the {@link DeserializeError}, and can go on
 * - `skip`: it is left out
 * - `close`: as `throw`, and the session is closed: with 1003 when it is of the wrong type, with 1007 when its content
 *   is wrong
 */
export type InvalidMessagePolicy = "throw" | "skip" | "close";

/** What messages a {@link TypedSession} has. */
export interface TypedSessionOptions<Incoming, Outgoing> {
  /** What is received: any Standard Schema, such as zod's, valibot's or arktype's. */
  readonly incoming: StandardSchema<unknown, Incoming>;
  /** What is sent: what the schema makes of it. @defaultValue anything, unchecked */
  readonly outgoing?: StandardSchema<Outgoing, unknown> | undefined;
  /** The policy, or what decides on it for each message, and may write it down. @defaultValue "throw" */
  readonly onInvalid?: InvalidMessagePolicy | ((error: DeserializeError) => InvalidMessagePolicy) | undefined;
}

const policies = ["throw", "skip", "close"];

/** A session whose messages have types, in both directions: what `session.typed()` gives. */
export class TypedSession<Incoming, Outgoing> implements AsyncIterable<Incoming> {
  /** The session itself, to close it, and for all else. */
  readonly session: WebSocketSession;
  readonly #incoming: StandardSchema<unknown, Incoming>;
  readonly #outgoing: StandardSchema<Outgoing, unknown> | undefined;
  readonly #policyFor: (error: DeserializeError) => InvalidMessagePolicy;
  readonly #converter: ContentConverter;
  /** A schema may take its time: each message waits for the one before it. */
  #turn: Promise<unknown> = done;
  /** How many do. */
  #waiting = 0;

  /** @internal */
  constructor(
    session: WebSocketSession,
    converter: ContentConverter,
    options: TypedSessionOptions<Incoming, Outgoing>,
  ) {
    const {
      incoming,
      outgoing,
      onInvalid = "throw",
    } = pickOptions<TypedSessionOptions<Incoming, Outgoing>>("typed", options, [
      "incoming",
      "outgoing",
      "onInvalid",
    ]);
    this.session = session;
    this.#incoming = checkSchema("typed.incoming", incoming);
    this.#outgoing = outgoing && checkSchema("typed.outgoing", outgoing);
    this.#policyFor = policyOf(onInvalid);
    this.#converter = converter;
  }

  /**
   * Sends a value as `session.send` sends a message, in the order of the calls. With a schema that checks at once, it is
   * in the queue when the call returns; one that takes its time holds up what is sent behind it.
   *
   * @throws {@link SerializeError} for a value that does not fit the schema; what the converter throws
   * @throws as `session.send`
   */
  async send(value: Outgoing, options?: SendOptions): Promise<void> {
    const checked = this.#outgoing?.["~standard"].validate(value) ?? { value };
    if (this.#waiting === 0 && !("then" in checked)) return await this.#write(checked, options);
    this.#waiting++;
    const result = Promise.resolve(checked);
    observe(result);
    // In an object, since only the beginning is waited for: the queue keeps what was begun in order.
    const begun = this.#turn.then(async () => ({ sent: this.#write(await result, options) }));
    this.#turn = begun.then(ignore, ignore).then(() => void this.#waiting--);
    await (await begun).sent;
  }

  /**
   * The next message; waits for it.
   *
   * @throws {@link DeserializeError} for a message that does not fit, unless the policy is to skip it
   * @throws as `session.incoming.receive`
   */
  async receive(options?: WaitOptions): Promise<Incoming> {
    for (;;) {
      const frame = await this.session.incoming.receive(options);
      const value = await this.#read(frame);
      if (value !== skipped) return value;
    }
  }

  /** Ends and throws as `session.incoming` does, and for a message that does not fit as {@link receive} does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Incoming, undefined> {
    for await (const frame of this.session.incoming) {
      const value = await this.#read(frame);
      if (value !== skipped) yield value;
    }
  }

  async #read(frame: Frame): Promise<Incoming | typeof skipped> {
    try {
      return (await this.#converter.read(frame, this.#incoming)) as Incoming;
    } catch (error) {
      if (!(error instanceof DeserializeError)) throw error;
      const policy = this.#policyFor(error);
      if (policy === "skip") return skipped;
      if (policy === "close") void this.session.leave(this.#closeReasonFor(frame));
      throw error;
    }
  }

  #closeReasonFor(frame: Frame): CloseReason {
    const { CANNOT_ACCEPT, NOT_CONSISTENT } = CloseReason.Codes;
    return this.#converter.isApplicable(frame)
      ? new CloseReason(NOT_CONSISTENT, "the content of a message is not valid")
      : new CloseReason(CANNOT_ACCEPT, `${frame.type} messages are not accepted`);
  }

  async #write(checked: SchemaResult<unknown>, options: SendOptions | undefined): Promise<void> {
    if (checked.issues !== undefined) throw new SerializeError(checked.issues);
    await this.session.send(this.#converter.serialize(checked.value), options);
  }
}

const skipped: unique symbol = Symbol("skipped");

function ignore(): void {}

function checkSchema<S>(what: string, schema: S | undefined): S {
  const standard = (schema as { "~standard"?: { validate?: unknown } } | undefined)?.["~standard"];
  if (schema !== undefined && typeof standard?.validate === "function") return schema;
  throw new InvalidArgumentError(`${what} is no Standard Schema: give what zod, valibot or arktype make`);
}

function policyOf(
  onInvalid: InvalidMessagePolicy | ((error: DeserializeError) => InvalidMessagePolicy),
): (error: DeserializeError) => InvalidMessagePolicy {
  if (typeof onInvalid === "function") return onInvalid;
  if (policies.includes(onInvalid)) return () => onInvalid;
  throw new InvalidArgumentError(`typed.onInvalid is one of ${policies.join(", ")}, or a function`);
}
