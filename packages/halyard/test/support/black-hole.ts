// SPDX-License-Identifier: Apache-2.0
// A port on which connections neither come about nor fail.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Listens on an address with room for one connection, and accepts none. */
const listener = `
  const { parentPort, workerData: { host, port, isOver } } = require("node:worker_threads");
  const server = require("node:net").createServer().listen({ host, port, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => {
      Atomics.wait(isOver, 0, 0, 20_000);
      process.exit();
    });
  });
`;

/** Linux drops what asks for a connection while the queue of those that were not accepted is full. */
export async function blackHole(
  host = "127.0.0.1",
  port = 0,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const isOver = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(listener, { eval: true, workerData: { host, port, isOver } });
  const [taken] = (await once(worker, "message")) as [number];
  const fillers: Socket[] = [];
  // The queue holds one more than it was told; the last one may wait already.
  for (let count = 0; count < 2; count++) {
    const filler = connect({ port: taken, host });
    filler.on("error", () => undefined);
    fillers.push(filler);
    await once(filler, "connect");
  }
  return {
    port: taken,
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy();
      Atomics.store(isOver, 0, 1);
      Atomics.notify(isOver, 0);
      await once(worker, "exit");
    },
  };
}
