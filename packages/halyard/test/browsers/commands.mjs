// SPDX-License-Identifier: Apache-2.0
import { HttpClient, WebSockets } from "halyard";

/** Of a command, in milliseconds: a suite may be one. */
const patience = 4 * 60_000;

/**
 * What both protocols that drive browsers are made of: commands with an id, their answers, and events. It goes over a session of
 * the library itself.
 */
export class Commands {
  #last = 0;
  #client = new HttpClient().install(WebSockets, {
    pingInterval: 0,
    maxMessageSize: 2 ** 26,
    maxFrameSize: 2 ** 26,
  });
  #session;
  /** @type {Map<number, (answer: any) => void>} */
  #waiting = new Map();
  /** @type {Set<(event: any) => void>} */
  #listeners = new Set();

  /** @param {string} url */
  async connect(url) {
    this.#session = await this.#client.webSocketSession(url);
    void this.#read();
    return this;
  }

  /**
   * @param {string} method @param {object} params @param {object} [more] beside `params`
   * @returns {Promise<any>} its result
   */
  async send(method, params, more = {}) {
    const id = ++this.#last;
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    await this.#session.send(JSON.stringify({ id, method, params, ...more }));
    const answer = await within(answered, `an answer to ${method}`);
    if (answer.error === undefined) return answer.result;
    throw new Error(`${method}: ${answer.message ?? answer.error.message ?? answer.error}`);
  }

  /** The next event that is meant. @param {(event: any) => boolean} isMeant */
  async event(isMeant) {
    let look;
    try {
      return await within(
        new Promise((resolve) => {
          look = (event) => isMeant(event) && resolve(event);
          this.#listeners.add(look);
        }),
        "an event",
      );
    } finally {
      this.#listeners.delete(look);
    }
  }

  async close() {
    await this.#client.close();
  }

  async #read() {
    for await (const frame of this.#session.incoming) {
      const message = JSON.parse(frame.readText());
      const answered = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (answered !== undefined) answered(message);
      else for (const listener of this.#listeners) listener(message);
    }
    for (const answered of this.#waiting.values())
      answered({ error: "the browser has closed the connection" });
  }
}

/** @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>} */
async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
