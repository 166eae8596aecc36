// SPDX-License-Identifier: Apache-2.0
import {
  ClientClosedError,
  type Clock,
  type EngineCapability,
  type EngineRequest,
  HalyardError,
  HandshakeError,
} from "halyard";
import type { MessageBinding, Opened, Opening } from "halyard/engine";
import { type Answer, openingFailed, refused } from "./errors.ts";
import type { FoundationResponse, FoundationTask, FoundationWebSocketTask } from "./foundation.ts";
import { answerHeaders, headersOf } from "./headers.ts";
import type { ResolvedDarwinOptions } from "./options.ts";
import { TaskSession } from "./task-session.ts";
import { TaskSocket } from "./task-socket.ts";

/** Opens connections by tasks of one NSURLSession, which lasts until the engine is closed. */
export class DarwinBinding implements MessageBinding {
  readonly name = "Darwin";
  /** What nobody has seen Apple do is not among them. */
  readonly capabilities: ReadonlySet<EngineCapability> = new Set<EngineCapability>([
    "requestHeaders",
    "handshakeResponse",
    "pingPong",
    "backpressure",
    "closeCodes",
  ]);
  readonly clock: Clock;
  readonly #options: ResolvedDarwinOptions;
  #session: TaskSession | null = null;

  constructor(options: ResolvedDarwinOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  async connect(request: EngineRequest, opening: Opening): Promise<Opened> {
    const { safeUrl } = opening;
    let session: TaskSession;
    let task: FoundationWebSocketTask | null;
    try {
      this.#session ??= new TaskSession(this.#options);
      session = this.#session;
      task = session.newTask(request.url.href, headersOf(request));
    } catch (cause) {
      if (HalyardError.is(cause)) throw cause;
      throw new HandshakeError(`the connection to ${safeUrl} could not be prepared: ${String(cause)}`, {
        phase: "connect",
        url: safeUrl,
        cause,
      });
    }
    if (task === null) throw new HandshakeError(`Foundation takes no URL as ${safeUrl}`, { url: safeUrl });
    return await this.#open(session, task, opening);
  }

  close(): Promise<void> {
    this.#session?.invalidate();
    this.#session = null;
    return Promise.resolve();
  }

  #open(session: TaskSession, task: FoundationWebSocketTask, opening: Opening): Promise<Opened> {
    const { attempt, safeUrl, listen } = opening;
    const { foundation, maximumMessageSize } = this.#options;
    return new Promise((resolve, reject) => {
      let thrown: unknown;
      let isOver = false;
      const fail = (error: unknown) => {
        isOver = true;
        attempt.onAbort(null);
        session.forget(task);
        task.cancel();
        reject(error);
      };
      attempt.onAbort(fail);
      if (isOver) return;
      session.watch(task, {
        opened: (protocol) => {
          const response = answerOf(task);
          if (response !== undefined && response.status !== 101) return fail(refused(safeUrl, response));
          attempt.onAbort(null);
          const { clock } = this;
          const socket = new TaskSocket(task, session, { foundation, clock, safeUrl, maximumMessageSize });
          socket.begin(listen(socket));
          const subprotocol = protocol ?? response?.headers.get("Sec-WebSocket-Protocol") ?? "";
          resolve({ subprotocol, response });
        },
        closed: () => undefined,
        completed: (error) => {
          const isClosed = session !== this.#session;
          fail(
            isClosed
              ? new ClientClosedError("the engine is closed", { url: safeUrl })
              : openingFailed(safeUrl, error, answerOf(task), thrown),
          );
        },
        challengeFailed: (error) => {
          thrown = error;
        },
      });
      task.resume();
    });
  }
}

/** The server's answer, as far as the task has one. */
function answerOf(task: FoundationTask): Answer | undefined {
  const response = task.response as FoundationResponse | null;
  if (response === null || typeof response.statusCode !== "number") return undefined;
  return { status: response.statusCode, headers: answerHeaders(response) };
}
