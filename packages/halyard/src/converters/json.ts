// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { Frame } from "../protocol/frame.ts";
import { ContentConverter } from "../session/content-converter.ts";
import { checkType, pickOptions } from "../session/options.ts";

/** As `JSON.stringify` and `JSON.parse` have them. */
export interface JsonOptions {
  readonly replacer?: ((this: unknown, key: string, value: unknown) => unknown) | undefined;
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | undefined;
}

/**
 * A converter for JSON in text messages. Ktor: `KotlinxWebsocketSerializationConverter(Json)`.
 *
 * What is received is whatever the peer has sent, a property `__proto__` included: give `receiveDeserialized` a schema.
 *
 * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
 */
export function json(options: JsonOptions = {}): ContentConverter {
  const { replacer, reviver } = pickOptions<JsonOptions>("json", options, ["replacer", "reviver"]);
  if (replacer !== undefined) checkType("json.replacer", replacer, "function");
  if (reviver !== undefined) checkType("json.reviver", reviver, "function");
  return new JsonConverter(replacer, reviver);
}

class JsonConverter extends ContentConverter {
  readonly #replacer: JsonOptions["replacer"];
  readonly #reviver: JsonOptions["reviver"];

  constructor(replacer: JsonOptions["replacer"], reviver: JsonOptions["reviver"]) {
    super();
    this.#replacer = replacer;
    this.#reviver = reviver;
  }

  override serialize(value: unknown): Frame {
    return new Frame.Text(textOf(value, this.#replacer));
  }

  override isApplicable(frame: Frame): boolean {
    return frame.type === "text";
  }

  override deserialize(frame: Frame): unknown {
    return JSON.parse((frame as Frame.Text).readText(), this.#reviver);
  }
}

function textOf(value: unknown, replacer: JsonOptions["replacer"]): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, replacer);
  } catch (error) {
    throw new InvalidArgumentError("the value cannot be written as JSON: see the cause", { cause: error });
  }
  if (text !== undefined) return text;
  throw new InvalidArgumentError(`JSON has no ${typeof value}: send null, or an object`);
}
