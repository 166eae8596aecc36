// SPDX-License-Identifier: Apache-2.0
import type { OnReadOpts, Socket } from "node:net";
import { copyOf } from "../protocol/bytes.ts";
import { type ByteSink, type ByteStream, writeChunks } from "./byte-stream.ts";

/** Of the shared one; 64 KiB cost a third more CPU where messages are large (Node 20, 16 KiB to 1 MiB). */
const sharedBufferBytes = 256 * 1024;
const ownBufferBytes = 64 * 1024;

/**
 * The memory that plain sockets read into, one for the process: a read and its callback happen in one turn. On Windows
 * a read begins before its bytes arrive, and a TLS socket decrypts on its own time, so there each socket has its own.
 */
let sharedReadBuffer: Uint8Array | undefined;

function readBuffer(isTls: boolean): Uint8Array {
  // A TLS record is at most 16 KiB.
  if (isTls) return new Uint8Array(16 * 1024);
  if (process.platform === "win32") return new Uint8Array(ownBufferBytes);
  sharedReadBuffer ??= new Uint8Array(sharedBufferBytes);
  return sharedReadBuffer;
}

/** By which the listeners of all sockets, which are the same functions, find the stream: three closures are 250 bytes. */
const streamOf: unique symbol = Symbol("halyard.stream");
type OwnedSocket = Socket & { [streamOf]: SocketStream };

/**
 * A socket as a source of bytes in place and a sink of chunks. There are two sources behind one face: sockets of our
 * own read into a reused buffer (`onread`), sockets that an HTTP server hands over emit `data`.
 */
export class SocketStream implements ByteStream {
  #socket: Socket | undefined;
  #sink: ByteSink | undefined;
  #error: Error | undefined;
  #isClosed = false;
  readonly endsOnBothSides = false;
  onClose: ((stream: ByteStream) => void) | null = null;
  /** What came while nobody was attached. */
  #unclaimed: Uint8Array[] | null = null;

  /** Makes a stream of a socket that does not exist yet: `connect` makes it with the given `onread`. */
  static connect(isTls: boolean, connect: (onread: OnReadOpts) => Socket): SocketStream {
    const stream = new SocketStream();
    const usual = readBuffer(isTls);
    // TLS decrypts record by record, and on Windows a read has begun before anybody is asked.
    const asks = !isTls && process.platform !== "win32";
    stream.#own(
      connect({
        buffer: asks ? () => stream.#sink?.wantedMemory?.() ?? usual : usual,
        callback: (size, buffer) => stream.#received(buffer.subarray(0, size), false),
      }),
    );
    return stream;
  }

  /** Makes a stream of an open socket. Nobody else may read from it or write to it from now on. */
  static adopt(socket: Socket): SocketStream {
    const stream = new SocketStream();
    socket.setTimeout(0);
    socket.on("data", (chunk: Uint8Array) => {
      if (!stream.#received(chunk, fillsItsMemory(chunk))) socket.pause();
    });
    socket.pause();
    stream.#own(socket);
    return stream;
  }

  get socket(): Socket {
    if (this.#socket === undefined) throw new TypeError("the stream has no socket yet");
    return this.#socket;
  }

  attach(sink: ByteSink): void {
    this.#sink = sink;
    const unclaimed = this.#unclaimed;
    this.#unclaimed = null;
    if (unclaimed !== null && sink.received(Buffer.concat(unclaimed), false)) this.resume();
    if (this.#isClosed) process.nextTick(() => sink.closed(this.#error));
  }

  /**
   * Keeps what comes until somebody else is attached.
   * @param rest - what has come already, and is for whom is attached next
   */
  detach(rest?: Uint8Array): void {
    this.#sink = undefined;
    if (rest !== undefined && rest.length > 0) this.#unclaimed = [copyOf(rest)];
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  write(chunks: readonly Uint8Array[], written: () => void): void {
    writeChunks(this.socket, chunks, written);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** What ALPN has chosen (RFC 7301); empty for nothing, or without TLS. */
  get protocol(): string {
    const { socket } = this;
    return ("alpnProtocol" in socket && (socket.alpnProtocol as string | false | null)) || "";
  }

  /** Lets go of a socket that was adopted: what has come and nobody has claimed, and what comes from now on, is for somebody else. */
  release(): Socket {
    const { socket } = this;
    const unclaimed = this.#unclaimed;
    this.#unclaimed = null;
    socket.removeAllListeners("data");
    socket.removeListener("error", onError);
    socket.removeListener("end", onEnd);
    socket.removeListener("close", onClose);
    if (unclaimed !== null) socket.unshift(Buffer.concat(unclaimed));
    return socket;
  }

  #received(chunk: Uint8Array, isGiven: boolean): boolean {
    if (this.#sink !== undefined) return this.#sink.received(chunk, isGiven);
    this.#unclaimed ??= [];
    this.#unclaimed.push(copyOf(chunk));
    return false;
  }

  #own(socket: Socket): void {
    this.#socket = socket;
    // Whoever hands over a socket may have waited for something meanwhile, and the peer not.
    this.#isClosed = socket.closed;
    // The listeners stay until the socket is gone, so that no error can ever be unheard.
    const owned = Object.assign(socket, { [streamOf]: this });
    owned.on("error", onError);
    owned.on("end", onEnd);
    owned.on("close", onClose);
  }

  /** @internal */
  failed(error: Error): void {
    this.#error ??= error;
  }

  /** @internal */
  ended(): void {
    this.#sink?.ended();
  }

  /** @internal */
  closed(): void {
    this.#isClosed = true;
    this.#sink?.closed(this.#error);
    this.onClose?.(this);
  }
}

/** What Node reads for `data` has memory of its own; what others emit may lie in a pool. */
function fillsItsMemory(chunk: Uint8Array): boolean {
  return chunk.length === chunk.buffer.byteLength;
}

function onError(this: OwnedSocket, error: Error): void {
  this[streamOf].failed(error);
  // A TLS socket that was open goes on after an error, and would tell only of an end.
  this.destroy(error);
}

function onEnd(this: OwnedSocket): void {
  this[streamOf].ended();
}

function onClose(this: OwnedSocket): void {
  this[streamOf].closed();
}
