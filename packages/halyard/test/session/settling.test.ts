// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { bounded, type ChannelOverflow } from "../../src/session/bounds.ts";
import { reservedOpcode } from "./pipe-transport.ts";
import { checkAllSettled, drain, open, openRaw, turn } from "./support.ts";

afterEach(checkAllSettled);

interface Setting {
  readonly isRaw: boolean;
  readonly incoming: ChannelOverflow;
  readonly outgoing: ChannelOverflow;
}

/** A session, all that can happen to it, and what has come of it so far. */
function start({ isRaw, incoming, outgoing }: Setting) {
  const { session, transport, peer, clock } = (isRaw ? openRaw : open)({
    incoming: bounded({ messages: 2, onOverflow: incoming }),
    outgoing: bounded({ messages: 2, onOverflow: outgoing }),
    pingInterval: 1000,
    pingTimeout: 700,
  });
  const received: number[] = [];
  /** What `send` has accepted, as it is on the wire. */
  const accepted: string[] = [];
  /** What was not on the wire when a flush behind it had resolved. */
  const faults: string[] = [];
  let [sent, peerSent, unsettled, peerIsDone] = [0, 0, 0, false];
  const watch = (promise: Promise<unknown>) => {
    unsettled++;
    void promise.catch(() => undefined).finally(() => unsettled--);
  };
  const send = (signal?: AbortSignal) => {
    const text = String(sent++);
    watch(session.send(text, { signal }).then(() => accepted.push(`text ${text}`)));
  };
  const note = (data: Uint8Array | undefined) => {
    const text = Buffer.from(data ?? []).toString();
    if (/^\d+$/.test(text)) received.push(Number(text));
  };
  const receive = (signal?: AbortSignal) =>
    watch(session.incoming.receive({ signal }).then((frame) => note(frame.data)));
  const aborted = (act: (signal: AbortSignal) => void) => {
    const controller = new AbortController();
    act(controller.signal);
    controller.abort();
  };
  const flush = () => {
    const before = [...accepted];
    const check = () => faults.push(...before.filter((text) => !peer.frames.includes(text)));
    watch(session.flush().then(check));
  };
  const byPeer = (act: () => void) => () => {
    if (!peerIsDone) act();
  };
  const last = (act: () => void) =>
    byPeer(() => {
      peerIsDone = true;
      act();
    });
  const next = () => String(peerSent++);
  const steps = {
    send: () => send(),
    "send and abort": () => aborted(send),
    "send three": () => [send(), send(), send()],
    flush,
    receive: () => receive(),
    "receive and abort": () => aborted(receive),
    "take what is there": async () => {
      // A receiver that was served before notes it first.
      await turn();
      note(session.incoming.tryReceive()?.data);
    },
    hold: () => transport.hold(),
    release: () => transport.release(),
    "let one write pass": () => transport.letOneWritePass(),
    "peer: text": byPeer(() => peer.texts(next())),
    "peer: texts": byPeer(() => peer.texts(next(), next(), next())),
    "time passes": () => clock.advance(300),
    "let all happen": turn,
  };
  const ends = {
    "peer: close": byPeer(() => peer.close(4000)),
    "peer: violation": byPeer(() => peer.deliverBehind([next()], reservedOpcode)),
    "peer: end": last(() => peer.end()),
    "peer: reset": last(() => peer.reset(new Error("reset"))),
    close: () => watch(session.close()),
    "close soon": () => watch(session.close({ code: 4001 }, { timeout: 10 })),
    cancel: () => session.cancel(new Error("cancelled")),
    "cancel incoming": () => session.incoming.cancel(),
  };
  const state = () => ({ unsettled, received, accepted, sent, frames: peer.frames, faults });
  return { session, clock, steps: { ...steps, ...ends }, usual: steps, ends, state };
}

const names = start({ isRaw: false, incoming: "suspend", outgoing: "suspend" });
names.session.cancel();
const anyStep = fc.oneof(
  { weight: 7, arbitrary: fc.constantFrom(...(Object.keys(names.usual) as (keyof typeof names.usual)[])) },
  { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(names.ends) as (keyof typeof names.ends)[])) },
);
const anySetting = fc.record({
  isRaw: fc.boolean(),
  incoming: fc.constantFrom<ChannelOverflow>("suspend", "suspend", "close"),
  outgoing: fc.constantFrom<ChannelOverflow>("suspend", "suspend", "close"),
});

function isSortedAndUnique(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => at === 0 || number > (numbers[at - 1] as number));
}

test("a property: whatever happens in whatever order, all settles, in order, nothing twice", async () => {
  await fc.assert(
    fc.asyncProperty(anySetting, fc.array(anyStep, { maxLength: 40 }), async (setting, order) => {
      const { session, clock, steps, state } = start(setting);
      for (const step of order) await steps[step]();
      const closing = session.close();
      await turn();
      await clock.advance(5000);
      const { clean, sent, received: theirs, error, unsent } = await closing;
      const rest = await drain(session);
      const ending = rest.pop();
      await turn();
      const { unsettled, received, accepted, sent: sends, frames, faults } = state();
      expect(unsettled, "promises that have not settled").toBe(0);
      expect(faults, "not flushed").toEqual([]);
      const texts = frames.filter((frame) => frame.startsWith("text "));
      const left = rest.filter((frame) => /^text \d+$/.test(frame)).map((frame) => Number(frame.slice(5)));
      expect(isSortedAndUnique([...received, ...left]), "received in order").toBe(true);
      expect(isSortedAndUnique(texts.map((text) => Number(text.slice(5)))), "sent in order").toBe(true);
      expect(texts, "nothing is sent that was not accepted").toEqual(accepted.slice(0, texts.length));
      expect(accepted.length - texts.length, "what was accepted and not sent is counted").toBeLessThanOrEqual(
        unsent,
      );
      expect(unsent, "and nothing else is, no ping and no Close frame").toBeLessThanOrEqual(
        sends - texts.length,
      );
      if (clean) expect([sent, theirs]).not.toContain(null);
      // A raw session that has the peer's Close frame can still fail to answer it.
      const mayEnd = clean || error === undefined || setting.isRaw || order.includes("cancel incoming");
      expect(ending === "end" ? mayEnd : error !== undefined, ending).toBe(true);
    }),
    { numRuns: 300 },
  );
});
