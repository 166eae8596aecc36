// SPDX-License-Identifier: Apache-2.0
// What the core takes from its surroundings: the little that browsers, workers, Node, Bun and Deno have in common.
// The core compiles with neither DOM nor Node types, so that nothing else can slip in.

declare class URL {
  constructor(url: string, base?: string | URL);
  hash: string;
  host: string;
  hostname: string;
  readonly origin: string;
  password: string;
  pathname: string;
  port: string;
  protocol: string;
  search: string;
  readonly searchParams: URLSearchParams;
  username: string;
  readonly href: string;
  toString(): string;
}

declare class URLSearchParams implements Iterable<[string, string]> {
  constructor(fields?: readonly (readonly [string, string])[]);
  append(name: string, value: string): void;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class Headers implements Iterable<[string, string]> {
  append(name: string, value: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  getSetCookie(): string[];
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class Response {
  constructor(
    body?: string | ArrayBuffer | ArrayBufferView | URLSearchParams | ReadableStream<Uint8Array> | null,
  );
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly locked: boolean; cancel(): Promise<void> } | null;
}

declare function fetch(
  url: string,
  init: {
    method: string;
    headers: [string, string][];
    body: ConstructorParameters<typeof Response>[0] | null;
    redirect: "manual" | "follow";
    signal: AbortSignal;
  },
): Promise<Response>;

declare class TextEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

declare class AbortSignal {
  static any(signals: AbortSignal[]): AbortSignal;
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const crypto: {
  getRandomValues<T extends Uint8Array>(target: T): T;
  readonly subtle: { digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer> };
};
declare const console: { log(text: string): void };
declare const performance: { now(): number };
declare function setTimeout(callback: () => void, milliseconds: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare function queueMicrotask(callback: () => void): void;
declare function btoa(binary: string): string;

declare class ReadableStream<T> {
  constructor(
    source: {
      pull(controller: { enqueue(chunk: T): void; close(): void }): Promise<void>;
      cancel(reason: unknown): Promise<void>;
    },
    strategy: { highWaterMark: number },
  );
}

declare class WritableStream<T> {
  constructor(sink: {
    start(controller: { error(reason: unknown): void }): void;
    write(chunk: T, controller: object): Promise<void>;
    close(): Promise<void>;
    abort(reason: unknown): Promise<void>;
  });
}
