// SPDX-License-Identifier: Apache-2.0
// What OkHttp does otherwise than a session wants, and the engine makes good, whatever it runs in.
import { bounded, Frame, HttpClient, unlimited, WebSockets } from "halyard";

const mebi = 2 ** 20;

/** @param {import("halyard").HttpClientEngine} engine */
export const clientOf = (engine, config = {}) => new HttpClient(engine).install(WebSockets, config);

export function equal(actual, expected, what = "it") {
  const [shown, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (shown !== wanted) throw new Error(`${what} is ${shown} and should be ${wanted}`);
}

export async function failureOf(promise) {
  const outcome = await promise.then(
    () => undefined,
    (error) => ({ error }),
  );
  if (outcome === undefined) throw new Error("it should have failed");
  return outcome.error;
}

export async function firstText(session) {
  const frame = await session.incoming.receive();
  return frame.readText();
}

/** Asks again until it is so, for some seconds. */
export async function until(question, what) {
  for (let tries = 0; tries < 500; tries++) {
    if (await question()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it never came to this: ${what}`);
}

/**
 * @typedef {object} Surroundings
 * @property {(options?: object) => import("halyard").HttpClientEngine} make an engine
 * @property {{ url: string, secureUrl: string, compressingUrl: string, raw: string, http: string, socks: string }} server
 * @property {{ ca: string, otherCa: string }} certificates
 * @property {string} version of OkHttp, major and minor
 * @property {number} kernel how many MiB the buffers of a connection can hold
 * @property {number} sockets how many are opened at once
 * @property {string} [classPath] of the JVM
 */

/** @type {{ name: string, needs?: string[], run: (on: Surroundings, engine: import("halyard").HttpClientEngine) => Promise<void> }[]} */
export const sessionCases = [
  {
    name: "more sockets at once than OkHttp's dispatcher takes",
    async run({ server, sockets }, engine) {
      const client = clientOf(engine, { handshakeTimeout: 25_000 });
      const sessions = await Promise.all(
        Array.from({ length: sockets }, () => client.webSocketSession(`${server.url}/echo`)),
      );
      for (const [index, session] of sessions.entries()) await session.send(String(index));
      for (const [index, session] of sessions.entries()) equal(await firstText(session), String(index));
      const ends = await Promise.all(sessions.map((session) => session.close()));
      equal(ends.filter(({ clean }) => clean).length, sockets, "the number of clean ends");
    },
  },
  {
    name: "maxConcurrentSockets: one more waits for its turn",
    async run({ make, server }) {
      const engine = make({ maxConcurrentSockets: 1 });
      const client = clientOf(engine);
      const first = await client.webSocketSession(`${server.url}/echo`);
      const second = client.webSocketSession(`${server.url}/echo`);
      const late = clientOf(engine, { handshakeTimeout: 200 }).webSocketSession(`${server.url}/echo`);
      equal((await failureOf(late)).code, "ERR_HALYARD_TIMEOUT");
      await first.close();
      await (await second).close();
      await engine.close();
    },
  },
  {
    name: "the largest message passes, and a larger one is refused before it tears the socket down",
    async run({ server }, engine) {
      const session = await clientOf(engine).webSocketSession(`${server.url}/sizes`);
      const error = await failureOf(session.send(new Uint8Array(16 * mebi + 1)));
      equal(error.code, "ERR_HALYARD_INVALID_ARGUMENT");
      equal((await failureOf(session.send("é".repeat(8 * mebi + 1)))).code, "ERR_HALYARD_INVALID_ARGUMENT");
      await session.send(new Uint8Array(16 * mebi));
      equal(await firstText(session), String(16 * mebi));
      equal((await session.close()).clean, true, "the end being clean");
    },
  },
  {
    name: "more than OkHttp's queue holds, in one turn, for a peer that reads late",
    async run({ server }, engine) {
      const id = crypto.randomUUID();
      const client = clientOf(engine, { channels: { outgoing: unlimited() }, closeTimeout: 20_000 });
      const session = await client.webSocketSession(`${server.raw}/late?pause=500&id=${id}`);
      for (let count = 0; count < 40; count++) equal(session.outgoing.trySend(binary(mebi)), true);
      await session.close({ code: 4000 });
      const answer = await client.webSocketSession(`${server.raw}/answer?id=${id}`);
      equal(JSON.parse(await firstText(answer)), { messages: 40, bytes: 40 * mebi, code: 4000 });
      answer.cancel();
    },
  },
  {
    name: "flush waits until OkHttp has written",
    async run({ server }, engine) {
      const session = await clientOf(engine).webSocketSession(
        `${server.raw}/late?pause=600&tell=1&id=${crypto.randomUUID()}`,
      );
      await session.send(new Uint8Array(12 * mebi));
      /** @type {string[]} */
      const order = [];
      const flushed = session.flush().then(() => order.push("flushed"));
      order.push(await firstText(session));
      await flushed;
      equal(order, ["reading", "flushed"]);
      session.cancel();
    },
  },
  {
    name: "a paused consumer stops the server within the window",
    needs: ["backpressure"],
    async run({ server, kernel }, engine) {
      const id = crypto.randomUUID();
      const incoming = bounded({ messages: 4 });
      const client = clientOf(engine, { channels: { incoming } });
      const session = await client.webSocketSession(`${server.url}/flood?messages=128&size=${mebi}&id=${id}`);
      const asking = await client.webSocketSession(`${server.url}/flooded`);
      const pushed = async () => {
        await asking.send(id);
        return Number(await firstText(asking));
      };
      let before = -1;
      let still = 0;
      await until(async () => {
        const now = await pushed();
        still = now === before && now > 0 ? still + 1 : 0;
        before = now;
        return still === 20;
      }, "the server stands still");
      // 4 in the channel, 2 ahead of it, 2 in the window, what OkHttp reads and the server writes, and the sockets' buffers.
      if (before > 12 + kernel)
        throw new Error(`the server has sent ${before} MiB to somebody who reads nothing`);
      let count = 0;
      for await (const _frame of session.incoming) count++;
      equal(count, 128, "the number of messages");
      await asking.close();
    },
  },
  {
    name: "a paused session can be dropped, and another one opened",
    needs: ["backpressure"],
    async run({ server }, engine) {
      const client = clientOf(engine, { channels: { incoming: bounded({ messages: 1 }) } });
      const url = `${server.url}/flood?messages=64&size=${mebi}&id=${crypto.randomUUID()}`;
      for (let count = 0; count < 5; count++) (await client.webSocketSession(url)).cancel();
      const session = await client.webSocketSession(`${server.url}/echo`);
      await session.send("alive");
      equal(await firstText(session), "alive");
      await session.close();
    },
  },
  ...[
    ["a code", "88020fa2", 4002, 4002],
    ["no code, which cannot be echoed", "8800", 1005, 1000],
  ].map(([what, hex, code, answer]) => ({
    name: `a Close frame with ${what} is answered`,
    async run({ server }, engine) {
      const id = crypto.randomUUID();
      const client = clientOf(engine);
      const session = await client.webSocketSession(`${server.raw}/close?hex=${hex}&id=${id}`);
      equal((await session.closeReason).code, code, "closeReason");
      equal((await session.ended).clean, true, "the end being clean");
      const seen = await client.webSocketSession(`${server.raw}/answer?id=${id}`);
      equal(JSON.parse(await firstText(seen)), answer, "the answer");
      seen.cancel();
    },
  })),
  {
    name: "what a clean end came behind counts as sent",
    async run({ server }, engine) {
      const client = clientOf(engine);
      for (let count = 0; count < 100; count++) {
        const session = await client.webSocketSession(`${server.url}/echo`);
        await session.send("short");
        equal((await session.close()).unsent, 0, "the number of unsent messages");
      }
    },
  },
  {
    name: "every code that may be sent is, or is 4000 and more where OkHttp does not know it",
    async run({ server, version }, engine) {
      const client = clientOf(engine);
      for (const code of [1001, 1003, 1011, 1012, 1013, 1014, 3000, 4999]) {
        const id = crypto.randomUUID();
        const session = await client.webSocketSession(`${server.raw}/late?pause=0&id=${id}`);
        equal((await session.close({ code })).clean, true, "the end being clean");
        const answer = await client.webSocketSession(`${server.raw}/answer?id=${id}`);
        const isKnown = !version.startsWith("3.") || code < 1012 || code > 1014;
        equal(JSON.parse(await firstText(answer)).code, isKnown ? code : code + 3000, "the code");
        answer.cancel();
      }
    },
  },
  {
    name: "a Close frame that cannot be answered ends the session all the same",
    async run({ server }, engine) {
      const client = clientOf(engine, { channels: { outgoing: unlimited() } });
      const session = await client.webSocketSession(`${server.raw}/never-read-and-close`);
      for (let count = 0; count < 40; count++) session.outgoing.trySend(binary(mebi));
      const { clean, initiator } = await session.ended;
      equal([clean, initiator], [false, "peer"], "how it ended");
      equal((await session.closeReason).code, 4001, "closeReason");
    },
  },
  {
    name: "headers of the handshake are refused: OkHttp would call the listener within the call",
    async run({ server }, engine) {
      for (const name of ["Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Connection"]) {
        const opening = clientOf(engine).webSocketSession({
          url: `${server.url}/echo`,
          headers: { [name]: "x" },
        });
        equal((await failureOf(opening)).code, "ERR_HALYARD_INVALID_ARGUMENT", name);
      }
    },
  },
  {
    name: "a header that OkHttp refuses is not repeated in the error",
    async run({ server }, engine) {
      const opening = clientOf(engine).webSocketSession({
        url: `${server.url}/echo`,
        headers: { "X-Secret": "gehéim" },
      });
      const error = await failureOf(opening);
      equal(error.code, "ERR_HALYARD_INVALID_ARGUMENT");
      if (`${error.message} ${error.cause?.message}`.includes("geh"))
        throw new Error(`it says ${error.message}`);
    },
  },
  {
    name: "an extension's parameter that was not offered",
    async run({ server }, engine) {
      const headers = encodeURIComponent(
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9",
      );
      const error = await failureOf(
        clientOf(engine).webSocketSession(`${server.raw}/agree?headers=${headers}`),
      );
      equal(error.code, "ERR_HALYARD_HANDSHAKE");
    },
  },
  {
    name: "a refusal has status, headers and the beginning of its body",
    needs: ["jvm"],
    async run({ server }, engine) {
      const error = await failureOf(clientOf(engine).webSocketSession(`${server.url}/nowhere`));
      equal([error.code, error.status, error.body.length > 0], ["ERR_HALYARD_HANDSHAKE", 404, true]);
    },
  },
  {
    name: "a name that does not exist is a ConnectionError of that phase",
    async run(_, engine) {
      const error = await failureOf(clientOf(engine).webSocketSession("ws://no-such-host.invalid/"));
      equal([error.code, error.phase], ["ERR_HALYARD_CONNECTION", "dns"]);
    },
  },
  {
    name: "pingInterval: a peer that answers is kept, one that does not is lost with a PingTimeoutError",
    async run({ make, server }) {
      const engine = make({ pingInterval: 150 });
      const client = clientOf(engine);
      const session = await client.webSocketSession(`${server.url}/echo`);
      const mute = await client.webSocketSession(`${server.raw}/mute`);
      equal((await mute.ended).error?.code, "ERR_HALYARD_PING_TIMEOUT");
      equal((await mute.closeReason).code, 1006);
      await session.send("alive");
      equal(await firstText(session), "alive");
      await session.close();
      await engine.close();
    },
  },
  {
    name: "a session's pingInterval and limits are refused: OkHttp has its own",
    async run({ server }, engine) {
      const url = `${server.url}/echo`;
      for (const config of [{ pingInterval: 1_000 }, { maxFrameSize: 1_000 }]) {
        const error = await failureOf(clientOf(engine, config).webSocketSession(url));
        equal(error.code, "ERR_HALYARD_UNSUPPORTED_CAPABILITY");
      }
      const session = await clientOf(engine).webSocketSession(url);
      try {
        session.pingInterval = 1_000;
        throw new Error("it was taken");
      } catch (error) {
        equal(error.code, "ERR_HALYARD_UNSUPPORTED_CAPABILITY");
      }
      await session.close();
    },
  },
  {
    name: "messages are compressed where both can, from minWebSocketMessageToCompress on",
    async run({ make, server, version }) {
      const can = !version.startsWith("3.");
      const engine = make(can ? { minWebSocketMessageToCompress: 0 } : {});
      const session = await clientOf(engine).webSocketSession(`${server.compressingUrl}/echo`);
      const agreed = session.call.response.headers.get("sec-websocket-extensions");
      equal(agreed?.startsWith("permessage-deflate") ?? false, can, "agreement");
      const text = "compress me ".repeat(10_000);
      await session.send(text);
      equal((await firstText(session)) === text, true, "the echo being the message");
      await session.close();
      await engine.close();
    },
  },
  {
    name: "a proxy by CONNECT, with user and password, and by SOCKS",
    needs: ["jvm"],
    async run({ make, server, certificates }) {
      const tls = { ca: certificates.ca };
      for (const proxy of [`http://user:pass@${server.http}`, `socks://${server.socks}`]) {
        const engine = make({ proxy, tls });
        const session = await clientOf(engine).webSocketSession(`${server.secureUrl}/echo`);
        await session.send("through");
        equal(await firstText(session), "through");
        await session.close();
        await engine.close();
      }
      const engine = make({ proxy: `http://user:wrong@${server.http}`, tls });
      const error = await failureOf(clientOf(engine).webSocketSession(`${server.secureUrl}/echo`));
      if (!["ERR_HALYARD_HANDSHAKE", "ERR_HALYARD_CONNECTION"].includes(error.code)) throw error;
      if (`${error.message} ${error.cause?.message}`.includes("wrong"))
        throw new Error(`it says ${error.message}`);
      await engine.close();
    },
  },
];

/**
 * Those that apply, each with an engine of its own.
 * @param {typeof sessionCases} cases @param {Surroundings} on @param {ReadonlySet<string>} has capabilities, and what a run says besides
 */
export function ownCases(cases, on, has) {
  const applicable = cases.filter(({ needs = [] }) => needs.every((need) => has.has(need)));
  return applicable.map(({ name, run }) => ({
    name,
    async run() {
      const engine = on.make();
      try {
        await run(on, engine);
      } finally {
        await engine.close();
      }
    },
  }));
}

function binary(size) {
  return new Frame.Binary(new Uint8Array(size));
}
