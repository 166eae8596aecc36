// SPDX-License-Identifier: Apache-2.0
import type { EngineCapability } from "../../client/engine.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { ownOptions, shown } from "../../protocol/given.ts";
import { type Clock, systemClock } from "../../session/clock.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import type { JsRequest, WebSocketConstructor, WebSocketLike } from "./web-socket-like.ts";

/** What a `create` of one's own may bring along. */
const ownCapabilities = ["requestHeaders", "closeCodes"] as const;

/** The options of the Js engine: `new HttpClient(Js, { ... })`. Ktor: `JsClient`'s engine has none. */
export interface JsOptions {
  /** The class of WebSocket to use: that of `ws`, of undici, of a test. @defaultValue the platform's */
  readonly webSocket?: WebSocketConstructor | undefined;
  /**
   * Makes each WebSocket, where a class takes more than URL and subprotocols: an agent, a certificate. It is called for
   * each attempt, and what it throws fails that, as the `cause` of a {@link HandshakeError}.
   */
  readonly create?: ((request: JsRequest) => WebSocketLike) | undefined;
  /** What `create` can do: with `requestHeaders` it is given headers, with `closeCodes` any code goes to `close`. @defaultValue none */
  readonly capabilities?: readonly Extract<EngineCapability, (typeof ownCapabilities)[number]>[] | undefined;
  /**
   * Uses `WebSocketStream` where the platform has it, which can stop the peer: messages then wait with the peer when
   * nobody takes them. Without it on this platform, the engine falls back to `WebSocket`, and `capabilities` says so.
   * @defaultValue false
   */
  readonly webSocketStream?: boolean | undefined;
  /** The time to live by. For tests. */
  readonly clock?: Clock | undefined;
}

export interface ResolvedJsOptions extends Omit<JsOptions, "clock"> {
  readonly clock: Clock;
}

/** @throws {@link InvalidArgumentError} */
export function resolveOptions(options: JsOptions): ResolvedJsOptions {
  const given = pickOptions<JsOptions>("Js", options, [
    "webSocket",
    "create",
    "capabilities",
    "webSocketStream",
    "clock",
  ]);
  const { webSocket, create, capabilities = [], webSocketStream, clock } = given;
  if (webSocket !== undefined) checkType("webSocket", webSocket, "function");
  if (create !== undefined) checkType("create", create, "function");
  if (webSocketStream !== undefined) checkType("webSocketStream", webSocketStream, "boolean");
  if (clock !== undefined) checkType("clock", clock, "object");
  if (!Array.isArray(capabilities)) throw new InvalidArgumentError("capabilities of Js is an array");
  const ways = [webSocket, create, webSocketStream || undefined].filter((way) => way !== undefined);
  if (ways.length > 1) {
    throw new InvalidArgumentError("webSocket, create and webSocketStream of Js exclude each other");
  }
  if (capabilities.length > 0 && create === undefined) {
    throw new InvalidArgumentError("capabilities of Js tell what create can do, and there is no create");
  }
  for (const capability of capabilities) {
    if (!ownCapabilities.includes(capability)) {
      throw new InvalidArgumentError(
        `capabilities of Js can be ${ownCapabilities.join(" and ")}, not ${shown(capability)}`,
      );
    }
  }
  return ownOptions({ ...given, clock: clock ?? systemClock });
}
