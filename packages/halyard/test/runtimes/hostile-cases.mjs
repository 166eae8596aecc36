// SPDX-License-Identifier: Apache-2.0
// What every platform makes of servers that do what they should not: one outcome for each, however a platform tells of it.
// A case is left out only by capability.
import { bounded } from "halyard";

const refused = "ERR_HALYARD_HANDSHAKE";
/** Of a connection that ended without the peer's Close frame. */
const lost = { code: 1006, clean: false, initiator: "peer" };

/**
 * @typedef {object} HostileCase
 * @property {string} name
 * @property {string[]} [needs] capabilities
 * @property {(on: import("./hostile.mjs").Hostile) => Promise<unknown>} act
 * @property {unknown} expected what `act` comes to
 */

/** @type {HostileCase[]} */
const handshake = [
  ...[200, 204, 302, 307, 401, 403, 426, 503].map((status) => ({
    name: `an answer with ${status}`,
    act: (on) => on.opening(`/refusal?status=${status}`),
    expected: refused,
  })),
  {
    name: "a refusal without an end",
    act: (on) => on.opening("/endless-refusal", { timeout: 5_000 }),
    expected: refused,
  },
  {
    name: "a head without an end",
    act: (on) => on.opening("/endless-head", { timeout: 2_000 }),
    // Some platforms have a limit of their own.
    expected: [refused, "ERR_HALYARD_TIMEOUT"],
  },
  {
    name: "the status of a refusal, where it is shown",
    needs: ["handshakeResponse"],
    act: async (on) => (await on.failure("/refusal?status=401")).status,
    expected: 401,
  },
  ...["/garbage", "/half-a-head", "/end-at-once", "/reset-at-once"].map((path) => ({
    name: `no answer: ${path}`,
    act: (on) => on.opening(path),
    expected: refused,
  })),
  {
    name: "nobody listens",
    act: (on) => on.opening("", { url: on.server.nobody }),
    expected: refused,
  },
  {
    // Firefox's code for it is 1015.
    name: "no TLS on the other side",
    act: (on) => on.opening("", { url: on.server.url.replace("ws:", "wss:") }),
    expected: refused,
  },
  {
    name: "the server never answers, and our deadline passes",
    act: (on) => on.opening("", { url: `${on.server.silence}/`, timeout: 300 }),
    expected: "ERR_HALYARD_TIMEOUT",
  },
  {
    name: "the server never answers, and the caller gives up",
    async act(on) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("given up")), 100);
      return (await on.failure("", { url: `${on.server.silence}/`, signal: controller.signal })).message;
    },
    expected: "given up",
  },
  {
    name: "a subprotocol that was not offered",
    act: (on) => on.opening(agree("Sec-WebSocket-Protocol: other"), { subprotocols: ["ours"] }),
    expected: refused,
  },
  {
    name: "no subprotocol, where one was asked for",
    act: (on) => on.opening(agree(""), { subprotocols: ["ours"] }),
    expected: refused,
  },
  {
    // Firefox opens, and hides it.
    name: "a subprotocol where none was asked for is never the session's",
    async act(on) {
      const outcome = await on.session(agree("Sec-WebSocket-Protocol: other")).catch((error) => error);
      return outcome.code ?? outcome.subprotocol;
    },
    expected: [refused, ""],
  },
  {
    name: "a wrong Sec-WebSocket-Accept",
    needs: ["handshakeChecks"],
    act: (on) => on.opening(agree("", "bm90IHRoZSBhbnN3ZXI=")),
    expected: refused,
  },
  {
    name: "an extension that was not offered",
    needs: ["handshakeChecks"],
    act: (on) => on.opening(agree("Sec-WebSocket-Extensions: x-other")),
    expected: refused,
  },
];

