// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HandshakeError } from "../../../src/protocol/errors.ts";
import type {
  ClientHandshakeOptions,
  HandshakeResult,
} from "../../../src/protocol/handshake/client-handshake.ts";
import { parseExtensions } from "../../../src/protocol/handshake/header-grammar.ts";
import type { Header } from "../../../src/protocol/handshake/header-list.ts";
import { ACCEPT, AGREEMENT, answer, anyCuts, clientHandshake, cut, KEY, latin1, outcome } from "./support.ts";

function receive(bytes: Uint8Array, options?: Partial<ClientHandshakeOptions>): HandshakeResult | null {
  return clientHandshake(options).receive(bytes);
}

/** The agreement with one header replaced by others of that name. */
function replacing(name: string, ...values: readonly string[]): Header[] {
  const others = AGREEMENT.filter((header) => header[0] !== name);
  return [...others, ...values.map((value) => [name, value] as const)];
}

function with101(...headers: readonly Header[]): Uint8Array {
  return answer([...AGREEMENT, ...headers]);
}

test("a request that was written before is sent as it is", () => {
  const request = latin1("GET / HTTP/1.1\r\n\r\n");
  expect(clientHandshake({ request }).request).toBe(request);
  expect(clientHandshake().request).not.toHaveLength(0);
});

test("an answer that is not HTTP is an error with the URL", () => {
  const url = "ws://example.org/";
  expect(outcome(() => receive(latin1("SSH-2.0"), { url }))).toMatchObject({ thrown: { url } });
});

describe("an agreement", () => {
  test("gives the response and the bytes after it, in the memory of the chunk (HS-15)", () => {
    const head = with101(["X", "y"]);
    const chunk = Buffer.concat([head, latin1("\x81\x02hi")]);
    const result = receive(chunk);
    expect(result).toMatchObject({
      response: { status: 101, reason: "Switching Protocols" },
      subprotocol: "",
      extensions: [],
    });
    expect(result?.response.headers.get("x")).toEqual(["y"]);
    expect(result?.rest).toEqual(chunk.subarray(head.length));
    expect(result?.rest.buffer).toBe(chunk.buffer);
  });

  test("comes with the last byte of a head in single bytes", () => {
    const handshake = clientHandshake();
    const results = cut(with101(), [...with101().keys()]).map((byte) => handshake.receive(byte));
    expect(results.slice(0, -1).every((result) => result === null)).toBe(true);
    expect(results.at(-1)?.rest).toHaveLength(0);
    expect(handshake.refused).toBe(false);
    expect(handshake.bodyComplete).toBe(false);
  });

  test.each([
    ["a Connection that lists other options", replacing("Connection", "keep-alive, Upgrade")],
    ["a Connection in two fields", replacing("Connection", "keep-alive", "upgrade")],
    ["an odd case", replacing("Upgrade", "WebSocket")],
    ["Content-Length: 0", [...AGREEMENT, ["Content-Length", "0"] as const]],
    ["names in odd case and white space", [["uPGRADE", "websocket\t"] as const, ...AGREEMENT.slice(1)]],
  ])("is reached by %s (HS-02)", (_, headers) => {
    expect(receive(answer(headers))).not.toBeNull();
  });

  test("names the chosen subprotocol and the accepted extensions (HS-05, HS-07)", () => {
    const result = receive(
      with101(["Sec-WebSocket-Protocol", "__proto__"], ["Sec-WebSocket-Extensions", 'x; a="1", z']),
      { subprotocols: ["other", "__proto__"], extensions: parseExtensions("x; a, y, x, z") },
    );
    expect(result?.subprotocol).toBe("__proto__");
    expect(result?.extensions).toEqual(parseExtensions("x; a=1, z"));
  });
});

