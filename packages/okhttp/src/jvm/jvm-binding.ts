// SPDX-License-Identifier: Apache-2.0
import type { Clock, EngineCapability, EngineRequest } from "halyard";
import { type MessageBinding, type Opened, type Opening, refuseReserved } from "halyard/engine";
import { checkExtensions, headersOf } from "../answer.ts";
import { lossOf, openingError } from "../failure.ts";
import { JvmError } from "./jvm-error.ts";
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

  async connect(request: EngineRequest, { attempt, safeUrl, listen }: Opening): Promise<Opened> {
    refuseReserved(request.headers, { url: safeUrl });
    this.#jvm ??= SharedJvm.use(this.#options.command);
    const jvm = this.#jvm.process();
    const { settings, pingInterval } = this.#options;
    return await new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        attempt.onAbort(null);
        socket.drop();
        reject(error);
      };
      const socket = new JvmSocket(jvm, {
        opened: (answer) => {
          attempt.onAbort(null);
          const headers = headersOf(answer.headers);
          const listener = listen(socket);
          try {
            checkExtensions(answer, headers, safeUrl);
          } catch (error) {
            reject(error);
          }
          const subprotocol = headers.get("sec-websocket-protocol") ?? "";
          resolve({ subprotocol, response: { status: answer.status, headers } });
          return listener;
        },
        failed: (why) => fail(why instanceof JvmError ? why : openingError(why, safeUrl)),
        lossOf: (failure) => lossOf(failure, safeUrl, pingInterval),
      });
      attempt.entered("connect");
      attempt.onAbort(fail);
      jvm.ready.then(() => {
        jvm.addClient(this.#client, settings);
        socket.open(this.#client, request.url.href, headersFor(request));
      }, fail);
    });
  }

  async close(): Promise<void> {
    const jvm = this.#jvm;
    this.#jvm = null;
    await jvm?.release(this.#client);
  }
}

/** OkHttp knows no subprotocols. */
function headersFor({ headers, subprotocols }: EngineRequest): string[] {
  const offer = subprotocols.length === 0 ? [] : ["Sec-WebSocket-Protocol", subprotocols.join(", ")];
  return [...headers.flat(), ...offer];
}
