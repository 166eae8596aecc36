// SPDX-License-Identifier: Apache-2.0
// Runs the cases of hostile servers on any platform.
import { HttpClient, WebSockets } from "halyard";
import { cases } from "./hostile-cases.mjs";
import { platformCases } from "./platform-cases.mjs";

/** Small enough to wait for, and large enough for a slow machine. */
const closeTimeout = 300;

/** What a case has: a client on an engine of its own, and the hostile server. */
export class Hostile {
  #client;

  constructor(engine, server) {
    this.server = server;
    this.#client = new HttpClient(engine);
  }

  session(path, { url = `${this.server.url}${path}`, subprotocols, timeout, signal, ...config } = {}) {
    return this.#client
      .install(WebSockets, { closeTimeout, ...config })
      .webSocketSession({ url, subprotocols, timeout, signal });
  }

  /** The error of opening. */
  async failure(path, options) {
    const session = await this.session(path, options).catch((error) => ({ error }));
    if (session.error === undefined) throw new Error("it was opened");
    return session.error;
  }

  async opening(path, options) {
    return (await this.failure(path, options)).code;
  }

  /** How a session ends by itself, once it has sent something. */
  async end(path) {
    const session = await this.session(path);
    await session.send("go");
    return this.endOf(session);
  }

  async endOf(session) {
    let messages = 0;
    try {
      for await (const _frame of session.incoming) messages++;
    } catch (error) {
      if (error !== (await session.ended).error) throw error;
    }
    const { clean, initiator } = await session.ended;
    return { code: (await session.closeReason).code, clean, initiator, messages };
  }

  /** The text of the first message, or the code of the end that comes before it. */
  async firstOrEnd(path) {
    const session = await this.session(path);
    await session.send("go");
    try {
      return (await session.incoming.receive()).readText();
    } catch {
      return (await session.closeReason).code;
    } finally {
      session.cancel();
    }
  }

  /** How large the first message is, in bytes or characters, or the code of the end that comes in its place. */
  async sizeOrEnd(path) {
    const session = await this.session(path);
    try {
      const frame = await session.incoming.receive();
      return { size: frame.type === "text" ? frame.readText().length : frame.size };
    } catch {
      return { code: (await session.closeReason).code };
    } finally {
      session.cancel();
    }
  }

  async closing(path) {
    const session = await this.session(path);
    await session.send("go");
    const began = Date.now();
    const { clean, initiator, received } = await session.close({ code: 4000 });
    if (Date.now() - began > 10 * closeTimeout) throw new Error("it took longer than closeTimeout");
    return { code: (await session.closeReason).code, clean, initiator, received: received?.code ?? null };
  }

  seen(id) {
    return this.text(`/seen?id=${id}`);
  }

  /** What the server says in its first message. */
  async text(path) {
    const session = await this.session(path);
    const frame = await session.incoming.receive();
    await session.close();
    return JSON.parse(frame.readText());
  }

  /** Of a request as the server has got it. */
  async authorization(url) {
    const id = crypto.randomUUID();
    const session = await this.session("", { url: `${url}/request?id=${id}` });
    await session.close();
    const lines = (await this.seen(id)).head.filter((line) => /^authorization:/i.test(line));
    return lines.map((line) => line.split(": ")[1]);
  }
}

/**
 * @param {() => import("halyard").HttpClientEngine} makeEngine
 * @param {{ url: string, silence: string, nobody: string }} server where the hostile server listens
 */
export function hostileCases(makeEngine, server) {
  const { capabilities } = makeEngine();
  const has = new Set([
    ...capabilities,
    ...(typeof SharedArrayBuffer === "function" ? ["sharedMemory"] : []),
    // It is the sign of Chromium.
    ...("WebSocketStream" in globalThis ? ["emptyLongTexts"] : []),
  ]);
  const applicable = [...cases, ...platformCases].filter(({ needs = [] }) =>
    needs.every((capability) => has.has(capability)),
  );
  return applicable.map(({ name, act, expected }) => ({
    name: `hostile: ${name}`,
    async run() {
      const engine = makeEngine();
      try {
        check(await act(new Hostile(engine, server)), expected);
      } finally {
        await engine.close();
      }
    },
  }));
}

/** An array of expectations that is not itself what came is a choice. */
function check(actual, expected) {
  const shown = JSON.stringify(actual);
  const isChoice = Array.isArray(expected) && !Array.isArray(actual);
  const wanted = (isChoice ? expected : [expected]).map((each) => JSON.stringify(each));
  if (!wanted.includes(shown)) throw new Error(`it came to ${shown} and should to ${wanted.join(" or ")}`);
}