describe("an answer with 101 that breaks RFC 6455 section 4.1 fails", () => {
  const otherAccept = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";
  const doesNotAnswer = "does not answer the key that was sent";
  test.each([
    ["HS-01", "no Upgrade", replacing("Upgrade"), 'the answer has no "Upgrade" header'],
    ["HS-01", "another Upgrade", replacing("Upgrade", "h2c"), 'upgrades to "h2c" instead of "websocket"'],
    ["HS-01", "a list in Upgrade", replacing("Upgrade", "websocket, h2c"), 'upgrades to "websocket, h2c"'],
    [
      "HS-01",
      "no Connection",
      replacing("Connection"),
      'the "Connection" header "" does not contain "Upgrade"',
    ],
    ["HS-01", "another Connection", replacing("Connection", "close"), 'header "close" does not contain'],
    ["HS-01", "part of a word", replacing("Connection", "xupgrade"), 'header "xupgrade" does not contain'],
    [
      "HS-03",
      "no accept",
      replacing("Sec-WebSocket-Accept"),
      'the answer has no "Sec-WebSocket-Accept" header',
    ],
    ["HS-03", "another key's accept", replacing("Sec-WebSocket-Accept", otherAccept), doesNotAnswer],
    ["HS-03", "a truncated accept", replacing("Sec-WebSocket-Accept", ACCEPT.slice(0, -1)), doesNotAnswer],
    ["HS-03", "a longer accept", replacing("Sec-WebSocket-Accept", `${ACCEPT} x`), doesNotAnswer],
    ["HS-03", "an empty accept", replacing("Sec-WebSocket-Accept", ""), `header "" ${doesNotAnswer}`],
    ["HS-03", "an echo of the key", replacing("Sec-WebSocket-Accept", KEY), doesNotAnswer],
    [
      "HS-03",
      "an accept in another case",
      replacing("Sec-WebSocket-Accept", ACCEPT.toLowerCase()),
      doesNotAnswer,
    ],
    [
      "HS-04",
      "two Upgrade",
      replacing("Upgrade", "websocket", "websocket"),
      'the "Upgrade" header comes 2 times',
    ],
    [
      "HS-04",
      "the right accept before a wrong one",
      replacing("Sec-WebSocket-Accept", ACCEPT, otherAccept),
      'the "Sec-WebSocket-Accept" header comes 2 times',
    ],
    [
      "HS-04",
      "the right accept after a wrong one",
      replacing("Sec-WebSocket-Accept", otherAccept, ACCEPT),
      'the "Sec-WebSocket-Accept" header comes 2 times',
    ],
    [
      "HS-14",
      "content",
      [...AGREEMENT, ["Content-Length", "5"] as const],
      "the answer with status 101 announces content",
    ],
    ["HS-14", "chunks", [...AGREEMENT, ["Transfer-Encoding", "chunked"] as const], "announces content"],
  ])("%s: %s", (_, __, headers, message) => {
    const run = (): unknown => receive(answer(headers));
    expect(run).toThrow(HandshakeError);
    expect(run).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^handshake with ws:\/\/example\.com\/chat failed: /),
        status: 101,
        url: "ws://example.com/chat",
        phase: "upgrade",
        headers: expect.any(Headers),
      }),
    );
    expect(run).toThrow(message);
  });

  test.each([
    ["a foreign one", ["a"], ["b"], 'the server chose the subprotocol "b", which was not offered'],
    ["one although none was offered", [], ["a"], 'the subprotocol "a", which was not offered'],
    ["another case", ["a"], ["A"], 'the subprotocol "A", which was not offered'],
    ["a list", ["a", "b"], ["a, b"], 'the subprotocol "a, b", which was not offered'],
    ["nothing", ["a"], [""], 'the subprotocol "", which was not offered'],
    ["constructor", ["a"], ["constructor"], "which was not offered"],
    ["the same one twice", ["a"], ["a", "a"], 'the "Sec-WebSocket-Protocol" header comes 2 times'],
    [
      "none of those offered (HS-08)",
      ["a", "b"],
      [],
      "the server chose none of the 2 subprotocols that were offered",
    ],
  ])("a server that chooses as subprotocol %s (HS-04, HS-07)", (_, subprotocols, chosen, message) => {
    const headers = chosen.map((value) => ["Sec-WebSocket-Protocol", value] as const);
    expect(() => receive(with101(...headers), { subprotocols })).toThrow(message);
  });

  test.each([
    ["one although none was offered", null, ["x"], 'the extension "x", which was not offered'],
    ["a foreign one", "x", ["y"], 'the extension "y", which was not offered'],
    ["a foreign one too", "x", ["x, y"], 'the extension "y", which was not offered'],
    ["one in another case", "x", ["X"], 'the extension "X", which was not offered'],
    ["one twice", "x", ["x, x"], 'the extension "x", which was not offered, or twice'],
    ["one twice although offered twice", "x; a, x", ["x; a, x"], "or twice"],
    [
      "one in two fields (section 11.3.2)",
      "x, y",
      ["x", "y"],
      'the "Sec-WebSocket-Extensions" header comes 2 times',
    ],
    ["nothing", "x", [""], 'the "Sec-WebSocket-Extensions" header is malformed: the list is empty'],
    ["an open quote", "x", ['x; a="1'], "is malformed: a quoted string has no end"],
    ["__proto__", "x", ["__proto__"], 'the extension "__proto__", which was not offered'],
  ])("a server that accepts as extension %s (HS-05, HS-06)", (_, offered, accepted, message) => {
    const headers = accepted.map((value) => ["Sec-WebSocket-Extensions", value] as const);
    const extensions = offered === null ? [] : parseExtensions(offered);
    expect(() => receive(with101(...headers), { extensions })).toThrow(message);
  });

  test("an answer in HTTP/1.0, which knows no upgrade", () => {
    const run = (): unknown => receive(answer(AGREEMENT, "HTTP/1.0 101 Switching Protocols"));
    expect(run).toThrow(HandshakeError);
    expect(run).toThrow("is in HTTP/1.0, and a WebSocket handshake needs HTTP/1.1");
  });

  test("a head beyond its limits", () => {
    expect(() => receive(with101(), { limits: { maxHeaders: 2 } })).toThrow(
      "more headers than the limit of 2",
    );
  });

  test("and no secret that was offered is in a message", () => {
    const subprotocols = ["bearer.secret"];
    expect(() => receive(with101(), { subprotocols })).toThrow(/^(?!.*secret)/);
  });
});

