// SPDX-License-Identifier: Apache-2.0
// Servers of HTTP/2 that break its rules, or keep to them and do harm.
import { describe, expect, test } from "vitest";
import { ConnectionError, HandshakeError, TimeoutError } from "../../src/index.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { closeFrame, hostileServer, type Peer, serverFrame } from "../support/hostile-server.ts";
import {
  bareFrame,
  framesOf,
  frameTypes,
  headersFrame,
  heard,
  settingsFrame,
  uint32,
  welcome,
} from "../support/http2-server.ts";
import { checkLeaks, turn, turns, until } from "../support/leaks.ts";

checkLeaks();

const http2Client = () => testClient({ handshakeTimeout: 2_000 }, { http2: "require" });
const endHeaders = 4;
const endStream = 1;

/** Sends SETTINGS, waits for the request, and answers it. */
function answering(answer: (peer: Peer) => unknown) {
  return async (peer: Peer) => {
    peer.write(welcome());
    await heard(peer, "headers");
    await answer(peer);
  };
}

function resets(peer: Peer): number[] {
  return framesOf(peer.received)
    .filter(({ type }) => type === frameTypes.rstStream)
    .map(({ payload }) => payload.readUInt32BE());
}

describe("before there is a connection", () => {
  test("H2-01: SETTINGS that never come are waited for until the deadline, and all who wait are told (HS-12)", async () => {
    await using server = await hostileServer(() => undefined);
    await using client = http2Client();
    const open = () => failure(client.webSocketSession({ url: server.url, timeout: 100 }), TimeoutError);
    const errors = await Promise.all([open(), open(), open()]);
    for (const error of errors) expect(error).toMatchObject({ phase: "upgrade", milliseconds: 100 });
    expect(server.peers).toHaveLength(1);
    await server.abandoned();
  });

  test.each<[what: string, script: (peer: Peer) => unknown]>([
    ["HTTP/1.1", (peer) => peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")],
    ["garbage", (peer) => peer.write(Buffer.alloc(100, 0xff))],
    ["another frame than SETTINGS", (peer) => peer.write(bareFrame("data", 0, Buffer.alloc(4)))],
  ])("H2-02: %s in the place of SETTINGS is a HandshakeError (HS-16)", async (_, script) => {
    await using server = await hostileServer(script);
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error.message).toMatch(/does not speak HTTP\/2/);
    await server.abandoned();
  });

  test.each<[what: string, script: (peer: Peer) => unknown]>([
    ["an end", (peer) => peer.end()],
    ["a reset", (peer) => heard(peer, "settings").then(() => peer.reset())],
  ])("H2-02: %s in the place of SETTINGS is a ConnectionError (HS-16)", async (_, script) => {
    await using server = await hostileServer(script);
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), ConnectionError);
    expect(error).toMatchObject({ phase: "upgrade", url: server.url });
  });

  test.each<[what: string, settings: Buffer, lacks: RegExp]>([
    ["no CONNECT protocol", settingsFrame(), /CONNECT protocol/],
    ["CONNECT protocol 0", settingsFrame([8, 0]), /CONNECT protocol/],
    ["no streams", settingsFrame([8, 1], [3, 0]), /no streams/],
  ])("H2-03: SETTINGS with %s are a HandshakeError that says so", async (_, settings, lacks) => {
    await using server = await hostileServer((peer) => peer.write(settings));
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error.message).toMatch(lacks);
    await server.abandoned();
  });
});

