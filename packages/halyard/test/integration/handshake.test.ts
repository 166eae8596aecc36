// SPDX-License-Identifier: Apache-2.0
// What a server, or its absence, can do to the opening handshake (HS-01 to HS-18, NW-01 to NW-05).
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ConnectionError, HandshakeError, TimeoutError, type WebSockets } from "../../src/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { agreement, hostileServer, type Script, unusedPort } from "../support/hostile-server.ts";
import { checkLeaks, turn } from "../support/leaks.ts";

checkLeaks();

const secret = "hunter2";
/** Silence is ended by this one. */
const handshakeTimeout = 150;

/** A URL with a secret in every place for one. */
function secretUrl(url: string): string {
  return `${url.replace("ws://", `ws://user:${secret}@`)}path?token=${secret}`;
}

/** Runs one handshake against a script and returns its error, after the checks that hold for every error. */
async function refusedBy<E extends Error>(
  script: Script,
  type: abstract new (...args: never[]) => E,
  config: WebSockets.Config = {},
): Promise<E> {
  await using server = await hostileServer(script);
  await using client = testClient(config);
  const error = await failure(client.webSocketSession(secretUrl(server.url)), type);
  await server.abandoned();
  expect(error).toMatchObject({ phase: "upgrade", url: `${server.url}path?...` });
  expect(error.message).toContain(`${server.url}path?...`);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  return error;
}

/** Answers the request with fixed text. */
function answers(text: string): Script {
  return async (peer) => {
    await peer.request();
    peer.write(text);
  };
}

describe("an answer other than 101 rejects with status, headers and the beginning of the body (HS-18)", () => {
  test.each<[what: string, answer: string, body: string]>([
    ["with a length", "Content-Length: 6\r\n\r\nsorry!", "sorry!"],
    ["chunked", "Transfer-Encoding: chunked\r\n\r\n3\r\nsor\r\n3\r\nry!\r\n0\r\n\r\n", "sorry!"],
    ["with bad chunks", "Transfer-Encoding: chunked\r\n\r\nbogus\r\nsorry!", ""],
    ["with no body", "Content-Length: 0\r\n\r\n", ""],
    ["without a length, unfinished", "\r\nsorry!", "sorry!"],
    ["with a length it does not fill", "Content-Length: 1000\r\n\r\nsorry!", "sorry!"],
  ])("%s", async (_, answer, body) => {
    const error = await refusedBy(
      answers(`HTTP/1.1 403 Forbidden\r\nX-Why: because\r\n${answer}`),
      HandshakeError,
    );
    expect(error).toMatchObject({ status: 403, body });
    expect(error.headers?.get("x-why")).toBe("because");
    expect(error.message).toMatch(/status 403 "Forbidden" instead of 101/);
  });

  test("in HTTP/1.0, as old servers and some proxies give it", async () => {
    const error = await refusedBy(async (peer) => {
      await answers("HTTP/1.0 403 Forbidden\r\nX-Why: because\r\n\r\nsorry!")(peer);
      peer.end();
    }, HandshakeError);
    expect(error).toMatchObject({ status: 403, body: "sorry!" });
    expect(error.headers?.get("x-why")).toBe("because");
  });

  test("endless: 4 KiB of it are kept (MM-10)", async () => {
    const error = await refusedBy(async (peer) => {
      await peer.request();
      peer.write("HTTP/1.1 500 Oops\r\n\r\n");
      await peer.drip(() => "x".repeat(1000));
    }, HandshakeError);
    expect(error.body).toBe("x".repeat(4096));
  });

  test("with a body of one byte a turn: it is not waited for to its end (MM-10)", async () => {
    const error = await refusedBy(async (peer) => {
      await peer.request();
      peer.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4000000\r\n\r\n");
      await peer.drip(() => "y");
    }, HandshakeError);
    expect(error.status).toBe(401);
    expect(error.body).toMatch(/^y+$/);
  });

  test.each([301, 302, 307])("a redirect with status %i is an answer like others", async (status) => {
    const error = await refusedBy(
      answers(`HTTP/1.1 ${status} Elsewhere\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`),
      HandshakeError,
    );
    expect(error.status).toBe(status);
  });
});

describe("the end of the connection", () => {
  const beginnings: [where: string, answer: string][] = [
    ["before the answer", ""],
    ["inside the status line", "HTTP/1.1 1"],
    ["inside the head", "HTTP/1.1 101 S\r\nUpgrade: web"],
    ["after an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"],
  ];

  test.each(beginnings)("FIN %s is a HandshakeError (HS-16)", async (_, answer) => {
    const error = await refusedBy(async (peer) => {
      await answers(answer)(peer);
      peer.end();
    }, HandshakeError);
    expect(error.message).toMatch(/closed the connection (before it answered|in the middle of)/);
  });

  test("RST instead of everything is a ConnectionError, of whichever phase sees it (NW-05)", async () => {
    await using server = await hostileServer((peer) => peer.reset());
    await using client = testClient();
    const error = await failure(client.webSocketSession(server.url), ConnectionError);
    await server.abandoned();
    expect(["connect", "upgrade"]).toContain(error.phase);
    expect(error).toMatchObject({ url: server.url, cause: { code: "ECONNRESET" } });
  });

  test.each(beginnings)("RST %s is a ConnectionError with the platform's as its cause", async (_, answer) => {
    const error = await refusedBy(async (peer) => {
      await answers(answer)(peer);
      await peer.reset();
    }, ConnectionError);
    expect(error).toMatchObject({ code: "ERR_HALYARD_CONNECTION", cause: { code: "ECONNRESET" } });
  });

  test("FIN after a refusal's head gives the refusal", async () => {
    const error = await refusedBy(async (peer) => {
      await answers("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf")(peer);
      peer.end();
    }, HandshakeError);
    expect(error).toMatchObject({ status: 503, body: "half" });
  });

  test("RST after a refusal's head gives the refusal, too", async () => {
    const error = await refusedBy(async (peer) => {
      await answers("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf")(peer);
      await peer.reset();
    }, HandshakeError);
    expect(error.status).toBe(503);
  });
});

