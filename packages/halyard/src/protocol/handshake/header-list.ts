// SPDX-License-Identifier: Apache-2.0

/** A header field: its name as it was written, and its value without surrounding white space. */
export type Header = readonly [name: string, value: string];

/** Header fields in the order of the wire. Names compare without case (RFC 9110 section 5.1). */
export class HeaderList implements Iterable<Header> {
  readonly #fields: Header[];

  constructor(fields: Iterable<Header> = []) {
    this.#fields = [...fields];
  }

  /** How many fields there are; a name that comes twice counts twice. */
  get size(): number {
    return this.#fields.length;
  }

  /** Puts a field behind those that are there. */
  add(name: string, value: string): void {
    this.#fields.push([name, value]);
  }

  /** All values of a header, one for each field of that name; empty when there is none. */
  get(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    // A head has few fields and is asked little: an index of them would cost more, and be kept as long as a session.
    for (const field of this.#fields) {
      const each = field[0];
      if (each.length === wanted.length && each.toLowerCase() === wanted) values.push(field[1]);
    }
    return values;
  }

  /** The fields, in the order of the wire. */
  [Symbol.iterator](): IterableIterator<Header> {
    return this.#fields[Symbol.iterator]();
  }
}

/** The same as the platform has it. */
export function toHeaders(fields: Iterable<Header>): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}

/**
 * Whether the message says that content follows its head (RFC 9112 section 6). Next to an upgrade that is
 * ambiguous: an intermediary could take for content what the endpoints take for frames.
 */
export function announcesContent(headers: HeaderList): boolean {
  return (
    headers.get("Transfer-Encoding").length > 0 ||
    headers.get("Content-Length").some((length) => length !== "0")
  );
}