/** @type {HostileCase[]} */
const frames = [
  ...Object.entries({
    "a reserved bit": "c100",
    "an unknown opcode": "8300",
    "an unknown control opcode": "8b00",
    "a continuation of nothing": "8000",
    "a new message within another": "010161810162",
    "a fragmented ping": "0900",
  }).map(([name, hex]) => ({
    name: `${name} ends the connection`,
    act: (on) => on.end(`/bytes?hex=${hex}`),
    expected: { ...lost, messages: 0 },
  })),
  {
    name: "an invalid frame behind a message: the message stays",
    act: (on) => on.end("/bytes?hex=8103616263c100"),
    expected: { ...lost, messages: 1 },
  },
  {
    // Firefox tells of no `open` then.
    name: "an invalid frame with the 101",
    async act(on) {
      const outcome = await on.session("/bytes-with-101?hex=c100").catch((error) => error.code);
      return typeof outcome === "string" ? outcome : (await on.endOf(outcome)).code;
    },
    expected: [refused, 1006],
  },
  ...Object.entries({
    "a length beyond all memory": "827f3fffffffffffffff",
    "a length beyond 63 bits": "827fffffffffffffffff",
    "half a message": "820561",
    "half a header": "827f00",
  }).map(([name, hex]) => ({
    name: `${name}, and the end`,
    act: (on) => on.end(`/bytes-and-fin?hex=${hex}`),
    expected: { ...lost, messages: 0 },
  })),
  {
    name: "fragments, with a ping in between, are a message",
    act: (on) => on.firstOrEnd("/bytes?hex=0101618900000162800163"),
    expected: "abc",
  },
  {
    name: "a ping is answered",
    act: (on) => on.firstOrEnd("/ping"),
    expected: "ponged",
  },
  // Some platforms let these pass.
  {
    name: "text that is not UTF-8",
    act: (on) => on.firstOrEnd("/bytes?hex=8102fffe"),
    expected: [1006, "\uFFFD\uFFFD"],
  },
  {
    name: "a masked frame",
    act: (on) => on.firstOrEnd("/bytes?hex=81810000000061"),
    expected: [1006, "a"],
  },
  {
    name: "a length in more bytes than it needs",
    act: (on) => on.firstOrEnd("/bytes?hex=817e000161"),
    expected: [1006, "a"],
  },
  {
    name: "a ping of 126 bytes",
    act: (on) => on.firstOrEnd(`/bytes?hex=897e007e${"00".repeat(126)}810161`),
    expected: [1006, "a"],
  },
  {
    name: "a Close frame of one byte",
    act: (on) => on.end("/bytes-and-end?hex=880103"),
    expected: [
      { ...lost, messages: 0 },
      { code: 1005, clean: true, initiator: "peer", messages: 0 },
    ],
  },
  {
    name: "a Close frame whose reason is not UTF-8",
    act: (on) => on.end("/bytes-and-end?hex=880403e8fffe"),
    expected: [
      { ...lost, messages: 0 },
      { code: 1000, clean: true, initiator: "peer", messages: 0 },
    ],
  },
  {
    name: "close code 1005 on the wire",
    act: (on) => on.end("/close?code=1005"),
    expected: [
      { ...lost, messages: 1 },
      { code: 1005, clean: true, initiator: "peer", messages: 1 },
    ],
  },
];

/** @type {HostileCase[]} */
const ends = [
  {
    name: "the connection ends without a Close frame: what came before it stays",
    act: (on) => on.end("/end"),
    expected: { ...lost, messages: 1 },
  },
  {
    name: "the connection is reset",
    async act(on) {
      const session = await on.session("/reset");
      await session.send("one");
      await session.incoming.receive();
      await session.send("two");
      return on.endOf(session);
    },
    expected: { ...lost, messages: 0 },
  },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999].map(
    (code) => ({
      name: `close code ${code} is handed on`,
      act: (on) => on.end(`/close?code=${code}&reason=why`),
      expected: { code, clean: true, initiator: "peer", messages: 1 },
    }),
  ),
  ...[0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => ({
    name: `close code ${code}, which must not be sent, is the loss of the connection`,
    act: (on) => on.end(`/close?code=${code}&reason=why`),
    // It is the platform that finds it, or the engine.
    expected: [
      { ...lost, messages: 1 },
      { code: 1002, clean: false, initiator: "local", messages: 1 },
    ],
  })),
  {
    name: "a Close frame without a code",
    act: (on) => on.end("/bytes-and-end?hex=8800"),
    expected: { code: 1005, clean: true, initiator: "peer", messages: 0 },
  },
  {
    name: "the longest reason",
    act: async (on) => {
      const session = await on.session(`/close?code=4000&reason=${"é".repeat(61)}x`);
      await session.send("go");
      return (await session.closeReason).message;
    },
    expected: `${"é".repeat(61)}x`,
  },
  {
    // Chromium fails the connection for it.
    name: "more behind a Close frame is no message",
    act: (on) => on.end("/close-and-go-on"),
    expected: [
      { code: 4001, clean: true, initiator: "peer", messages: 0 },
      { ...lost, messages: 0 },
    ],
  },
  {
    // Node says nothing of it until the connection ends, not even the code.
    name: "a Close frame, and the connection stays",
    act: (on) => on.end("/close-and-stay"),
    expected: [
      { code: 4001, clean: true, initiator: "peer", messages: 0 },
      { ...lost, messages: 0 },
    ],
  },
];

