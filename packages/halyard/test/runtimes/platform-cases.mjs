// SPDX-License-Identifier: Apache-2.0
// What platforms limit, and do behind the engine's back, with servers that do nothing wrong.

/** More than each of the platforms' limits, but those of browsers. */
const largeBytes = 130 * 2 ** 20;
/** More characters than a string of V8 has. */
const longText = 540_000_000;
/** More than a browser opens, to all servers together: 200, or about 255. */
const connections = 260;
/** Those that other cases have given up still count, for as long as the platform waits. */
const fewest = 100;

/** @type {import("./hostile-cases.mjs").HostileCase[]} */
export const platformCases = [
  {
    name: "a message over the platform's limit ends the session, where there is one",
    act: (on) => on.sizeOrEnd(`/large?opcode=2&bytes=${largeBytes}`),
    expected: [{ size: largeBytes }, { code: 1006 }, { code: 1009 }],
  },
  {
    // Nothing tells it from an empty message. Where Chromium mends that, docs/engines.md is to be mended.
    name: "a text longer than strings can be comes empty",
    needs: ["emptyLongTexts"],
    act: (on) => on.sizeOrEnd(`/large?opcode=1&bytes=${longText}`),
    expected: { size: 0 },
  },
  {
    name: "more connections than the platform has are refused in time, and there are others when those are closed",
    async act(on) {
      const opening = Array.from({ length: connections }, () => on.session("/echo", { timeout: 10_000 }));
      const settled = await Promise.allSettled(opening);
      const sessions = settled.flatMap(({ value }) => value ?? []);
      const codes = new Set(settled.flatMap(({ reason }) => reason?.code ?? []));
      await Promise.all(sessions.map((session) => session.close()));
      await (await on.session("/echo")).close();
      return {
        areMany: sessions.length >= fewest,
        areAll: sessions.length === connections,
        codes: [...codes],
      };
    },
    expected: [
      { areMany: true, areAll: true, codes: [] },
      { areMany: true, areAll: false, codes: ["ERR_HALYARD_HANDSHAKE"] },
      { areMany: true, areAll: false, codes: ["ERR_HALYARD_TIMEOUT"] },
    ],
  },
  {
    // Node 24 and 26 ask again.
    name: "a refusal is told once, however often the platform asks, and leaves no connection",
    async act(on) {
      const id = crypto.randomUUID();
      const code = await on.opening(`/refusal?status=401&id=${id}`);
      const { requests, isOver } = await on.text(`/refusals?id=${id}`);
      return { code, requests, isOver };
    },
    expected: [1, 2].map((requests) => ({ code: "ERR_HALYARD_HANDSHAKE", requests, isOver: true })),
  },
];
