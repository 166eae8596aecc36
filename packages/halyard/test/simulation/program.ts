// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../../src/protocol/frame.ts";
import { DefaultWebSocketSession } from "../../src/session/default-web-socket-session.ts";
import type { Random } from "../support/random.ts";
import { contentOf, partsOf } from "./message.ts";
import type { Side } from "./side.ts";
import type { World } from "./world.ts";

/** What the programs of a run have in common. */
export interface Temper {
  /** How many things a program does. */
  readonly steps: number;
  /** The longest that it waits between two, in milliseconds. */
  readonly pause: number;
  /** About the largest message, in bytes. */
  readonly messageBytes: number;
  /** How likely a step is to end something. */
  readonly violence: number;
}

/** Does random things with a session; at the end nothing of it goes on, but for calls that `side` watches. */
export async function act(side: Side, world: World, random: Random, temper: Temper): Promise<void> {
  for (let step = 0; step < temper.steps; step++) {
    if (random.chance(0.7)) await world.sleep(random.below(temper.pause + 1));
    if (random.chance(temper.violence)) breakOff(side, random);
    else await speak(side, world, random, temper);
  }
}

async function speak(side: Side, world: World, random: Random, temper: Temper): Promise<void> {
  const { session } = side;
  const kind = random.weighted({ send: 8, some: 3, offer: 2, parts: 3, ping: 1, flush: 1, settings: 1 });
  let doing: Promise<unknown> = Promise.resolve();
  if (kind === "send") doing = send(side, world, random, temper);
  if (kind === "some")
    for (let count = random.below(12); count > 0; count--) doing = send(side, world, random, temper);
  if (kind === "offer") offer(side, random, temper);
  if (kind === "parts") doing = sendParts(side, world, random, temper);
  if (kind === "ping")
    doing = side.watch("ping", session.send(new Frame.Ping(new Uint8Array(random.below(126)))));
  if (kind === "flush") doing = side.watch("flush", session.flush());
  if (kind === "settings" && session instanceof DefaultWebSocketSession) {
    session.pingInterval = random.pick([0, 50, 1000]);
    session.pingTimeout = random.pick([0, 100, 8000]);
  }
  if (random.chance(0.5)) await doing;
}

function nextContent(side: Side, random: Random, { messageBytes }: Temper): string | Uint8Array<ArrayBuffer> {
  return contentOf(side.sent.length, random.size(messageBytes), random.chance(0.5));
}

function signalOf(world: World, random: Random): AbortSignal | undefined {
  if (random.chance(0.8)) return undefined;
  const abort = new AbortController();
  world.later(random.below(200), () => abort.abort(new Error("given up")));
  return abort.signal;
}

function send(side: Side, world: World, random: Random, temper: Temper): Promise<unknown> {
  const content = nextContent(side, random, temper);
  const doing = side.session.send(content, { signal: signalOf(world, random) });
  const settled = side.sending(side.note(), "send", doing);
  // It was copied at the call.
  if (typeof content !== "string") content.fill(0xee);
  return settled;
}

function offer(side: Side, random: Random, temper: Temper): void {
  const content = nextContent(side, random, temper);
  const frame = typeof content === "string" ? new Frame.Text(content) : new Frame.Binary(content);
  side.note().state = side.session.outgoing.trySend(frame) ? "accepted" : "refused";
}

function sendParts(side: Side, world: World, random: Random, temper: Temper): Promise<unknown> {
  const content = nextContent(side, random, temper);
  const parts = Array.from(partsOf(content, random));
  const naps = parts.map(() => (random.chance(0.3) ? random.below(50) : 0));
  const fails = random.chance(0.02);
  async function* source(): AsyncGenerator<string | Uint8Array<ArrayBuffer>> {
    for (const [at, part] of parts.entries()) {
      if ((naps[at] ?? 0) > 0) await world.sleep(naps[at] ?? 0);
      if (fails && at === parts.length - 1) throw new Error("the source failed");
      yield part;
    }
  }
  const doing = side.session.send(source() as AsyncIterable<string>, { signal: signalOf(world, random) });
  return side.sending(side.note(), "sendParts", doing);
}

/** Ends the session, or what it receives, in one of the ways that there are. */
function breakOff(side: Side, random: Random): void {
  const { session } = side;
  const how = random.weighted({ close: 6, cancel: 1, closeOutgoing: 1, sendClose: 1, cancelIncoming: 1 });
  side.tell(how);
  if (how === "close") close(side, random);
  if (how === "closeOutgoing" || how === "sendClose") side.closing(side.closeTimeout);
  if (how === "closeOutgoing") session.outgoing.close();
  if (how === "sendClose") void side.watch("sendClose", session.send(new Frame.Close({ code: 4001 })));
  if (how === "cancelIncoming") {
    side.hasCancelledIncoming = true;
    session.incoming.cancel();
  }
  if (how === "cancel") {
    side.hasCancelled = true;
    session.cancel(random.chance(0.5) ? new Error("cancelled") : undefined);
  }
}

export function close(side: Side, random: Random): void {
  const timeout = random.pick([1, 10, 1000, 5000]);
  const code = random.pick([1000, 1001, 1011, 3000, 4999]);
  side.closing(timeout);
  const reason = { code, message: random.pick(["", "bye"]) };
  void side.watch("close", side.session.close(reason, { timeout }));
}
