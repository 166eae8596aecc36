// SPDX-License-Identifier: Apache-2.0
import type { EngineCapability } from "../../client/engine.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";
import type { ResolvedJsOptions } from "./options.ts";
import type { JsRequest, WebSocketConstructor, WebSocketLike } from "./web-socket-like.ts";
import type { WebSocketStreamConstructor } from "./web-socket-stream.ts";
import type { Fetch } from "./workers.ts";

/** How a connection is opened here. */
type Way =
  | { readonly kind: "webSocket"; readonly create: (request: JsRequest) => WebSocketLike }
  | { readonly kind: "stream"; readonly constructor: WebSocketStreamConstructor }
  | { readonly kind: "fetch"; readonly fetch: Fetch };

export interface Platform {
  readonly capabilities: readonly EngineCapability[];
  /** Whether a connection that the peer closes and does not end may go on for ever: see `ClosingWatch`. */
  readonly mayStayClosing?: boolean;
  /** Looked up for each connection: polyfills and tests put something there later. */
  readonly way: () => Way;
}

/** What is looked at to tell where this runs. */
interface Globals {
  readonly WebSocket?: WebSocketConstructor;
  readonly WebSocketStream?: WebSocketStreamConstructor;
  readonly WebSocketPair?: unknown;
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly navigator?: { readonly product?: string };
  readonly fetch: Fetch;
}
const globals = globalThis as unknown as Globals;

/** A constructor that takes an object in the place of the subprotocols. In browsers and Workers that is a SyntaxError. */
type WithOptions = new (url: string, options: object) => WebSocketLike;
/** React Native's takes it behind them. */
type WithThird = new (url: string, subprotocols: readonly string[], options: object) => WebSocketLike;

/** @returns how connections are opened with these options on this platform, and what that can do */
export function platformOf({
  webSocket,
  create,
  capabilities = [],
  webSocketStream,
}: ResolvedJsOptions): Platform {
  if (create !== undefined)
    return { capabilities, mayStayClosing: true, way: () => ({ kind: "webSocket", create }) };
  if (webSocket !== undefined)
    return { capabilities: [], mayStayClosing: true, way: () => byConstructor(webSocket) };
  if (webSocketStream === true && globals.WebSocketStream !== undefined) {
    const { WebSocketStream: constructor } = globals;
    return {
      // Once it is closing it drops what arrives, as the other does.
      capabilities: ["backpressure", "handshakeChecks", "byteOrderMarks"],
      way: () => ({ kind: "stream", constructor }),
    };
  }
  if (globals.WebSocketPair !== undefined) {
    return {
      capabilities: [
        "requestHeaders",
        "handshakeResponse",
        "handshakeChecks",
        "closeCodes",
        "byteOrderMarks",
      ],
      way: () => ({ kind: "fetch", fetch: globals.fetch }),
    };
  }
  if (globals.Bun !== undefined) {
    return {
      capabilities: ["requestHeaders", "handshakeChecks", "closeCodes", "backpressure", "byteOrderMarks"],
      way: () => withOptions(),
    };
  }
  if (globals.Deno !== undefined) {
    return { capabilities: ["requestHeaders", "byteOrderMarks"], way: () => withOptions() };
  }
  if (globals.process?.versions?.node !== undefined) {
    return {
      capabilities: ["requestHeaders", "handshakeChecks"],
      mayStayClosing: true,
      way: () => withOptions(),
    };
  }
  if (globals.navigator?.product === "ReactNative") {
    return { capabilities: ["requestHeaders"], way: () => withThird() };
  }
  return { capabilities: ["handshakeChecks", "byteOrderMarks"], way: () => byConstructor(globalWebSocket()) };
}

function globalWebSocket(): WebSocketConstructor {
  const { WebSocket } = globals;
  if (WebSocket !== undefined) return WebSocket;
  throw new InvalidArgumentError(
    "this platform has no WebSocket: give the Js engine one by `webSocket`, or use Cio on Node 20",
  );
}

function byConstructor(constructor: WebSocketConstructor): Way {
  return {
    kind: "webSocket",
    create: ({ url, subprotocols }) => new constructor(url, [...subprotocols]),
  };
}

function withOptions(): Way {
  const constructor = globalWebSocket() as unknown as WithOptions;
  return {
    kind: "webSocket",
    create: ({ url, subprotocols, headers }) => new constructor(url, { protocols: subprotocols, headers }),
  };
}

function withThird(): Way {
  const constructor = globalWebSocket() as unknown as WithThird;
  return {
    kind: "webSocket",
    create: ({ url, subprotocols, headers }) => new constructor(url, subprotocols, { headers }),
  };
}
