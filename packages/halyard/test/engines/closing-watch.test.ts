// SPDX-License-Identifier: Apache-2.0
// A peer that closes and does not end the connection. Node is then CLOSING, for ever, and says nothing.
import { expect, test } from "vitest";
import { meet } from "./meeting.ts";

const closing = 2;

test("a connection that stays closing is lost", async () => {
  const { clock, socket, session } = await meet();
  socket.message("last");
  Object.assign(socket, { readyState: closing });
  await clock.advance(4_000);
  const { clean, initiator, error } = await session.ended;
  expect({ clean, initiator }).toEqual({ clean: false, initiator: "peer" });
  expect(String(error)).toMatch("the peer has closed the connection, and does not end it");
  expect((await session.closeReason).code).toBe(1006);
  expect((await session.incoming.receive()).type).toBe("text");
  expect(clock.pending).toBe(0);
});

test("one that ends soon is closed as the peer said", async () => {
  const { clock, socket, session } = await meet();
  await clock.advance(1_999);
  Object.assign(socket, { readyState: closing });
  await clock.advance(1_999);
  socket.closed(4001, "enough");
  expect(await session.closeReason).toMatchObject({ code: 4001, message: "enough" });
  expect((await session.ended).clean).toBe(true);
  expect(clock.pending).toBe(0);
});

test("one that we close has the time that closeTimeout gives", async () => {
  const { clock, socket, session } = await meet({ closeTimeout: 10_000 });
  const ended = session.close();
  Object.assign(socket, { readyState: closing });
  await clock.advance(9_999);
  socket.closed(1000);
  expect(await ended).toMatchObject({ clean: true, initiator: "local" });
  expect(clock.pending).toBe(0);
});

test("a platform that does not say how it is, is not watched for it", async () => {
  const { clock, socket, session } = await meet();
  await clock.advance(10_000);
  socket.closed(4002);
  expect((await session.closeReason).code).toBe(4002);
});
