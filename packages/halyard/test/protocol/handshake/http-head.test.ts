// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HandshakeError } from "../../../src/protocol/errors.ts";
import { type HeadLimits, HttpHeadParser } from "../../../src/protocol/handshake/http-head.ts";
import { anyCuts, cut, latin1, outcome } from "./support.ts";

function parse(text: string, limits?: HeadLimits): HttpHeadParser {
  const parser = new HttpHeadParser(limits, { url: "ws://example.com/" });
  parser.receive(latin1(text));
  return parser;
}

function headersOf(text: string): unknown {
  return [...(parse(text).head?.headers ?? [])];
}

/** How many bytes were taken, and the head or the error. */
function outcomeOf(chunks: readonly Uint8Array[], limits?: HeadLimits): unknown {
  const parser = new HttpHeadParser(limits, { url: "ws://example.com/" });
  return outcome(() => {
    const taken = chunks.reduce((sum, chunk) => sum + parser.receive(chunk), 0);
    return { taken, ...parser.head, headers: [...(parser.head?.headers ?? [])] };
  });
}

describe("a well-formed head", () => {
  test("is read to its blank line, and the bytes after it are left alone (HS-15)", () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    const parser = new HttpHeadParser();
    expect(parser.receive(latin1(`${head}\x81\x02hi`))).toBe(head.length);
    expect(parser.receive(latin1("more"))).toBe(0);
    expect(parser.size).toBe(head.length);
    expect(parser.head).toMatchObject({ httpVersion: "1.1", status: 101, reason: "Switching Protocols" });
  });

  test.each([
    ["HTTP/1.1 200", 200, ""],
    ["HTTP/1.1 200 ", 200, ""],
    ["HTTP/1.1 999 what?", 999, "what?"],
    ["HTTP/1.1 404 Pas trouv\xe9 !\t", 404, "Pas trouv\xe9 !\t"],
  ])("may have the status line %j", (line, status, reason) => {
    expect(parse(`${line}\r\n\r\n`).head).toMatchObject({ status, reason });
  });

  test.each(["1.0", "1.1"])("may be of HTTP/%s", (httpVersion) => {
    expect(parse(`HTTP/${httpVersion} 403 Forbidden\r\n\r\n`).head).toMatchObject({
      httpVersion,
      status: 403,
    });
  });

  test.each([
    ["no space after the colon", "a:b", ["a", "b"]],
    ["much white space around the value", "a: \t b c\t ", ["a", "b c"]],
    ["an empty value", "a:", ["a", ""]],
    ["colons in the value", "a: b:c", ["a", "b:c"]],
    ["a value in Latin-1", "a: \xfc\x80", ["a", "\xfc\x80"]],
    ["the name __proto__", "__proto__: x", ["__proto__", "x"]],
  ])("may have a header with %s (HS-02, OP-02)", (_, line, header) => {
    expect(headersOf(`HTTP/1.1 101\r\n${line}\r\n\r\n`)).toEqual([header]);
  });

  test("is the same in pieces, also where one looks like a head (HS-15)", () => {
    const head = "HTTP/1.1 404 Pas trouv\xe9\t!\r\na: HTTP/1.1 is\tspoken\r\n\r\n";
    const whole = outcomeOf([latin1(head)]);
    expect(whole).toMatchObject({
      returned: { taken: head.length, headers: [["a", "HTTP/1.1 is\tspoken"]] },
    });
    const second = head.lastIndexOf("HTTP");
    expect(outcomeOf([latin1(head.slice(0, second)), latin1(head.slice(second))])).toEqual(whole);
    expect(outcomeOf(head.split("").map(latin1))).toEqual(whole);
  });

  test("has no result before its last byte", () => {
    const parser = parse("HTTP/1.1 101\r\na: b\r\n\r");
    expect(parser.head).toBeNull();
    expect(parser.receive(latin1("\n"))).toBe(1);
    expect(parser.head).not.toBeNull();
  });
});

