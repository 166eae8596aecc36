// SPDX-License-Identifier: Apache-2.0
// However messages are cut into frames, and frames into reads: as streams they have the content that incoming has.
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { receiveStream } from "../../src/streams/index.ts";
import { anyText, concat, connect } from "../protocol/support.ts";
import type { Role } from "../session/pipe-transport.ts";
import { checkAllSettled, open } from "../session/support.ts";

afterEach(checkAllSettled);

const message = fc.record({
  content: fc.oneof(
    anyText,
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(70_000).map((size) => new Uint8Array(size)),
  ),
  cuts: fc.array(fc.nat(300), { maxLength: 4 }),
  pings: fc.boolean(),
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

/** What the other side writes to send these messages. */
function written(role: Role, messages: readonly Message[]): Uint8Array {
  const other = connect(role === "client" ? "server" : "client", { mode: "raw" });
  for (const { content, cuts, pings } of messages) {
    const DataFrame = typeof content === "string" ? Frame.Text : Frame.Binary;
    const fragments = cut(Buffer.from(content as string), cuts);
    for (const [at, part] of fragments.entries()) {
      other.send(new DataFrame(part, { fin: at === fragments.length - 1 }));
      if (pings) other.send(new Frame.Ping());
    }
  }
  return concat(other.takeOutput());
}

test.each<Role>(["client", "server"])(
  "to a %s",
  async (role) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(5_000), { maxLength: 12 }),
        fc.infiniteStream(fc.boolean()),
        fc.constantFrom(1, 7, 65_536),
        async (messages, reads, choices, maxChunkSize) => {
          const { session, peer, transport } = open({ role, answersClose: true });
          for (const bytes of cut(written(role, messages), reads)) transport.received(bytes);
          for (const { content } of messages) {
            if (choices.next().value === true) {
              const stream = await receiveStream(session, { maxChunkSize });
              const all = stream.type === "text" ? await stream.text() : await stream.bytes();
              expect(
                typeof all === typeof content &&
                  Buffer.compare(Buffer.from(all as string), Buffer.from(content as string)),
              ).toBe(0);
            } else {
              const { type, data } = await session.incoming.receive();
              expect(type).toBe(typeof content === "string" ? "text" : "binary");
              expect(Buffer.compare(data, Buffer.from(content as string))).toBe(0);
            }
          }
          expect(await session.close()).toMatchObject({ clean: true, discarded: 0 });
          expect(peer.hasEnd).toBe(true);
        },
      ),
      { numRuns: 50, interruptAfterTimeLimit: 2_000 },
    );
  },
  10_000,
);
