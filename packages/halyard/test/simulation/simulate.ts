// SPDX-License-Identifier: Apache-2.0
import { Connection } from "../../src/protocol/connection.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";
import { bounded, type ChannelBounds, unlimited } from "../../src/session/bounds.ts";
import { DefaultWebSocketSession } from "../../src/session/default-web-socket-session.ts";
import { WebSocketSession } from "../../src/session/web-socket-session.ts";
import { nodeKernel } from "../../src/sockets/node-kernel.ts";
import { SocketTransport } from "../../src/sockets/socket-transport.ts";
import { Random } from "../support/random.ts";
import { slowInversion } from "./codec.ts";
import { watchBounds } from "./held.ts";
import { broken } from "./invariants.ts";
import { Link, type Weather } from "./link.ts";
import { act, close, type Temper } from "./program.ts";
import { read } from "./reader.ts";
import { Side } from "./side.ts";
import { CountingClock, World } from "./world.ts";

/** How a run went. */
export interface Outcome {
  /** What does not hold, a line each. */
  readonly broken: readonly string[];
  readonly log: readonly string[];
  readonly messages: number;
  /** How long it took in the world, in milliseconds. */
  readonly milliseconds: number;
  /** What must not be kept in memory when the outcome is all that is left. */
  readonly references: readonly WeakRef<object>[];
}

/** When whatever has not ended is closed. */
const lastCall = 30_000;
const mostEvents = 200_000;

/** Runs the connection of this seed: the same each time. */
export async function simulate(seed: number): Promise<Outcome> {
  const random = new Random(seed);
  const world = new World(random);
  const weather: Weather = {
    latency: random.pick([0, 0, 5, 100]),
    pieceBytes: random.pick([3, 50, 1000, 100_000]),
    bufferBytes: random.pick([100, 5000, 1_000_000]),
    stalls: random.pick([0, 0, 0.01, 0.1]),
    endsOnBothSides: random.chance(0.2),
  };
  const temper: Temper = {
    steps: random.between(1, 25),
    pause: random.pick([0, 10, 100]),
    messageBytes: Math.min(weather.pieceBytes * 40, random.pick([20, 2000, 100_000])),
    violence: random.pick([0, 0.02, 0.1]),
  };
  const links = Link.pair(world, random, weather);
  const inverts = random.chance(0.3);
  const rawSide = random.chance(0.15) ? random.pick(["client", "server"] as const) : null;
  const side = (role: "client" | "server", link: Link): Side => {
    const isRaw = rawSide === role;
    const closeTimeout = random.pick([10, 1000, 5000]);
    const how = { isRaw, closeTimeout, inverts: inverts && rawSide === null };
    const clock = new CountingClock(world);
    const bounds = { incoming: randomBounds(random), outgoing: randomBounds(random) };
    const [session, transport] = opened(role, link, world, random, { ...how, ...bounds, clock });
    const one = new Side(role, world, session, transport, { ...how, clock });
    watchBounds(one, bounds.outgoing);
    return one;
  };
  const sides: [Side, Side] = [side("client", links[0]), side("server", links[1])];
  for (const one of sides) {
    void read(one, world, random);
    void one.watch("program", act(one, world, random, temper));
  }
  if (random.chance(0.25)) world.later(random.below(2000), () => breakDown(links, world, random));
  world.later(lastCall, () => {
    for (const one of sides) close(one, random);
  });
  await world.run(mostEvents);
  return {
    broken: await broken(sides),
    log: world.log,
    messages: sides[0].received.length + sides[1].received.length,
    milliseconds: world.now(),
    references: sides.flatMap(({ session, transport }) => [new WeakRef(session), new WeakRef(transport)]),
  };
}

function opened(
  role: "client" | "server",
  link: Link,
  world: World,
  random: Random,
  how: {
    isRaw: boolean;
    closeTimeout: number;
    inverts: boolean;
    clock: CountingClock;
    incoming: ChannelBounds;
    outgoing: ChannelBounds;
  },
): [WebSocketSession, SocketTransport] {
  const { isRaw, inverts, ...given } = how;
  const limits = {
    maxFrameSize: random.pick([2 ** 20, 2 ** 20, 1000]),
    maxMessageSize: random.pick([2 ** 20, 2 ** 20, 1500]),
    maxFragments: random.pick([10_000, 10_000, 5]),
  };
  const connection = new Connection({
    role,
    mode: isRaw ? "raw" : "default",
    keys: new MaskingKeys((target) => target.fill(random.below(256))),
    limits,
    kernel: nodeKernel,
    extensions: inverts ? [slowInversion(world, random)] : [],
  });
  const transport = new SocketTransport(link, connection, {
    masking: role === "client",
    early: new Uint8Array(0),
  });
  const options = {
    ...given,
    pingInterval: random.pick([Infinity, 200, 5000]),
    pingTimeout: random.pick([Infinity, 100, 5000]),
    limits,
    subprotocol: "",
    extensions: [],
    call: {
      request: { url: new URL("ws://simulated/"), headers: new Headers() },
      response: { status: 101, headers: new Headers() },
      timings: {},
    },
  };
  const session = isRaw
    ? new WebSocketSession(transport, options)
    : new DefaultWebSocketSession(transport, options);
  return [session, transport];
}

function randomBounds(random: Random): ChannelBounds {
  if (random.chance(0.3)) return unlimited();
  const onOverflow = random.chance(0.1) ? "close" : "suspend";
  return bounded({
    messages: random.pick([1, 2, 10, 100]),
    bytes: random.pick([10, 1000, 2 ** 20]),
    onOverflow,
  });
}

/** What networks do to connections. */
function breakDown(links: readonly [Link, Link], world: World, random: Random): void {
  const [near, far] = random.chance(0.5) ? links : [links[1], links[0]];
  const how = random.weighted({ reset: 2, resetOne: 1, end: 1, silence: 1, silenceBoth: 1 });
  world.note(`network: ${how} at the ${near === links[0] ? "client" : "server"}`);
  if (how === "reset" || how === "resetOne") near.reset();
  if (how === "reset") far.reset();
  if (how === "end") near.end();
  if (how === "silence" || how === "silenceBoth") near.silence();
  if (how === "silenceBoth") far.silence();
}
