// SPDX-License-Identifier: Apache-2.0
// The plain objects of the double: data, errors, messages, URLs, requests, configurations, answers, queues.
import type {
  FoundationData,
  FoundationError,
  FoundationMessage,
  FoundationMutableRequest,
  FoundationRequest,
  FoundationResponse,
  FoundationSessionConfiguration,
} from "../../src/foundation.ts";
import type { Dialect } from "./dialect.ts";
import { type Account, misuse, strict } from "./strict.ts";

/** What all objects of one double share. */
export interface World extends Account {
  readonly dialect: Dialect;
}

/** What is behind the objects that a program sees. */
const bytesOfData = new WeakMap<object, ArrayBuffer>();
const urls = new WeakMap<object, URL>();
const headersOf = new WeakMap<object, Map<string, string>>();

export function dataOf(world: World, bytes: ArrayBuffer): FoundationData {
  const data = strict(world, "NSData", { length: bytes.byteLength });
  bytesOfData.set(data, bytes);
  return data;
}

/** NativeScript takes an ArrayBuffer for data, without copying it; of a view it would lose where it begins. */
export function bytesIn(world: World, data: unknown): ArrayBuffer {
  if (data instanceof ArrayBuffer) return data;
  const bytes = typeof data === "object" && data !== null ? bytesOfData.get(data) : undefined;
  return bytes ?? misuse(world, "something else is given for NSData");
}

export function dataClass(world: World) {
  return strict(world, "NSData", {
    dataWithData: (data: unknown) => dataOf(world, bytesIn(world, data).slice(0)),
  });
}

export function interopModule(world: World) {
  return strict(world, "interop", {
    bufferFromData(data: unknown): ArrayBuffer {
      const bytes = bytesIn(world, data);
      if (world.dialect.emptyIsNil && bytes.byteLength === 0) misuse(world, "bufferFromData of no memory");
      return bytes;
    },
  });
}

function errorOf(world: World, domain: string, code: number): FoundationError {
  return strict(world, "NSError", { domain, code, localizedDescription: `The operation failed (${code}).` });
}

/** @param code - an errno */
export function posixError(world: World, code: number): FoundationError {
  return errorOf(world, world.dialect.networkDomain ? "kNWErrorDomainPOSIX" : "NSPOSIXErrorDomain", code);
}

export function urlError(world: World, code: number): FoundationError {
  return errorOf(world, "NSURLErrorDomain", code);
}

export function textMessage(world: World, text: string): FoundationMessage {
  return strict(world, "NSURLSessionWebSocketMessage", { string: text, data: null });
}

export function dataMessage(world: World, bytes: ArrayBuffer): FoundationMessage {
  return strict(world, "NSURLSessionWebSocketMessage", { string: null, data: dataOf(world, bytes) });
}

export function messageClass(world: World) {
  const initialized = strict(world, "NSURLSessionWebSocketMessage", {
    initWithString: (text: string) =>
      typeof text === "string" ? textMessage(world, text) : misuse(world, "a message of no string"),
    // The very memory that is given: what changes before it is written changes the message.
    initWithData: (data: unknown) => dataMessage(world, bytesIn(world, data)),
  });
  return strict(world, "NSURLSessionWebSocketMessage", { alloc: () => initialized });
}

export function urlClass(world: World) {
  return strict(world, "NSURL", {
    URLWithString(text: string): object | null {
      if (!URL.canParse(text)) return null;
      const url = strict(world, "NSURL", {});
      urls.set(url, new URL(text));
      return url;
    },
  });
}

/** Headers that Foundation or the handshake write, whatever a program sets. */
const reserved = /^(Host|Connection|Upgrade|Content-Length|Sec-WebSocket-(Key|Version|Extensions|Accept))$/i;

function requestTo(world: World, url: URL): FoundationMutableRequest {
  const headers = new Map<string, string>();
  const request = strict(world, "NSMutableURLRequest", {
    timeoutInterval: 60,
    setValueForHTTPHeaderField(value: string | null, field: string) {
      if (reserved.test(field)) misuse(world, `the header ${field} is set`);
      if (value === null) headers.delete(field);
      else headers.set(field, value);
    },
  });
  urls.set(request, url);
  headersOf.set(request, headers);
  return request;
}

export function requestClass(world: World) {
  return strict(world, "NSMutableURLRequest", {
    requestWithURL(url: object): FoundationMutableRequest {
      return requestTo(world, urls.get(url) ?? misuse(world, "a request to nowhere"));
    },
  });
}

/** The same request to somewhere else, as redirects make it. */
export function redirected(
  world: World,
  { url, headers }: RequestCopy,
  location: string,
): FoundationMutableRequest {
  const next = requestTo(world, new URL(location, url));
  for (const [name, value] of headers) next.setValueForHTTPHeaderField(value, name);
  return next;
}

/** What a request asks for, as it is now. */
export interface RequestCopy {
  readonly url: URL;
  readonly headers: Map<string, string>;
  /** In seconds. */
  readonly timeout: number;
}

export function copyRequest(world: World, request: FoundationRequest): RequestCopy {
  const url = urls.get(request);
  const headers = headersOf.get(request);
  if (url === undefined || headers === undefined)
    return misuse(world, "something else is given for a request");
  return { url, headers: new Map(headers), timeout: request.timeoutInterval };
}

export function configurationClass(world: World) {
  return strict(world, "NSURLSessionConfiguration", {
    // A new copy each time, as Apple says.
    get defaultSessionConfiguration(): FoundationSessionConfiguration {
      return strict(world, "NSURLSessionConfiguration", {
        HTTPCookieStorage: {} as object | null,
        timeoutIntervalForRequest: 60,
        timeoutIntervalForResource: 7 * 24 * 60 * 60,
      });
    },
  });
}

export function responseOf(
  world: World,
  status: number,
  headers: ReadonlyMap<string, string>,
): FoundationResponse {
  return strict(world, "NSHTTPURLResponse", {
    statusCode: status,
    allHeaderFields: strict(world, "NSDictionary", {
      enumerateKeysAndObjectsUsingBlock(block: (name: string, value: string) => void) {
        for (const [name, value] of headers) block(name, value);
      },
    }),
  });
}

/** Runs one operation after the other, never at once: each in a turn of its own. */
export class OperationQueue {
  readonly #operations: (() => void)[] = [];

  run(operation: () => void): void {
    this.#operations.push(operation);
    if (this.#operations.length === 1) setImmediate(() => this.#next());
  }

  #next(): void {
    const [operation] = this.#operations;
    try {
      operation?.();
    } finally {
      this.#operations.shift();
      if (this.#operations.length > 0) setImmediate(() => this.#next());
    }
  }
}
