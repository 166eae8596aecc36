// SPDX-License-Identifier: Apache-2.0
import { bounded, unlimited } from "../session/bounds.ts";
import type { ResolvedSessionConfig, SessionConfig } from "../session/config.ts";
import type { EngineCapability, EngineRequest, HttpClientEngine } from "./engine.ts";
import { UnsupportedCapabilityError } from "./errors.ts";

/** Where the peer cannot be stopped, a burst has to fit: what is beyond it ends the session. */
const unstoppable = bounded({ messages: 65_536, bytes: 16 * 2 ** 20, onOverflow: "close" });

const noLimits = { maxFrameSize: Infinity, maxMessageSize: Infinity, maxFragments: Infinity };

/**
 * The configuration with the defaults of an engine that can do less.
 *
 * @param given - the options that were given, as opposed to left to the defaults
 */
export function configFor(
  { capabilities }: HttpClientEngine,
  config: ResolvedSessionConfig,
  given: SessionConfig,
): ResolvedSessionConfig {
  const keepsBounds = capabilities.has("backpressure") || given.channels?.incoming !== undefined;
  const pings = capabilities.has("pingPong") || config.heartbeat !== undefined;
  const limits = capabilities.has("frameLimits");
  if (keepsBounds && pings && limits) return config;
  return {
    ...config,
    // What the platform lets in is not ours to tell.
    limits: limits ? config.limits : noLimits,
    incoming: keepsBounds ? config.incoming : unstoppable,
    pingInterval: pings ? config.pingInterval : Infinity,
  };
}

/**
 * Refuses, before anything is connected, what the engine could only ignore.
 *
 * @param given - the options that were given, as opposed to left to the defaults
 * @throws {@link UnsupportedCapabilityError}
 */
export function checkCapabilities(
  engine: HttpClientEngine,
  request: EngineRequest,
  given: SessionConfig,
): void {
  const demand = (isWanted: boolean, capability: EngineCapability, wanted: string) => {
    if (!isWanted || engine.capabilities.has(capability)) return;
    throw new UnsupportedCapabilityError(engine.name, capability, wanted, { url: request.safeUrl });
  };
  demand(
    request.headers.length > 0,
    "requestHeaders",
    "it cannot send the request's headers; put a ticket into the URL, a token into a subprotocol or the first message",
  );
  demand(request.socketPath !== undefined, "unixSockets", "it cannot connect to socketPath");
  demand(
    request.proxy !== undefined,
    "proxies",
    "it cannot choose a proxy; leave the request's proxy out, the platform may have one",
  );
  demand(request.extensions.length > 0, "extensions", "it cannot negotiate extensions; leave them out");
  demand(request.mode === "raw", "rawFrames", "it has no raw sessions; use webSocket or webSocketSession");
  demand(
    ![undefined, 0, Infinity].includes(given.pingInterval) && given.heartbeat === undefined,
    "pingPong",
    "it cannot ping; leave pingInterval out, or give a heartbeat, a message that the server answers",
  );
  demand(
    given.maxFrameSize !== undefined ||
      given.maxMessageSize !== undefined ||
      given.maxFragments !== undefined ||
      given.maxPendingPongs !== undefined,
    "frameLimits",
    "it cannot limit frames, messages and pongs; leave the limits out",
  );
  const incoming = given.channels?.incoming ?? unlimited();
  const isBounded = incoming.messages !== Infinity || incoming.bytes !== Infinity;
  demand(
    isBounded && incoming.onOverflow !== "close",
    "backpressure",
    'it cannot stop the peer; bound the incoming channel with onOverflow: "close"',
  );
}
