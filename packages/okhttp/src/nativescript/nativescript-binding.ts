// SPDX-License-Identifier: Apache-2.0
import { type Clock, type EngineCapability, type EngineRequest, InvalidArgumentError } from "halyard";
import { type MessageBinding, type Opened, type Opening, refuseReserved, systemClock } from "halyard/engine";
import { openingListener } from "../opening.ts";
import { headersFor } from "../request-headers.ts";
import { NativeScriptSocket } from "./nativescript-socket.ts";
import { makeClient, type OkHttpOptions, type ResolvedOkHttpOptions, resolveOptions } from "./options.ts";
import {
  type JavaClient,
  type JavaListener,
  type JavaObject,
  type NativeScript,
  nativeScript,
} from "./platform.ts";

/** One class for all sockets: NativeScript names it by its place in the sources. */
let listenerClass: (new () => JavaListener) | undefined;

/** OkHttp on NativeScript for Android. */
export class NativeScriptBinding implements MessageBinding {
  readonly name = "OkHttp";
  readonly capabilities: ReadonlySet<EngineCapability> = new Set([
    "requestHeaders",
    "handshakeResponse",
    "handshakeChecks",
    "closeCodes",
    "receiveWhileClosing",
    "byteOrderMarks",
  ] as const);
  readonly clock: Clock;
  readonly #options: ResolvedOkHttpOptions;
  #client: JavaClient | null = null;

  constructor(options: OkHttpOptions) {
    this.#options = resolveOptions(options);
    this.clock = this.#options.clock ?? systemClock;
  }

  async connect(request: EngineRequest, opening: Opening): Promise<Opened> {
    const { attempt, safeUrl } = opening;
    refuseReserved(request.headers, { url: safeUrl });
    const native = nativeScript();
    const client = (this.#client ??= makeClient(native, this.#options));
    const made = javaRequest(native, request, safeUrl);
    return await new Promise((resolve, reject) => {
      const listener = openingListener(opening, this.#options.settings.pingInterval, { resolve, reject });
      const socket = new NativeScriptSocket(native, this.clock, listener);
      attempt.entered("connect");
      attempt.onAbort((reason) => {
        socket.drop();
        reject(reason);
      });
      socket.begin(client.newWebSocket(made, javaListener(native, socket)));
    });
  }

  close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    client?.dispatcher().executorService().shutdown();
    if (this.#options.preconfigured === undefined) client?.connectionPool().evictAll();
    return Promise.resolve();
  }
}

function javaListener({ okhttp3 }: NativeScript, owner: NativeScriptSocket): JavaListener {
  listenerClass ??= okhttp3.WebSocketListener.extend({
    onOpen(socket, response) {
      this.owner?.onOpen(socket, response);
    },
    onMessage(socket, content) {
      this.owner?.onMessage(socket, content);
    },
    onClosing(socket, code, reason) {
      this.owner?.onClosing(socket, code, reason);
    },
    onClosed(socket, code, reason) {
      this.owner?.onClosed(socket, code, reason);
    },
    onFailure(socket, failure, response) {
      this.owner?.onFailure(socket, failure, response);
    },
  });
  const listener = new listenerClass();
  listener.owner = owner;
  return listener;
}

function javaRequest({ okhttp3 }: NativeScript, request: EngineRequest, url: string): JavaObject {
  try {
    const builder = new okhttp3.Request.Builder().url(request.url.href);
    const headers = headersFor(request);
    for (let index = 0; index < headers.length; index += 2) {
      builder.addHeader(headers[index] ?? "", headers[index + 1] ?? "");
    }
    return builder.build();
  } catch {
    // What Java says would repeat the value.
    throw new InvalidArgumentError("OkHttp refuses the URL or a header: it takes visible ASCII only", {
      url,
    });
  }
}
