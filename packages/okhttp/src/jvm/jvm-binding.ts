// SPDX-License-Identifier: Apache-2.0
import type { Clock, EngineCapability, EngineRequest } from "halyard";
import { type MessageBinding, type Opened, type Opening, refuseReserved } from "halyard/engine";
import { openingListener } from "../opening.ts";
import { headersFor } from "../request-headers.ts";
import { JvmSocket } from "./jvm-socket.ts";
import { type OkHttpOptions, type ResolvedOkHttpOptions, resolveOptions } from "./options.ts";
import { SharedJvm } from "./shared-jvm.ts";

let lastClient = 0;

/** OkHttp in a JVM. */
export class JvmBinding implements MessageBinding {
  readonly name = "OkHttp";
  readonly capabilities: ReadonlySet<EngineCapability> = new Set([
    "requestHeaders",
    "handshakeResponse",
    "handshakeChecks",
    "backpressure",
    "closeCodes",
    "receiveWhileClosing",
    "byteOrderMarks",
  ] as const);
  readonly clock: Clock;
  readonly #options: ResolvedOkHttpOptions;
  readonly #client = ++lastClient;
  #jvm: SharedJvm | null = null;

  constructor(options: OkHttpOptions) {
    this.#options = resolveOptions(options);
    this.clock = this.#options.clock;
  }

  async connect(request: EngineRequest, opening: Opening): Promise<Opened> {
    const { attempt, safeUrl } = opening;
    refuseReserved(request.headers, { url: safeUrl });
    this.#jvm ??= SharedJvm.use(this.#options.command);
    const jvm = this.#jvm.process();
    const { settings, pingInterval } = this.#options;
    return await new Promise((resolve, reject) => {
      const listener = openingListener(opening, pingInterval, { resolve, reject });
      const socket = new JvmSocket(jvm, listener);
      attempt.entered("connect");
      attempt.onAbort((reason) => {
        socket.drop();
        reject(reason);
      });
      // A JVM that does not start is told to the socket.
      jvm.ready.then(
        () => {
          jvm.addClient(this.#client, settings);
          socket.open(this.#client, request.url.href, headersFor(request));
        },
        () => undefined,
      );
    });
  }

  async close(): Promise<void> {
    const jvm = this.#jvm;
    this.#jvm = null;
    await jvm?.release(this.#client);
  }
}
