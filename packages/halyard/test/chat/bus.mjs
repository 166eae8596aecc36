// SPDX-License-Identifier: Apache-2.0

/** Two servers of examples/chat that share their rooms through a real Redis, with the package as it is packed. */
import assert from "node:assert/strict";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { busContract, listen, newRoom } from "../../../../examples/chat/test/support/bus-contract.mjs";
import { copyExample } from "../../../../scripts/example-copy.mjs";
import { freePort } from "../../../../scripts/workspace.mjs";
import { chatMember } from "../browsers/chat-member.mjs";
import { startExample } from "../browsers/start-example.mjs";
import { RedisServer } from "./redis-server.mjs";
import { runCases } from "./run-cases.mjs";

const redis = new RedisServer();
await redis.start();
const folder = await copyExample("chat");
const { RedisBus } = await import(pathToFileURL(path.join(folder, "dist", "bus", "redis.js")).href);
// What is lost on purpose below is told here, and expected.
process.removeAllListeners("warning").on("warning", () => undefined);

/** Two processes' buses. @param {(here: any, there: any) => Promise<void>} run @param {number} [lease] */
async function withBuses(run, lease) {
  const [here, there] = await Promise.all([
    RedisBus.connect(redis.url, lease),
    RedisBus.connect(redis.url, lease),
  ]);
  try {
    await run(here, there);
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
}

/** Two processes. @param {(here: string, there: string) => Promise<void>} run */
async function withServers(run) {
  const env = { REDIS_URL: redis.url };
  const servers = await Promise.all([1, 2].map(() => startExample(folder, "server/main.js", env)));
  try {
    await run(...servers.map(({ url }) => url));
  } finally {
    for (const server of servers) await server.stop();
  }
}

const health = async (url) => (await fetch(`${url}health`)).status;

/** @param {() => Promise<boolean>} condition */
async function until(condition) {
  for (
    const end = Date.now() + 20_000;
    !(await condition());
    await new Promise((resolve) => setTimeout(resolve, 20))
  )
    if (Date.now() > end) throw new Error(`${condition.toString()} did not come`);
}

await runCases("chat, two processes and Redis", [
  ...busContract.map(({ name, run }) => ({ name, run: () => withBuses(run) })),
  {
    name: "who was present by a process that died is gone when the lease is over",
    run: () =>
      withBuses(async (here, there) => {
        const room = newRoom();
        const { next } = await listen(here, room);
        await here.enter(room, { id: "1", name: "Ann" });
        await there.enter(room, { id: "2", name: "Ben" });
        await there.close();
        there.close = async () => undefined;
        assert.deepEqual(
          [await next(), await next(), await next()],
          [
            { type: "joined", name: "Ann" },
            { type: "joined", name: "Ben" },
            { type: "left", name: "Ben" },
          ],
        );
        assert.deepEqual(await here.enter(room, { id: "3", name: "Cleo" }), ["Ann", "Cleo"]);
      }, 600),
  },
  {
    name: "what is posted while a subscription is cut off is told when it is back, in order, once",
    run: () =>
      withBuses(async (here, there) => {
        const room = newRoom();
        const { next } = await listen(there, room);
        await here.post(room, "Ann", "before");
        for (let round = 0; round < 3; round++) {
          assert.ok(redis.cutSubscriptions() > 0);
          for (const n of [1, 2, 3]) await here.post(room, "Ann", `${round}.${n}`);
        }
        const texts = [];
        while (texts.at(-1) !== "2.3") {
          const event = await next();
          texts.push(event.message.text);
        }
        assert.deepEqual(texts, ["before", "0.1", "0.2", "0.3", "1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]);
      }),
  },
  {
    name: "two servers share rooms: who is there, what is said, what was said",
    run: () =>
      withServers(async (here, there) => {
        const room = newRoom();
        const ann = await chatMember(here, "Ann", room);
        const ben = await chatMember(there, "Ben", room);
        assert.deepEqual(ben.welcome.present.toSorted(), ["Ann", "Ben"]);
        await ann.until(({ type, name }) => type === "joined" && name === "Ben");
        await ann.say("from here");
        const { message } = await ben.until(({ type }) => type === "said");
        await ben.say("from there");
        await ann.until(({ message: said }) => said?.text === "from there");
        const rooms = await Promise.all(
          [here, there].map(async (url) => (await fetch(`${url}rooms`)).json()),
        );
        assert.ok(rooms.every((names) => names.includes(room)));
        await ann.close();
        await ben.until(({ type, name }) => type === "left" && name === "Ann");
        // Ann comes back by the other server, and has seen the first message.
        const again = await chatMember(there, "Ann", room, message.id);
        assert.deepEqual(
          again.welcome.messages.map(({ text }) => text),
          ["from there"],
        );
        await Promise.all([again.close(), ben.close()]);
      }),
  },
  {
    name: "a server that is told to end takes its members away, on the others too",
    async run() {
      const env = { REDIS_URL: redis.url };
      const here = await startExample(folder, "server/main.js", env);
      const there = await startExample(folder, "server/main.js", env);
      const room = newRoom();
      const ann = await chatMember(here.url, "Ann", room);
      const ben = await chatMember(there.url, "Ben", room);
      await here.stop("SIGTERM");
      assert.equal((await ann.session.closeReason).code, 1001);
      await ben.until(({ type, name }) => type === "left" && name === "Ann");
      await Promise.all([ann.close(), ben.close()]);
      await there.stop();
    },
  },
  {
    name: "while Redis is away it is said so; when it is back the chat goes on",
    run: () =>
      withServers(async (here, there) => {
        const room = newRoom();
        const ann = await chatMember(here, "Ann", room);
        const ben = await chatMember(there, "Ben", room);
        await redis.stop();
        await until(async () => (await health(here)) === 503 && (await health(there)) === 503);
        await ann.say("into the void");
        await ann.until(
          ({ type, why }) => type === "refused" && why === "This could not be sent. Try again.",
        );
        await assert.rejects(chatMember(there, "Cleo", room));
        await redis.start();
        await until(async () => (await health(here)) === 200 && (await health(there)) === 200);
        await ann.say("again");
        await ben.until(({ message }) => message?.text === "again");
        await Promise.all([ann.close(), ben.close()]);
      }),
  },
  {
    name: "a Redis that is not there is said at the start, soon, and without its password",
    async run() {
      const began = Date.now();
      const url = `redis://user:secret@127.0.0.1:${await freePort()}`;
      await assert.rejects(startExample(folder, "server/main.js", { REDIS_URL: url }), /did not start/);
      assert.ok(Date.now() - began < 10_000);
    },
  },
]);
await redis.stop();