describe("answers", () => {
  const many = Array.from({ length: 129 }, (_, at) => [`x-${at}`, "1"] as const);
  const large = Array.from({ length: 100 }, (_, at) => [`x-${at}`, "v".repeat(126)] as const);

  // A head that nghttp2 itself refuses half-way may end the process on Node 20 and 22 (nodejs/node#39951): none is among these.
  test.each<[what: string, head: Buffer]>([
    ["with an extension that was not offered", headersFrame(1, 200, [["sec-websocket-extensions", "x"]])],
    ["with a subprotocol that was not offered", headersFrame(1, 200, [["sec-websocket-protocol", "x"]])],
    ["with 129 headers", headersFrame(1, 200, many)],
    ["with a status of 204", headersFrame(1, 204, [], endHeaders | endStream)],
  ])("H2-04: %s are an error, and nothing is left (HS-05, HS-11, HS-17)", async (_, head) => {
    await using server = await hostileServer(answering((peer) => peer.write(head)));
    await using client = http2Client();
    const error = await rejection(client.webSocketSession(server.url));
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ERR_HALYARD_(?:HANDSHAKE|CONNECTION)$/) as string,
    });
    expect(error).toMatchObject({ phase: "upgrade", url: server.url });
    await server.abandoned();
  });

  // Node says GOAWAY, and then nothing to us.
  test.each<[what: string, script: (peer: Peer) => unknown]>([
    ["SETTINGS that are cut short", (peer) => peer.write(bareFrame("settings", 0, Buffer.alloc(5)))],
    [
      "a head that cannot be decompressed",
      answering((peer) => peer.write(bareFrame("headers", 1, Buffer.alloc(5, 0xff), endHeaders))),
    ],
  ])("H2-04: %s have an end by the deadline at the latest", async (_, script) => {
    await using server = await hostileServer(script);
    await using client = http2Client();
    const error = await rejection(client.webSocketSession({ url: server.url, timeout: 200 }));
    expect(error).toMatchObject({ phase: "upgrade" });
    await server.abandoned();
  });

  test("H2-04: a head over maxHeadSize is a HandshakeError, exactly the limit passes (HS-11)", async () => {
    const size = large.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    const answer = answering((peer) => peer.write(Buffer.concat([headersFrame(1, 200, large), end(1)])));
    const end = (stream: number) => bareFrame("data", stream, closeFrame(1000), endStream);
    for (const [maxHeadSize, isTaken] of [
      [size, true],
      [size - 1, false],
    ] as const) {
      await using server = await hostileServer(answer);
      await using client = testClient({}, { http2: "require", answerLimits: { maxHeadSize } });
      const opening = client.webSocketSession(server.url);
      if (isTaken) expect((await (await opening).ended).clean).toBe(true);
      else expect((await failure(opening, HandshakeError)).message).toMatch(/limit/);
    }
  });

  test("H2-05: more interim answers than the limit are a HandshakeError (HS-12, HS-13)", async () => {
    // 103 has no index: a literal value with the name of index 8.
    const early = bareFrame("headers", 1, Buffer.from([0x08, 3, 0x31, 0x30, 0x33]), endHeaders);
    await using server = await hostileServer(
      answering(async (peer) => {
        for (let count = 0; count < 17; count++) peer.write(early);
      }),
    );
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ status: 103, message: expect.stringMatching(/interim/) as string });
  });

  test("H2-06: of a refusal's endless body 4 KiB are kept, and its stream is reset (HS-18)", async () => {
    await using server = await hostileServer(
      answering(async (peer) => {
        peer.write(headersFrame(1, 404));
        while (resets(peer).length === 0 && !peer.isGone) {
          if (peer.socket.writableLength === 0) peer.write(bareFrame("data", 1, Buffer.alloc(1_000, "x")));
          await turn();
        }
      }),
    );
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ status: 404, body: "x".repeat(4096) });
    await server.abandoned();
  });

  test("H2-06: of a refusal's body that does not end is taken what there is (HS-18)", async () => {
    await using server = await hostileServer(
      answering((peer) =>
        peer.write(Buffer.concat([headersFrame(1, 500), bareFrame("data", 1, Buffer.from("part"))])),
      ),
    );
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ status: 500, body: "part" });
    await until(() => resets(server.peer).length > 0 || server.peer.isGone, "the reset");
  });
});

