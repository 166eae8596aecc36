// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../../src/protocol/frame.ts";
import type { DefaultWebSocketSession } from "../../src/session/default-web-socket-session.ts";
import { type MessageStream, type ReceiveStreamOptions, receiveStream } from "../../src/streams/index.ts";

type Chunk = string | Uint8Array;

/** A chunk of a stream, a line: a string as it is, bytes as their number. */
function shown(chunk: Chunk): string {
  return typeof chunk === "string" ? chunk : `${chunk.length} bytes`;
}

/** The name of a Halyard error, or what another is. */
function nameOf(error: unknown): string {
  return error instanceof Error && error.name !== "Error" ? error.name : String(error);
}

/** Reads a stream and tells its chunks, and how it ends: "end", or the name of an error. */
export async function read(stream: MessageStream): Promise<string[]> {
  const seen: string[] = [];
  return await reading(stream, seen);
}

/** As {@link read}, with what was seen so far in the hand. */
export async function reading(stream: MessageStream, seen: string[]): Promise<string[]> {
  try {
    for await (const chunk of stream as AsyncIterable<Chunk>) seen.push(shown(chunk));
    seen.push("end");
  } catch (error) {
    seen.push(nameOf(error));
  }
  return seen;
}

/** The next message as {@link read} tells it. */
export async function readNext(
  session: DefaultWebSocketSession,
  options?: ReceiveStreamOptions,
): Promise<string[]> {
  return await read(await receiveStream(session, options));
}

/** The fragments of one message. */
export function text(...parts: string[]): Frame[] {
  return parts.map((part, at) => new Frame.Text(part, { fin: at === parts.length - 1 }));
}

export function binary(...sizes: number[]): Frame[] {
  return sizes.map((size, at) => new Frame.Binary(new Uint8Array(size), { fin: at === sizes.length - 1 }));
}
