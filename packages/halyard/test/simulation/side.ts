// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../../src/protocol/frame.ts";
import type { SessionEnd } from "../../src/session/session-end.ts";
import type { WebSocketSession } from "../../src/session/web-socket-session.ts";
import type { SocketTransport } from "../../src/sockets/socket-transport.ts";
import { numberOf } from "./message.ts";
import { type CountingClock, World } from "./world.ts";

/** A message of a program's, and what has become of the call that sent it. */
export interface Sent {
  state: "pending" | "accepted" | "refused";
}

/** One end of a simulated connection, and the book that its program keeps. */
export class Side {
  readonly name: string;
  readonly session: WebSocketSession;
  readonly transport: SocketTransport;
  readonly isRaw: boolean;
  readonly closeTimeout: number;
  readonly sent: Sent[] = [];
  readonly received: number[] = [];
  /** What went wrong in the program's eyes. */
  readonly faults: string[] = [];
  /** The messages that are not as they were sent. */
  readonly mangled: string[] = [];
  /** The calls that have not settled, by what they are. */
  readonly pending = new Set<string>();
  /** How the reading ended: undefined while it goes on. */
  incomingEnd: { readonly error: unknown } | undefined;
  end: SessionEnd | undefined;
  /** When the session must have ended, once it closes. */
  due = Infinity;
  /** Whether the program dropped the session, or what it receives. */
  hasCancelled = false;
  hasCancelledIncoming = false;
  readonly #world: World;
  /** How many frames the program has taken out of `incoming`, and their bytes. */
  taken = 0;
  takenBytes = 0;
  /** Whether the program reads messages as streams, past `incoming`. */
  readsStreams = false;
  #calls = 0;
  #unfinished: Frame[] = [];

  constructor(
    name: string,
    world: World,
    session: WebSocketSession,
    transport: SocketTransport,
    { isRaw, closeTimeout, clock }: { isRaw: boolean; closeTimeout: number; clock: CountingClock },
  ) {
    this.name = name;
    this.session = session;
    this.transport = transport;
    this.isRaw = isRaw;
    this.closeTimeout = closeTimeout;
    this.#world = world;
    this.tell(isRaw ? "raw" : "default");
    void this.watch("closeReason", session.closeReason);
    void this.watch(
      "ended",
      session.ended.then((end) => {
        this.end = end;
        const { clean, initiator, reason, unsent, discarded } = end;
        const counts = `${unsent} unsent, ${discarded} discarded`;
        this.tell(`is over: ${clean ? "clean" : String(end.error)}, ${initiator}, ${reason.code}, ${counts}`);
        const late = world.now() - this.due;
        world.later(1, () => clock.timers === 0 || this.faults.push(`${clock.timers} timers are left`));
        if (late > 0) this.faults.push(`ended ${late} ms too late`);
      }),
    );
  }

  tell(what: string): void {
    this.#world.note(`${this.name}: ${what}`);
  }

  /** Keeps an eye on a call until it settles, either way. */
  watch<T>(what: string, promise: Promise<T>): Promise<T | undefined> {
    const entry = `${what} #${this.#calls++}`;
    this.pending.add(entry);
    this.tell(entry);
    const settled = (error?: unknown) => {
      this.tell(error instanceof Error ? `${entry} settled: ${error.message}` : `${entry} settled`);
      this.pending.delete(entry);
      return undefined;
    };
    return promise.then((value) => {
      settled();
      return value;
    }, settled);
  }

  /** The program closes: of several calls the first sets the time. */
  closing(timeout: number): void {
    this.tell(`closes within ${timeout} ms`);
    if (this.due === Infinity) this.due = this.#world.now() + timeout + World.lateness;
  }

  /** Notes a message before it is sent. */
  note(): Sent {
    const sent: Sent = { state: "pending" };
    this.sent.push(sent);
    return sent;
  }

  /** Watches the call that sends a message. */
  sending(sent: Sent, what: string, promise: Promise<void>): Promise<unknown> {
    return this.watch(
      what,
      promise.then(
        () => {
          sent.state = "accepted";
          this.tell(`message ${this.sent.indexOf(sent)} is accepted`);
        },
        () => {
          sent.state = "refused";
        },
      ),
    );
  }

  /** Takes a frame out of `incoming`. A raw session gets fragments, and control frames, too. */
  take(frame: Frame): void {
    this.taken++;
    this.takenBytes += frame.size;
    if (frame.type !== "text" && frame.type !== "binary") return;
    this.#unfinished.push(frame);
    if (!frame.fin) return;
    const frames = this.#unfinished;
    this.#unfinished = [];
    const bytes = Buffer.concat(frames.map(({ data }) => data));
    this.takeContent(frames[0]?.type === "text" ? bytes.toString() : bytes);
  }

  takeContent(content: string | Uint8Array): void {
    try {
      const number = numberOf(content);
      this.tell(`gets ${number}`);
      this.received.push(number);
    } catch (error) {
      this.mangled.push(String(error));
    }
  }
}