/** @type {HostileCase[]} */
const answers = [
  {
    name: "our Close frame is never answered: our deadline ends it",
    act: (on) => on.closing("/no-answer"),
    expected: { code: 4000, clean: false, initiator: "local", received: null },
  },
  // Deno says the same as of an empty answer.
  ...["/end-instead-of-answer", "/reset-instead-of-answer"].map((path) => ({
    name: `our Close frame has no answer: ${path}`,
    act: (on) => on.closing(path),
    expected: [false, true].map((clean) => ({ code: 4000, clean, initiator: "local", received: null })),
  })),
  {
    name: "our Close frame is answered with another code",
    act: (on) => on.closing("/answer?hex=88020fa5"),
    expected: { code: 4000, clean: true, initiator: "local", received: 4005 },
  },
  {
    name: "our Close frame is answered with an empty one",
    act: (on) => on.closing("/answer?hex=8800"),
    expected: { code: 4000, clean: true, initiator: "local", received: null },
  },
];

/** @type {HostileCase[]} */
const messages = [
  {
    name: "a view on shared memory is sent as its bytes",
    needs: ["sharedMemory"],
    async act(on) {
      const session = await on.session("/echo");
      await session.send(new Uint8Array(new SharedArrayBuffer(4), 1, 2).fill(7));
      const frame = await session.incoming.receive();
      await session.close();
      return [frame.type, ...frame.data];
    },
    expected: ["binary", 7, 7],
  },
  {
    // Workers would send "[object Blob]".
    name: "a Blob is refused",
    act: async (on) => {
      const session = await on.session("/echo");
      const error = await session.send(new Blob(["x"])).catch((each) => each);
      await session.close();
      return error.code;
    },
    expected: "ERR_HALYARD_INVALID_ARGUMENT",
  },
  {
    name: "a peer that reads late gets everything, and sending waits for it",
    async act(on) {
      const id = crypto.randomUUID();
      const session = await on.session(`/late-reader?pause=1000&id=${id}`, { closeTimeout: 20_000 });
      const began = Date.now();
      for (let index = 0; index < 32; index++) await session.send(new Uint8Array(1_000_000));
      const waited = Date.now() - began > 100;
      await session.close({ code: 4000 });
      return { waited, ...(await on.seen(id)) };
    },
    expected: { waited: true, messages: 32, bytes: 32_000_000, code: 4000 },
  },
  {
    name: "more than a channel holds, which closes then: what it held stays",
    async act(on) {
      const incoming = bounded({ messages: 10, onOverflow: "close" });
      const session = await on.session("/flood?messages=1000", { channels: { incoming } });
      const { error } = await session.ended;
      let count = 0;
      const reading = (async () => {
        for await (const _frame of session.incoming) count++;
      })();
      const read = await reading.catch((each) => each.code);
      return { error: error?.code, count, read };
    },
    expected: { error: "ERR_HALYARD_CHANNEL_OVERFLOW", count: 10, read: "ERR_HALYARD_CHANNEL_OVERFLOW" },
  },
  {
    name: "user information of a URL is sent as a header, where there are headers",
    needs: ["requestHeaders"],
    act: (on) => on.authorization(on.server.url.replace("//", "//user:pass@")),
    expected: ["Basic dXNlcjpwYXNz"],
  },
  {
    name: "the fragment of a URL is refused",
    act: (on) => on.opening("/echo#fragment"),
    expected: "ERR_HALYARD_INVALID_ARGUMENT",
  },
];

export const cases = [...handshake, ...frames, ...ends, ...answers, ...messages];

/** @param {string} headers @param {string} [accept] the path that answers so */
function agree(headers, accept) {
  const query = new URLSearchParams(accept === undefined ? { headers } : { headers, accept });
  return `/agree?${query}`;
}
