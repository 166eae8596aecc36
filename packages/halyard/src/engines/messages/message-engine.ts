// SPDX-License-Identifier: Apache-2.0
import type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineRequest,
  HttpClientEngine,
} from "../../client/engine.ts";
import { ClientClosedError } from "../../client/errors.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import type { Clock } from "../../session/clock.ts";
import type { MessageSocket } from "./message-socket.ts";
import { MessageTransport } from "./message-transport.ts";

/** What a connection is to be opened with. */
export interface Opening {
  readonly attempt: Attempt;
  /** The URL for errors, free of secrets. */
  readonly safeUrl: string;
  /** Called once, in the turn in which the connection is open, so that no message comes before. @returns the socket's listener */
  readonly listen: (socket: MessageSocket) => MessageTransport;
}

/** What is known of a connection that is open. */
export interface Opened {
  /** The chosen subprotocol; empty for none. */
  readonly subprotocol: string;
  /** The server's answer, only where the platform shows it. */
  readonly response?: { readonly status: number; readonly headers: Headers } | undefined;
}

/** A platform that has WebSockets of whole messages, as a {@link MessageEngine} uses it. */
export interface MessageBinding {
  /** The engine's name, for errors. */
  readonly name: string;
  /** What can be done on this platform. Never `rawFrames`, `extensions` and `frameLimits`; `pingPong` where sockets have `ping`. */
  readonly capabilities: ReadonlySet<EngineCapability>;
  /** The time by which all its sessions live. */
  readonly clock: Clock;
  /**
   * Opens a connection, and gives its socket to {@link Opening.listen}. It rejects with the reason of the attempt as soon
   * as that aborts; when it rejects the socket is dropped.
   */
  connect(request: EngineRequest, opening: Opening): Promise<Opened>;
  /** Releases what connections share, once they are dropped. Called at every close of the engine. */
  close?(): Promise<void>;
}

/** The engine over a platform's WebSockets of whole messages: what is the same for all of these platforms. */
export class MessageEngine implements HttpClientEngine {
  readonly #binding: MessageBinding;
  readonly #transports = new Set<MessageTransport>();
  #isClosed = false;

  constructor(binding: MessageBinding) {
    this.#binding = binding;
  }

  get name(): string {
    return this.#binding.name;
  }

  get capabilities(): ReadonlySet<EngineCapability> {
    return this.#binding.capabilities;
  }

  get clock(): Clock {
    return this.#binding.clock;
  }

  async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    this.#refuseWhenClosed();
    attempt.signal.throwIfAborted();
    const { safeUrl, subprotocols } = request;
    let transport: MessageTransport | undefined;
    const listen = (socket: MessageSocket) => {
      transport = this.#own(socket, safeUrl);
      return transport;
    };
    attempt.entered("upgrade");
    try {
      const opened = await this.#binding.connect(request, { attempt, safeUrl, listen });
      if (transport === undefined) throw new TypeError("a connection is open, and nobody listens to it");
      checkSubprotocol(opened.subprotocol, subprotocols, safeUrl);
      this.#refuseWhenClosed();
      if (opened.response !== undefined) {
        attempt.notice?.({ type: "answered", url: safeUrl, status: opened.response.status });
      }
      const { response = { status: 101, headers: new Headers() }, subprotocol } = opened;
      return { transport, subprotocol, extensions: [], response };
    } catch (error) {
      transport?.dispose();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const transport of this.#transports) transport.dispose();
    await this.#binding.close?.();
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new ClientClosedError("the engine is closed");
  }

  #own(socket: MessageSocket, url: string): MessageTransport {
    const transport = new MessageTransport(socket, {
      clock: this.clock,
      engine: this.name,
      url,
      anyCode: this.capabilities.has("closeCodes"),
    });
    this.#transports.add(transport);
    void transport.ending.then(() => this.#transports.delete(transport));
    return transport;
  }
}

/** RFC 6455 section 4.1. Deno, Workers, Firefox and OkHttp take any answer. */
function checkSubprotocol(chosen: string, offered: readonly string[], url: string): void {
  if (chosen === "" ? offered.length === 0 : offered.includes(chosen)) return;
  const what =
    chosen === ""
      ? "chose none of the subprotocols"
      : `chose ${JSON.stringify(chosen)}, which was not offered`;
  throw new HandshakeError(`the server ${what}`, { url });
}
