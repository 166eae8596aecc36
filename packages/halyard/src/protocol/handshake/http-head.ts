// SPDX-License-Identifier: Apache-2.0
import type { ErrorContext } from "../errors.ts";
import { handshakeError, quote } from "./failure.ts";
import { isToken, trimOws } from "./header-grammar.ts";
import { HeaderList } from "./header-list.ts";

/** How much of a response head is accepted. Each limit is inclusive. */
export interface HeadLimits {
  /** Bytes of the whole head, line ends and the blank line included; 64 KiB by default. */
  readonly maxHeadSize?: number | undefined;
  /** Bytes of one line without its CRLF; 8 KiB by default. */
  readonly maxLineSize?: number | undefined;
  /** Header fields; 128 by default. */
  readonly maxHeaders?: number | undefined;
}

/** The first line of a response (RFC 9112 section 4). */
interface StatusLine {
  readonly httpVersion: "1.0" | "1.1";
  readonly status: number;
  /** The reason phrase; empty when the server sent none. */
  readonly reason: string;
}

/** What precedes the content of a response (RFC 9112 section 2.1). */
export interface ResponseHead extends StatusLine {
  readonly headers: HeaderList;
}

const CR = 0x0d;
const LF = 0x0a;
const HTAB = 0x09;
/**
 * A head whose lines have only the characters they may have. One expression instead of a loop, which as code that runs often
 * would be compiled for longer than it runs in the first thousand handshakes.
 */
const WHOLE_HEAD = /^HTTP\/(?:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n/;
/** What it decodes by windows-1252 instead is above U+00FF, and so not taken at once. */
const latin1 = /* @__PURE__ */ new TextDecoder("latin1");
/** How much of what has come is looked through for a whole head: they have a few hundred bytes. */
const mostAtOnce = 2048;
const PROTOCOL_NAME = "HTTP/";
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-9][0-9]{2})(?: (.*))?$/;

/**
 * Reads one response head of HTTP/1.1 or HTTP/1.0 and fails at the first byte that cannot belong to one, so that
 * the outcome does not depend on how the network cut the bytes.
 *
 * It is strict where RFC 9112 lets a recipient choose. A bare LF does not end a line (section 2.2) and a folded
 * line is not unfolded (section 5.2): wherever two parties on the way disagree on where a header ends, a third one can
 * smuggle one in, and no server in use sends either.
 */
export class HttpHeadParser {
  readonly #maxHeadSize: number;
  readonly #maxLineSize: number;
  readonly #maxHeaders: number;
  readonly #context: ErrorContext;
  readonly #headers = new HeaderList();
  #statusLine: StatusLine | null = null;
  #head: ResponseHead | null = null;
  #line = "";
  #afterCr = false;
  #size = 0;

  constructor(limits: HeadLimits = {}, context: ErrorContext = {}) {
    this.#maxHeadSize = limits.maxHeadSize ?? 65_536;
    this.#maxLineSize = limits.maxLineSize ?? 8192;
    this.#maxHeaders = limits.maxHeaders ?? 128;
    this.#context = context;
  }

  /** The head, once its blank line was received. */
  get head(): ResponseHead | null {
    return this.#head;
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes bytes up to the end of the head and returns how many of them it took; the others were not looked at.
   *
   * @throws {@link HandshakeError}
   */
  receive(chunk: Uint8Array): number {
    if (this.#size === 0 && this.#receiveWhole(chunk)) return this.#size;
    let taken = 0;
    for (const byte of chunk) {
      if (this.#head !== null) break;
      this.#receiveByte(byte);
      taken++;
    }
    return taken;
  }

  /**
   * The way of nearly all heads, which come whole and with nothing wrong: a third of the time. Everything else is left to
   * {@link #receiveByte}, which judges.
   */
  #receiveWhole(chunk: Uint8Array): boolean {
    const text = latin1.decode(chunk.subarray(0, Math.min(this.#maxHeadSize, this.#maxLineSize, mostAtOnce)));
    if (!WHOLE_HEAD.test(text)) return false;
    const end = text.indexOf("\r\n\r\n");
    const lines = text.slice(0, end).split("\r\n");
    if (lines.length - 1 > this.#maxHeaders) return false;
    for (const line of lines) this.#receiveLine(line);
    this.#receiveLine("");
    this.#size = end + 4;
    return true;
  }

  #receiveByte(byte: number): void {
    if (this.#size < PROTOCOL_NAME.length) this.#expectProtocolName(byte);
    this.#size++;
    if (this.#afterCr) this.#receiveLf(byte);
    else if (byte === CR) this.#afterCr = true;
    else this.#receiveText(byte);
    if (this.#head === null && this.#size >= this.#maxHeadSize) {
      this.#fail(`the response head does not end within the limit of ${this.#maxHeadSize} bytes`);
    }
  }

  /** A peer that does not speak HTTP at all may never send a line end to wait for. */
  #expectProtocolName(byte: number): void {
    if (byte === PROTOCOL_NAME.charCodeAt(this.#size)) return;
    this.#fail(
      `the answer is not HTTP, since it starts with ${quote(this.#line + String.fromCharCode(byte))}`,
    );
  }

  #receiveLf(byte: number): void {
    if (byte !== LF) this.#fail("the response head has a CR without LF");
    const line = this.#line;
    this.#line = "";
    this.#afterCr = false;
    this.#receiveLine(line);
  }

  #receiveLine(line: string): void {
    if (this.#statusLine === null) this.#statusLine = this.#parseStatusLine(line);
    else if (line === "") this.#head = { ...this.#statusLine, headers: this.#headers };
    else this.#parseHeader(line);
  }

  #receiveText(byte: number): void {
    if (byte === LF) this.#fail("the response head has a LF without CR");
    if ((byte < 0x20 && byte !== HTAB) || byte === 0x7f) {
      this.#fail(`the response head has the control character 0x${byte.toString(16).padStart(2, "0")}`);
    }
    if (this.#line.length === this.#maxLineSize) {
      this.#fail(`a line of the response head exceeds the limit of ${this.#maxLineSize} bytes`);
    }
    if (this.#statusLine !== null && this.#headers.size === this.#maxHeaders) {
      this.#fail(`the response has more headers than the limit of ${this.#maxHeaders}`);
    }
    this.#line += String.fromCharCode(byte);
  }

  #parseStatusLine(line: string): StatusLine {
    const [matched, version, status = "", reason = ""] = STATUS_LINE.exec(line) ?? [];
    if (matched === undefined) {
      this.#fail(
        `the status line ${quote(line)} is not "HTTP/1.1" or "HTTP/1.0", a status of three digits and a reason`,
      );
    }
    return { httpVersion: version === "1.0" ? "1.0" : "1.1", status: Number(status), reason };
  }

  /** RFC 9112 section 5. */
  #parseHeader(line: string): void {
    if (line.startsWith(" ") || line.startsWith("\t"))
      this.#fail("the response head has a folded header line");
    const colon = line.indexOf(":");
    if (colon < 0) this.#fail(`the header line ${quote(line)} has no colon`);
    const name = line.slice(0, colon);
    if (!isToken(name)) this.#fail(`the header name ${quote(name)} is not a token`);
    this.#headers.add(name, trimOws(line.slice(colon + 1)));
  }

  #fail(reason: string): never {
    throw handshakeError(reason, { ...this.#context, status: this.#statusLine?.status });
  }
}
