// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../../src/protocol/frame.ts";
import { DefaultWebSocketSession } from "../../src/session/default-web-socket-session.ts";
import { receiveStream } from "../../src/streams/index.ts";
import { Random } from "../support/random.ts";
import type { Side } from "./side.ts";
import type { World } from "./world.ts";

/** Reads all that comes, in one of the ways that there are, quickly or slowly, to the end. */
export async function read(side: Side, world: World, random: Random): Promise<void> {
  // A program of its own: how often it is asked must not change what the others do.
  const own = new Random(random.below(2 ** 32));
  const ways = { loop: 3, receive: 2, batches: 2, poll: 1, streams: side.isRaw ? 0 : 1, late: 1 };
  const way = own.weighted(ways);
  const nap = own.chance(0.4) ? own.pick([1, 20, 400]) : 0;
  const rest = async (): Promise<void> => {
    if (nap > 0 && own.chance(0.5)) await world.sleep(own.below(nap + 1));
  };
  try {
    if (way === "receive") await receiving(side, world, own, rest);
    else if (way === "poll") await polling(side, world, own);
    else if (way === "streams") await streaming(side, own, rest);
    else if (way === "late") await world.sleep(own.between(100, 20_000));
  } catch (error) {
    // The end, clean or not: the loop behind this tells which.
    side.tell(`can receive no more: ${error instanceof Error ? error.message : ""}`);
  }
  try {
    if (way === "batches") {
      for await (const batch of side.session.incoming.batches()) {
        for (const frame of batch) await take(side, frame, own);
        await rest();
      }
    } else {
      for await (const frame of side.session.incoming) {
        await take(side, frame, own);
        await rest();
      }
    }
    side.incomingEnd = { error: undefined };
  } catch (error) {
    side.incomingEnd = { error };
  }
}

/** One by one, and some of the waits are given up. */
async function receiving(side: Side, world: World, random: Random, rest: () => Promise<void>): Promise<void> {
  for (let count = random.between(1, 30); count > 0; count--) {
    const abort = new AbortController();
    if (random.chance(0.3)) world.later(random.below(100), () => abort.abort(new Error("given up")));
    const wait = side.session.incoming.receive({ signal: abort.signal });
    const frame = await wait.catch((error: unknown) => {
      if (error === abort.signal.reason) return null;
      throw error;
    });
    if (frame !== null) await take(side, frame, random);
    await rest();
  }
}

async function polling(side: Side, world: World, random: Random): Promise<void> {
  for (let count = random.between(1, 30); count > 0; count--) {
    const frame = side.session.incoming.tryReceive();
    if (frame !== undefined) await take(side, frame, random);
    await world.sleep(random.below(20));
  }
}

/** In streams, of which some are given up. */
async function streaming(side: Side, random: Random, rest: () => Promise<void>): Promise<void> {
  const { session } = side;
  if (!(session instanceof DefaultWebSocketSession)) return;
  side.readsStreams = true;
  for (let count = random.between(1, 20); count > 0; count--) {
    const stream = await receiveStream(session, { maxChunkSize: random.pick([1, 100, 65_536]) });
    const chunks: (string | Uint8Array)[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      await rest();
    }
    const isText = stream.type === "text";
    side.takeContent(isText ? chunks.join("") : Buffer.concat(chunks as Uint8Array[]));
  }
}

/** What a raw session leaves to its program is done here, mostly. */
async function take(side: Side, frame: Frame, random: Random): Promise<void> {
  side.take(frame);
  if (!side.isRaw || random.chance(0.1)) return;
  if (frame.type === "ping") await side.session.send(frame.copy()).catch(() => undefined);
  if (frame.type !== "close") return;
  side.closing(side.closeTimeout);
  await side.watch("answer", side.session.send(frame));
}
