// SPDX-License-Identifier: Apache-2.0
// The opening handshake of the double, which checks no more than the key's answer.
import { createHash, randomBytes } from "node:crypto";

export function newKey(): string {
  return randomBytes(16).toString("base64");
}

export function writeRequest(url: URL, key: string, headers: ReadonlyMap<string, string>): string {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    ...Array.from(headers, ([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** What came behind it. */
  readonly rest: Buffer;
}

/** @returns null when it is not complete yet, or what came is no HTTP: then `status` is 0 */
export function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status, headers, rest: bytes.subarray(end + 4) };
}

export function header(head: Head, name: string): string | undefined {
  for (const [each, value] of head.headers) if (each.toLowerCase() === name.toLowerCase()) return value;
  return undefined;
}

export function isAgreement(head: Head, key: string): boolean {
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return head.status === 101 && header(head, "Sec-WebSocket-Accept") === accept;
}
