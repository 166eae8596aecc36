// SPDX-License-Identifier: Apache-2.0
// The frames on the pipes to the JVM and back: `int length, byte kind, int id, payload`, where the length counts all behind it.
// `Bridge.java` and `Outbox.java` have the other side.

/** What both sides must agree on. */
export const protocolVersion = 2;

/** What the JVM is told, by the id of a client or a session. */
export const toJvm = {
  /** texts: names and values of its settings by turns */
  client: 1,
  release: 2,
  /** number: the client; text: the URL; texts: names and values of headers by turns */
  open: 3,
  text: 4,
  binary: 5,
  /** number: the code; text: the reason */
  close: 6,
  drop: 7,
  /** number: bytes that may come in addition */
  credit: 8,
} as const;

/** What the JVM tells. */
export const fromJvm = {
  /** The id is the version of these frames. text: OkHttp's version */
  ready: 1,
  /** number: the status; texts: headers; number: whether compression was offered */
  opened: 3,
  text: 4,
  binary: 5,
  /** number: the code; text: the reason */
  closed: 6,
  /** texts: the classes of the exception; text: its message; number: the status or 0; texts: headers; text: the body */
  failed: 7,
  /** number: bytes that were written in addition */
  written: 8,
  /** The peer's Close frame has come. number: the code; text: the reason */
  closing: 9,
} as const;

/** Of each frame. */
const headBytes = 9;

/** Makes a frame. Strings and bytes are the whole payload. */
export function frameOf(kind: number, id: number, payload: string | Uint8Array): Buffer {
  const size = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  const frame = Buffer.allocUnsafe(headBytes + size);
  frame.writeInt32BE(size + headBytes - 4, 0);
  frame.writeUInt8(kind, 4);
  frame.writeInt32BE(id, 5);
  if (typeof payload === "string") frame.write(payload, headBytes);
  else frame.set(payload, headBytes);
  return frame;
}

/** A payload of numbers, texts behind their length in bytes, and lists of texts behind their number. */
export function fields(...values: readonly (number | string | readonly string[])[]): Uint8Array {
  const parts: Buffer[] = [];
  const number = (value: number) => {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    parts.push(part);
  };
  const text = (value: string) => {
    const part = Buffer.from(value);
    number(part.length);
    parts.push(part);
  };
  for (const value of values) {
    if (typeof value === "number") number(value);
    else if (typeof value === "string") text(value);
    else {
      number(value.length);
      for (const each of value) text(each);
    }
  }
  return Buffer.concat(parts);
}

/** Reads such a payload. */
export class FieldReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  number(): number {
    this.#at += 4;
    return this.#payload.readInt32BE(this.#at - 4);
  }

  text(): string {
    const size = this.number();
    this.#at += size;
    return this.#payload.toString("utf8", this.#at - size, this.#at);
  }

  texts(): string[] {
    return Array.from({ length: this.number() }, () => this.text());
  }
}

/** Puts the chunks of a pipe together to frames. */
export class FrameReader {
  readonly #frame: (kind: number, id: number, payload: Buffer) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  /** How many bytes there must be before it goes on. */
  #wanted = headBytes;

  /** @param frame - called with each; the payload is valid only during the call */
  constructor(frame: (kind: number, id: number, payload: Buffer) => void) {
    this.#frame = frame;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return;
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#size);
    let at = 0;
    this.#wanted = headBytes;
    while (all.length - at >= headBytes) {
      const size = all.readInt32BE(at) + 4;
      if (all.length - at < size) {
        this.#wanted = size;
        break;
      }
      this.#frame(all.readUInt8(at + 4), all.readInt32BE(at + 5), all.subarray(at + headBytes, at + size));
      at += size;
    }
    const rest = all.subarray(at);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
  }
}
