// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { unlimited } from "../../src/session/bounds.ts";
import {
  type DefaultSessionOptions,
  DefaultWebSocketSession,
} from "../../src/session/default-web-socket-session.ts";
import type { Transport } from "../../src/session/transport.ts";
import { WebSocketSession } from "../../src/session/web-socket-session.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { Peer, PipeTransport, type Role, show, showReason } from "./pipe-transport.ts";

/** Lets everything that is under way happen: a transport may let a turn of the loop pass before it ends. */
export async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}

interface Open<S> {
  readonly session: S;
  readonly transport: PipeTransport;
  readonly peer: Peer;
  readonly clock: VirtualClock;
}

export type OpenOptions = Partial<DefaultSessionOptions> & {
  readonly role?: Role;
  readonly answersClose?: boolean;
};

const opened: Omit<Open<WebSocketSession>, "peer">[] = [];

function sessionOptions(clock: VirtualClock, options: OpenOptions = {}): DefaultSessionOptions {
  return {
    clock,
    incoming: unlimited(),
    outgoing: unlimited(),
    closeTimeout: 5000,
    pingInterval: Infinity,
    pingTimeout: Infinity,
    limits: { maxFrameSize: 2 ** 20, maxMessageSize: 2 ** 20, maxFragments: 100 },
    subprotocol: "",
    extensions: [],
    call: {
      request: { url: new URL("ws://example.org/"), headers: new Headers() },
      response: { status: 101, headers: new Headers() },
      timings: {},
    },
    url: "ws://example.org/",
    ...options,
  };
}

/** Opens a default session against a peer that the test plays. */
export function open(options: OpenOptions = {}): Open<DefaultWebSocketSession> {
  return openOn(new PipeTransport(options.role ?? "client", "default"), DefaultWebSocketSession, options);
}

/** Opens a raw session against a peer that the test plays. */
export function openRaw(options: OpenOptions = {}): Open<WebSocketSession> {
  return openOn(new PipeTransport(options.role ?? "client", "raw"), WebSocketSession, options);
}

function openOn<S extends WebSocketSession>(
  transport: PipeTransport,
  Session: new (transport: Transport, options: DefaultSessionOptions) => S,
  options: OpenOptions,
): Open<S> {
  const clock = new VirtualClock();
  const peer = new Peer(transport, options.answersClose ?? false);
  const session = new Session(transport, sessionOptions(clock, options));
  opened.push({ session, transport, clock });
  return { session, transport, peer, clock };
}

/** Opens two default sessions that are joined: a client and a server. */
export function openPair(options?: OpenOptions): {
  readonly client: DefaultWebSocketSession;
  readonly server: DefaultWebSocketSession;
} {
  const near = new PipeTransport("client", "default");
  const far = new PipeTransport("server", "default");
  near.to(far);
  far.to(near);
  const clock = new VirtualClock();
  const client = new DefaultWebSocketSession(near, sessionOptions(clock, options));
  const server = new DefaultWebSocketSession(far, sessionOptions(clock, options));
  opened.push({ session: client, transport: near, clock }, { session: server, transport: far, clock });
  return { client, server };
}

/** For `afterEach`: whatever a test has opened is gone, all of it has settled, and no timer is left. */
export async function checkAllSettled(): Promise<void> {
  for (const { session, transport, clock } of opened.splice(0)) {
    expect(await stateOf(session.ended), "ended").toBe("fulfilled");
    expect(await stateOf(session.closeReason), "closeReason").toBe("fulfilled");
    expect(await stateOf(session.send("late")), "a send after the end").toBe("rejected");
    expect(session.signal.aborted, "the session's signal").toBe(true);
    expect(transport.isDisposed, "the transport is disposed").toBe(true);
    expect(clock.pending, "timers left").toBe(0);
  }
}

export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "fulfilled" | "rejected"> {
  let state: "pending" | "fulfilled" | "rejected" = "pending";
  promise.then(
    () => (state = "fulfilled"),
    () => (state = "rejected"),
  );
  await turn();
  return state;
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => expect.fail(`it resolved with ${String(value)}`),
    (error: unknown) => error,
  );
}

/** The name of a Halyard error, or the message of another. */
function nameOf(error: unknown): string {
  return error instanceof Error && error.name !== "Error" ? error.name : String(error);
}

/** All that is left in a session's `incoming`, and how it ends: "end", or the name of an error. */
export async function drain(session: WebSocketSession): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const frame of session.incoming) seen.push(show(frame));
    return [...seen, "end"];
  } catch (error) {
    return [...seen, nameOf(error)];
  }
}

/** How a session ended, as the table in docs/closing.md tells it. */
export async function story({
  session,
  peer,
}: Pick<Open<WebSocketSession>, "session" | "peer">): Promise<unknown> {
  const { clean, reason, sent, received, initiator, error, unsent, discarded } = await session.ended;
  const closeReason = await session.closeReason;
  expect(reason, "the reason of ended").toBe(closeReason);
  return {
    wire: peer.frames,
    closeReason: showReason(closeReason),
    incoming: (await drain(session)).join(", "),
    outgoing: nameOf(await rejectionOf(session.send("late"))),
    ended: {
      clean,
      sent: showReason(sent),
      received: showReason(received),
      initiator,
      error: error === undefined ? "none" : nameOf(error),
      unsent,
      discarded,
    },
  };
}