describe("a malformed head fails", () => {
  test.each([
    ["an obs-fold (section 5.2)", "a: b\r\n c", "the response head has a folded header line"],
    ["an obs-fold by HTAB", "a: b\r\n\tc", "the response head has a folded header line"],
    ["a space before the colon (section 5.1)", "a : b", 'the header name "a " is not a token'],
    ["no colon", "abc", 'the header line "abc" has no colon'],
    ["an empty name", ": b", 'the header name "" is not a token'],
    ["a bad name", "a(b): c", 'the header name "a(b)" is not a token'],
    ["a name beyond ASCII", "\xe9: c", 'the header name "\\u00e9" is not a token'],
    ["NUL", "a: b\0c", "the response head has the control character 0x00"],
    ["ESC", "a: \x1b[0m", "the response head has the control character 0x1b"],
    ["DEL", "a: \x7f", "the response head has the control character 0x7f"],
    ["a bare CR (section 2.2)", "a: b\rc: d", "the response head has a CR without LF"],
    ["two CR", "a: b\r", "the response head has a CR without LF"],
    ["a bare LF", "a: b\nc: d", "the response head has a LF without CR"],
  ])("at %s (HS-09)", (_, lines, message) => {
    const run = (): unknown => parse(`HTTP/1.1 101\r\n${lines}\r\n\r\n`);
    expect(run).toThrow(HandshakeError);
    expect(run).toThrow(expect.objectContaining({ status: 101, message: expect.stringContaining(message) }));
  });

  test.each([
    ["no reason's space", "HTTP/1.1 101Switching"],
    ["no status", "HTTP/1.1"],
    ["no status but a space", "HTTP/1.1 "],
    ["HTTP/1.2", "HTTP/1.2 101 Switching Protocols"],
    ["HTTP/2", "HTTP/2 101 Switching Protocols"],
    ["HTTP/01.1", "HTTP/01.1 101 OK"],
    ["a status of two digits", "HTTP/1.1 10 OK"],
    ["a status of four digits", "HTTP/1.1 1010 OK"],
    ["a status below 100", "HTTP/1.1 099 OK"],
    ["a sign", "HTTP/1.1 +10 OK"],
    ["a double space", "HTTP/1.1  101 OK"],
    ["HTAB for SP", "HTTP/1.1\t101 OK"],
  ])("at a status line with %s (HS-10, RFC 9112 section 4)", (_, line) => {
    expect(() => parse(`${line}\r\n\r\n`)).toThrow(
      `handshake with ws://example.com/ failed: the status line ${JSON.stringify(line).replace("\t", "\\t")} is not`,
    );
  });

  test.each([
    ["a blank line", "\r\nHTTP/1.1", '"\\r"'],
    ["another protocol", "SSH-2.0", '"S"'],
    ["lower case", "http/1.1", '"h"'],
    ["a TLS alert", "\x15\x03\x03", '"\\u0015"'],
    ["a frame", "\x81\x05hello", '"\\u0081"'],
    ["the preface of HTTP/2", "HTTQ", '"HTTQ"'],
    ["a line feed", "HTTP\n", '"HTTP\\n"'],
  ])("at the first byte that is not HTTP, without waiting for a line end: %s (HS-16)", (_, text, shown) => {
    expect(() => parse(text)).toThrow(`the answer is not HTTP, since it starts with ${shown}`);
  });

  test("and says nothing of the status when there was none, nor the url when there is none", () => {
    expect(outcome(() => new HttpHeadParser().receive(latin1("x")))).toMatchObject({
      thrown: { status: undefined, url: undefined, phase: "upgrade" },
    });
  });
});