describe("interim responses (HS-13)", () => {
  const interim = latin1("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");

  test("16 are skipped, and their headers with them", () => {
    const chunk = Buffer.concat([
      ...Array<Uint8Array>(15).fill(interim),
      latin1("HTTP/1.1 100\r\n\r\n"),
      with101(),
    ]);
    expect(receive(chunk)?.response.headers.get("Link")).toEqual([]);
  });

  test("the 17th fails", () => {
    const chunk = Buffer.concat(Array<Uint8Array>(17).fill(interim));
    expect(() => receive(chunk)).toThrow("the server sent more than 16 interim responses");
  });
});

describe("a refusal (HS-18)", () => {
  function refused(head: string, ...body: readonly string[]): ReturnType<typeof clientHandshake> {
    const handshake = clientHandshake();
    expect(handshake.receive(latin1(`${head}\r\n\r\n${body.join("")}`))).toBeNull();
    expect(handshake.refused).toBe(true);
    return handshake;
  }

  test("is an error with status, headers and body", () => {
    const handshake = refused(
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\nSet-Cookie: a=1\r\nset-cookie: b=2",
      "log in",
    );
    expect(handshake.bodyComplete).toBe(true);
    const error = handshake.refusal();
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).toBe(
      'handshake with ws://example.com/chat failed: the server answered with status 401 "Unauthorized" instead of 101',
    );
    expect(error).toMatchObject({ status: 401, body: "log in", url: "ws://example.com/chat" });
    expect([...(error.headers ?? [])]).toEqual([
      ["content-length", "6"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
  });

  test("of HTTP/1.0 is one as well", () => {
    const error = refused("HTTP/1.0 403 Forbidden\r\nServer: SimpleHTTP/0.6", "no").refusal();
    expect(error).toMatchObject({ status: 403, body: "no" });
    expect(error.headers?.get("server")).toBe("SimpleHTTP/0.6");
  });

  test("of 200 without a reason is one too, and a redirect", () => {
    expect(refused("HTTP/1.1 200").refusal().message).toMatch(/with status 200 instead of 101$/);
    expect(refused("HTTP/1.1 302 Found\r\nLocation: /x").refusal().headers?.get("location")).toBe("/x");
  });

  const chunked = "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked";
  const kilobytes = (bytes: number): string => "x".repeat(bytes);
  test.each([
    ["a body as long as announced", "HTTP/1.1 403\r\nContent-Length: 3", "abcdef", "abc", true],
    ["a body shorter than announced", "HTTP/1.1 403\r\nContent-Length: 3", "ab", "ab", false],
    ["no body", "HTTP/1.1 403\r\nContent-Length: 0", "abc", "", true],
    ["204", "HTTP/1.1 204 No Content", "abc", "", true],
    ["304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3", "abc", "", true],
    ["equal lengths", "HTTP/1.1 403\r\nContent-Length: 3\r\nContent-Length: 3", "abcd", "abc", true],
    [
      "contradictory lengths",
      "HTTP/1.1 403\r\nContent-Length: 3\r\nContent-Length: 4",
      "abcdef",
      "abcdef",
      false,
    ],
    ["a length of two digits", "HTTP/1.1 403\r\nContent-Length: 12", "abcdefghijklm", "abcdefghijkl", true],
    ["a length that is no number", "HTTP/1.1 403\r\nContent-Length: 3x", "abcdef", "abcdef", false],
    ["a negative length", "HTTP/1.1 403\r\nContent-Length: -3", "abcdef", "abcdef", false],
    ["no length", "HTTP/1.1 403", "abc", "abc", false],
    [
      "another coding and a length",
      "HTTP/1.1 403\r\nTransfer-Encoding: gzip\r\nContent-Length: 1",
      "abc",
      "abc",
      false,
    ],
    ["4095 bytes", "HTTP/1.1 403", kilobytes(4095), kilobytes(4095), false],
    ["4096 bytes", "HTTP/1.1 403", kilobytes(4096), kilobytes(4096), true],
    ["4097 bytes", "HTTP/1.1 403", kilobytes(4097), kilobytes(4096), true],
    ["a cut character", "HTTP/1.1 403", `${kilobytes(4095)}\xc3\xa9`, kilobytes(4095), true],
    ["UTF-8", "HTTP/1.1 403\r\nContent-Length: 2", "\xc3\xa9", "é", true],
    ["bytes that are not UTF-8", "HTTP/1.1 403\r\nContent-Length: 2", "\xffa", "\ufffda", true],
    ["chunks", chunked, "3\r\nabc\r\n0b ;x=y\r\nhello world\r\n0\r\n\r\n", "abchello world", true],
    ["chunks with LF only", chunked, "3\nabc\n2\nde\n0\n\n", "abcde", true],
    ["a chunk whose size ends in 0", chunked, "10\r\n0123456789abcdef\r\n", "0123456789abcdef", false],
    ["chunks and a length", `${chunked}\r\nContent-Length: 1`, "3\r\nabc\r\n000\r\n", "abc", true],
    ["chunks without an end", chunked, "3\r\nabc\r\n", "abc", false],
    ["a chunk cut short", chunked, "3\r\nab", "ab", false],
    ["a chunk that is no number", chunked, "3\r\nabc\r\nxyz\r\nabc", "abc", true],
    ["a chunk of negative size", chunked, "-3\r\nabc", "", true],
    ["a chunk without size", chunked, "\r\nabc", "", true],
    ["a chunk longer than its size", chunked, "3\r\nabcd\r\n", "abc", true],
    ["a huge chunk", chunked, `ffffffff\r\n${kilobytes(5000)}`, kilobytes(4096), true],
    ["a size of nine digits", chunked, `100000000\r\n${kilobytes(5000)}`, "", true],
    ["a chunk line of 256 bytes", chunked, `3;${kilobytes(252)}\r\nabc`, "abc", false],
    ["a chunk line of 257 bytes", chunked, `3;${kilobytes(253)}\r\nabc`, "", true],
    ["an endless chunk line", chunked, `3;${kilobytes(100_000)}`, "", true],
  ])("with %s keeps at most 4 KiB of it", (_, head, body, kept, complete) => {
    const handshake = refused(head, body);
    expect(handshake.refusal().body).toBe(kept);
    expect(handshake.bodyComplete).toBe(complete);
  });

  test("keeps the same of chunks that come byte by byte", () => {
    const handshake = refused(chunked);
    for (const byte of latin1("3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n")) {
      expect(handshake.bodyComplete).toBe(false);
      handshake.receive(Uint8Array.of(byte));
    }
    expect(handshake.refusal().body).toBe("abcde");
    expect(handshake.bodyComplete).toBe(true);
  });

  test("has an error at any time after its head", () => {
    const handshake = refused("HTTP/1.1 500\r\nContent-Length: 10");
    expect(handshake.refusal().body).toBe("");
    handshake.receive(latin1("abc"));
    expect(handshake.eof()).toEqual(handshake.refusal());
    expect(handshake.refusal().body).toBe("abc");
  });

  test("keeps 4 KiB of chunks that go past it, and ignores what comes later", () => {
    const handshake = refused("HTTP/1.1 500");
    for (const letter of ["a", "b", "c"]) handshake.receive(latin1(letter.repeat(3000)));
    expect(handshake.refusal().body).toBe("a".repeat(3000) + "b".repeat(1096));
  });

  test("cannot be asked for before its head", () => {
    expect(() => clientHandshake().refusal()).toThrow(new TypeError("the handshake was not refused"));
  });
});

describe("a connection that ends (HS-16)", () => {
  test.each([
    ["before an answer", "", "the server closed the connection before it answered"],
    ["inside the head", "HTTP/1.1 10", "the server closed the connection in the middle of the response head"],
    [
      "after an interim response",
      "HTTP/1.1 100\r\n\r\n",
      "the server closed the connection before it answered",
    ],
  ])("%s has an error that says so", (_, text, message) => {
    const handshake = clientHandshake();
    handshake.receive(latin1(text));
    expect(handshake.eof()).toBeInstanceOf(HandshakeError);
    expect(handshake.eof().message).toBe(`handshake with ws://example.com/chat failed: ${message}`);
  });
});

describe("for any bytes", () => {
  /** Everything that can be seen of a handshake that received the chunks. */
  function run(chunks: readonly Uint8Array[]): unknown {
    const handshake = clientHandshake();
    return outcome(() => {
      const rest: Uint8Array[] = [];
      let result: HandshakeResult | null = null;
      for (const chunk of chunks) {
        if (result !== null) rest.push(chunk);
        else {
          result = handshake.receive(chunk);
          if (result !== null) rest.push(result.rest);
        }
      }
      return {
        rest: Buffer.concat(rest),
        agreed: result === null ? null : [...result.response.headers],
        complete: handshake.bodyComplete,
        eof: result === null ? handshake.eof() : null,
        body: result === null ? handshake.eof().body : null,
      };
    });
  }

  const interim = latin1("HTTP/1.1 100 Continue\r\n\r\n");
  const stream = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((frames) => Buffer.concat([interim, with101(), frames])),
    fc.uint8Array({ maxLength: 60 }).map((body) => Buffer.concat([latin1("HTTP/1.1 403 No\r\n\r\n"), body])),
    fc
      .array(fc.constantFrom("3\r\nabc\r\n", "1f;x\r\n", "a", "\r\n", "0\r\n", "z", "5\n"), { maxLength: 8 })
      .map((body) => latin1(`HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n${body.join("")}`)),
  );

  test("any split gives the same result (HS-15)", () => {
    fc.assert(
      fc.property(stream, anyCuts, (bytes, places) => {
        expect(run(cut(bytes, places))).toEqual(run([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  test("random bytes and mutations of an agreement yield nothing but a HandshakeError (HS-16)", () => {
    const mutated = fc
      .tuple(fc.nat(with101().length - 1), fc.nat(255))
      .map(([index, byte]) => with101().fill(byte, index, index + 1));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        try {
          receive(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
