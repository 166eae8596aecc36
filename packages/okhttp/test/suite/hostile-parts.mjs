// SPDX-License-Identifier: Apache-2.0
// The hostile servers of the package's tests, where OkHttp tells more than the platforms that they were written for.
import { Hostile, hostileCases } from "./hostile.mjs";

/** What has a name here: elsewhere all of it is a HandshakeError. @type {Record<string, (on: Hostile) => Promise<string>>} */
const named = {
  "no answer: /reset-at-once": (on) => on.opening("/reset-at-once"),
  "nobody listens": (on) => on.opening("", { url: on.server.nobody }),
  "no TLS on the other side": (on) => on.opening("", { url: on.server.url.replace("ws:", "wss:") }),
};
const expected = ["ERR_HALYARD_CONNECTION", "ERR_HALYARD_CONNECTION", "ERR_HALYARD_TLS"];

/** What is left out where it cannot be. */
const without = {
  // It takes these codes for a fault.
  "OkHttp 3": /close code 101[23] is handed on/,
  // The double carries 10 MB a second.
  nativescript: /a message over the platform's limit/,
};

/**
 * @param {() => import("halyard").HttpClientEngine} makeEngine @param {Record<string, string>} server
 * @param {string} version of OkHttp @param {(keyof typeof without)[]} [also] what else this is
 */
export function hostileParts(makeEngine, server, version, also = []) {
  const on = version.startsWith("3.") ? [...also, "OkHttp 3"] : also;
  const known = hostileCases(makeEngine, server).filter(
    ({ name }) => !on.some((each) => without[each].test(name)),
  );
  const hostile = known.filter(({ name }) => !(name.replace("hostile: ", "") in named));
  const errors = Object.entries(named).map(([name, act], index) => ({
    name,
    async run() {
      const engine = makeEngine();
      try {
        const code = await act(new Hostile(engine, server));
        if (code !== expected[index]) throw new Error(`it came to ${code} and should to ${expected[index]}`);
      } finally {
        await engine.close();
      }
    },
  }));
  return { hostile, errors };
}