describe("GOAWAY and RST_STREAM", () => {
  const goaway = (last: number, code = 0) => bareFrame("goaway", 0, uint32(last, code));

  test("H2-07: a GOAWAY that leaves out the stream has it asked again on a new connection, once", async () => {
    await using server = await hostileServer(answering((peer) => peer.write(goaway(0))));
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ phase: "upgrade", url: server.url });
    expect(server.peers).toHaveLength(2);
    await server.abandoned();
  });

  test("H2-07: a GOAWAY right behind the SETTINGS is no place for a stream", async () => {
    await using server = await hostileServer(async (peer) => {
      if (server.peers.length === 1) return peer.write(Buffer.concat([welcome(), goaway(0)]));
      await answering((second) =>
        second.write(
          Buffer.concat([headersFrame(1, 200), bareFrame("data", 1, closeFrame(1000), endStream)]),
        ),
      )(peer);
    });
    await using client = http2Client();
    expect((await (await client.webSocketSession(server.url)).ended).clean).toBe(true);
  });

  test("H2-07: a session above the last stream of a GOAWAY ends with an error, the one below goes on", async () => {
    await using server = await hostileServer(async (peer) => {
      peer.write(welcome());
      await heard(peer, "headers", 2);
      peer.write(Buffer.concat([headersFrame(1, 200), headersFrame(3, 200)]));
      await turns();
      peer.write(Buffer.concat([goaway(1), bareFrame("data", 1, serverFrame(1, "on"))]));
      await heard(peer, "data");
      peer.write(bareFrame("data", 1, closeFrame(1000), endStream));
    });
    await using client = http2Client();
    const [below, above] = await Promise.all([
      client.webSocketSession(server.url),
      client.webSocketSession(server.url),
    ]);
    expect((await above.ended).error).toBeInstanceOf(ConnectionError);
    const frame = await below.incoming.receive();
    expect(frame.type === "text" && frame.readText()).toBe("on");
    expect((await below.close()).clean).toBe(true);
  });

  test("H2-08: RST_STREAM in the middle of a message is 1006 with a ConnectionError, and no part of the message", async () => {
    for (const code of [0, 2, 8]) {
      await using server = await hostileServer(
        answering(async (peer) => {
          const whole = serverFrame(1, "whole");
          const data = Buffer.concat([whole, whole.subarray(0, 4)]);
          peer.write(Buffer.concat([headersFrame(1, 200), bareFrame("data", 1, data)]));
          await turns();
          peer.write(bareFrame("rstStream", 1, uint32(code)));
        }),
      );
      await using client = http2Client();
      const session = await client.webSocketSession(server.url);
      const texts: string[] = [];
      const error = await rejection(
        (async () => {
          for await (const frame of session.incoming) if (frame.type === "text") texts.push(frame.readText());
        })(),
      );
      expect(error).toBeInstanceOf(ConnectionError);
      expect(texts).toEqual(["whole"]);
      expect((await session.ended).reason.code).toBe(1006);
    }
  });
});

describe("flow control", () => {
  test("H2-09: a server that opens no window is written no more than that, and the close has its bound", async () => {
    await using server = await hostileServer(answering((peer) => peer.write(headersFrame(1, 200))));
    await using client = testClient({ closeTimeout: 100 }, { http2: "require" });
    const session = await client.webSocketSession(server.url);
    let isSent = false;
    const sending = rejection(
      (async () => {
        for (let count = 0; count < 64; count++) await session.send(new Uint8Array(65_536));
        isSent = true;
      })(),
    );
    await turns();
    expect(isSent).toBe(false);
    const { clean, unsent } = await session.close();
    expect([clean, unsent > 0]).toEqual([false, true]);
    await sending;
    const bytes = framesOf(server.peer.received)
      .filter(({ type }) => type === frameTypes.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
    expect(bytes).toBeLessThanOrEqual(65_535);
    await server.abandoned();
  });

  test("H2-09: a server that sends beyond the window loses the connection, and every session is told", async () => {
    await using server = await hostileServer(
      answering(async (peer) => {
        peer.write(headersFrame(1, 200));
        const chunk = bareFrame(
          "data",
          1,
          Buffer.concat([Buffer.of(0x82, 0x7e, 0x3f, 0xfc), Buffer.alloc(16_380)]),
        );
        await peer.pour(
          (function* () {
            for (;;) yield chunk;
          })(),
        );
      }),
    );
    await using client = http2Client();
    const session = await client.webSocketRawSession(server.url);
    // Nobody takes anything: the window stays shut.
    const { clean, error } = await session.ended;
    expect(clean).toBe(false);
    expect(error).toBeInstanceOf(ConnectionError);
  });
});
