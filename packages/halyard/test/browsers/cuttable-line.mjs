// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** A line to a server that can be cut. @param {string} url */
export async function cuttableLine(url) {
  const sockets = new Set();
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `http://127.0.0.1:${proxy.address().port}/`,
    cut,
    async close() {
      proxy.close();
      cut();
      await once(proxy, "close");
    },
  };
}