describe("limits (HS-11)", () => {
  const statusLine = "HTTP/1.1 200 OK\r\n";

  test.each([
    ["the status line", (size: number) => `HTTP/1.1 200 ${"r".repeat(size - 13)}`, ""],
    ["a header", (size: number) => `a: ${"b".repeat(size - 3)}`, statusLine],
  ])("8 KiB a line: %s at the limit passes, one byte more fails before its end", (_, lineOf, before) => {
    expect(parse(`${before}${lineOf(8192)}\r\n\r\n`).head).not.toBeNull();
    expect(() => parse(before + lineOf(8193))).toThrow(
      "a line of the response head exceeds the limit of 8192 bytes",
    );
  });

  test("a header of 8000 bytes passes", () => {
    expect(parse(`${statusLine}a: ${"b".repeat(8000)}\r\n\r\n`).head).not.toBeNull();
  });

  test("128 headers pass, and the 129th fails at its first byte", () => {
    const headers = "a: b\r\n".repeat(128);
    expect(parse(`${statusLine}${headers}\r\n`).head?.headers.size).toBe(128);
    expect(() => parse(`${statusLine}${headers}a`)).toThrow(
      "the response has more headers than the limit of 128",
    );
  });

  test("64 KiB pass, and a head that has not ended there fails there", () => {
    const filler = `a: ${"b".repeat(8000)}\r\n`.repeat(8);
    const open = statusLine.length + filler.length + "c: ".length + "\r\n\r\n".length;
    const head = `${statusLine}${filler}c: ${"d".repeat(65_536 - open)}\r\n\r\n`;
    expect(parse(head).head).not.toBeNull();
    const longer = head.replace("\r\nc: ", "\r\nc: d");
    expect(parse(longer.slice(0, 65_535)).head).toBeNull();
    expect(() => parse(longer.slice(0, 65_536))).toThrow("does not end within the limit of 65536 bytes");
  });

  test("each can be set", () => {
    const head = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
    const exact = { maxHeadSize: head.length, maxLineSize: 15, maxHeaders: 1 };
    expect(parse(head, exact).head).not.toBeNull();
    expect(() => parse(head, { ...exact, maxHeadSize: head.length - 1 })).toThrow("limit of 24 bytes");
    expect(() => parse(head, { ...exact, maxLineSize: 14 })).toThrow("limit of 14 bytes");
    expect(() => parse(head, { ...exact, maxHeaders: 0 })).toThrow("limit of 0");
  });

  test("no header at all may be wanted, and one is too many, however the head comes", () => {
    const none = "HTTP/1.1 200 OK\r\n\r\n";
    const one = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
    for (const cutUp of [(text: string) => [text], (text: string) => text.split("")]) {
      const of = (text: string): unknown => outcomeOf(cutUp(text).map(latin1), { maxHeaders: 0 });
      expect(of(none)).toMatchObject({ returned: { taken: none.length } });
      expect(of(one)).toMatchObject({ thrown: { message: expect.stringContaining("limit of 0") } });
    }
  });

  test("an endless line is cut at the limit, whatever comes in one chunk", () => {
    expect(() => parse(`HTTP/1.1 ${"x".repeat(5_000_000)}`)).toThrow("limit of 8192 bytes");
  });
});

describe("for any bytes", () => {
  const limits = { maxHeadSize: 200, maxLineSize: 40, maxHeaders: 4 };
  const piece = fc.constantFrom(
    "HTTP/1.1 101 OK\r\n",
    "a: b\r\n",
    "\r\n",
    "\r",
    "\n",
    " ",
    "a",
    ":",
    "\0",
    "\xff",
    "x".repeat(30),
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.array(piece, { maxLength: 12 }).map((pieces) => `HTTP/1.1 101 OK\r\n${pieces.join("")}`),
  );

  test("any split gives the same result (HS-15)", () => {
    fc.assert(
      fc.property(text, anyCuts, (whole, places) => {
        const bytes = latin1(whole);
        expect(outcomeOf(cut(bytes, places), limits)).toEqual(outcomeOf([bytes], limits));
      }),
      { numRuns: 500 },
    );
  });

  test("random bytes yield nothing but a HandshakeError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), text.map(latin1)), (bytes) => {
        try {
          const parser = new HttpHeadParser();
          expect(parser.receive(bytes)).toBe(parser.head === null ? bytes.length : parser.size);
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
        }
      }),
    );
  });
});