describe("silence ends at the deadline (HS-12)", () => {
  const dripped = "HTTP/1.1 101 Switching Protocols\r\nX-Slow: ";
  test.each<[what: string, script: Script]>([
    ["after the connection", () => undefined],
    ["after the request", (peer) => peer.request()],
    ["inside the head", answers("HTTP/1.1 101 S\r\n")],
    ["after an interim answer", answers("HTTP/1.1 100 Continue\r\n\r\n")],
    [
      "and a head that drips does not extend it",
      async (peer) => {
        await peer.request();
        let at = 0;
        await peer.drip(() => dripped.charAt(at++) || (at % 100 === 0 ? "\r\nX: " : "y"));
      },
    ],
    [
      "nor does an interim answer now and then",
      async (peer) => {
        await peer.request();
        for (let count = 0; count < 16; count++) peer.write("HTTP/1.1 102 Processing\r\n\r\n");
      },
    ],
  ])("%s", async (what, script) => {
    const began = performance.now();
    const isDrip = what.includes("drips");
    const error = await refusedBy(script, isDrip ? Error : TimeoutError, { handshakeTimeout });
    expect(performance.now() - began).toBeLessThan(handshakeTimeout + 1_500);
    // A fast machine comes to the end of what a line may hold first.
    if (isDrip && error instanceof HandshakeError) expect(error.message).toMatch(/limit/);
    else expect(error).toMatchObject({ code: "ERR_HALYARD_TIMEOUT", milliseconds: handshakeTimeout });
  });

  test("the timeout of a request wins over the plugin's", async () => {
    await using server = await hostileServer(() => undefined);
    await using client = testClient();
    const error = await failure(client.webSocketSession({ url: server.url, timeout: 50 }), TimeoutError);
    expect(error).toMatchObject({ milliseconds: 50, message: expect.stringContaining("50 ms") as string });
  });
});

describe("no connection", () => {
  test("refused: says that nothing listens there", async () => {
    const port = await unusedPort();
    await using client = testClient();
    const error = await failure(
      client.webSocketSession(secretUrl(`ws://127.0.0.1:${port}/`)),
      ConnectionError,
    );
    expect(error).toMatchObject({
      code: "ERR_HALYARD_CONNECTION",
      phase: "connect",
      url: `ws://127.0.0.1:${port}/path?...`,
      cause: { code: "ECONNREFUSED" },
    });
    expect(error.message).toMatch(/nothing listens there/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  });

  test("refused on every address of a name: one error with all causes", async () => {
    const port = await unusedPort();
    await using client = testClient();
    const error = await failure(client.webSocketSession(`ws://localhost:${port}`), ConnectionError);
    expect(error).toMatchObject({ phase: "connect", cause: { code: "ECONNREFUSED" } });
    expect(error.message).toMatch(/127\.0\.0\.1/);
    expect(error.addresses).toContainEqual({ address: "127.0.0.1", port, code: "ECONNREFUSED" });
    expect(error.message).toMatch(/check host and port/);
  });

  test("no such name (NW-01)", { timeout: 40_000 }, async () => {
    // A resolver that is far away takes its time.
    await using client = testClient({ handshakeTimeout: 30_000 });
    const error = await failure(client.webSocketSession("ws://nowhere.invalid/"), ConnectionError);
    expect(error).toMatchObject({ phase: "dns", url: "ws://nowhere.invalid/" });
    expect(error.cause).toMatchObject({ syscall: "getaddrinfo" });
    expect(error.message).toMatch(/cannot resolve the name .* \(.*(host name|network)\)$/);
  });

  test("a name with several addresses of which one answers (NW-02)", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      peer.end("\x88\x02\x03\xe8");
    });
    await using client = testClient();
    await client.webSocket({ host: "localhost", port: server.port }, (session) => session.closeReason);
    expect(server.peers).toHaveLength(1);
  });
});

test("interim answers, odd case, white space and a dripped head are no failure (HS-02, HS-13, HS-15)", async () => {
  await using server = await hostileServer(async (peer) => {
    const request = await peer.request();
    peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    const head = agreement(request)
      .replace("Upgrade: websocket", "uPGRADE:WebSocket \t")
      .replace("Connection: Upgrade", "CONNECTION: keep-alive, upgrade");
    for (const byte of `${head}\x81\x02hi`) {
      peer.write(byte);
      await turn();
    }
    peer.end("\x88\x02\x03\xe8");
  });
  await using client = testClient();
  const text = await client.webSocket(server.url, async ({ incoming }) => (await incoming.receive()).data);
  expect(Buffer.from(text).toString()).toBe("hi");
});
