// SPDX-License-Identifier: Apache-2.0
// One cell of the table: one client or server, one row, in a process of its own, which ends with a line of JSON. What is to be done is
// told in the first argument.
import { connect } from "./scenarios/connect.mjs";
import { echo } from "./scenarios/echo.mjs";
import { idle } from "./scenarios/idle.mjs";
import { importing } from "./scenarios/importing.mjs";
import { peak } from "./scenarios/peak.mjs";
import { receive } from "./scenarios/receive.mjs";
import { send } from "./scenarios/send.mjs";
import { serveBroadcast, serveEcho } from "./scenarios/serve.mjs";

/**
 * @typedef {object} Connection what an adapter makes of a client's connection
 * @property {(message: string | Uint8Array) => void | Promise<void>} send
 * @property {(count: number, each?: (message: any) => void | Promise<unknown>) => Promise<void>} consume gives so many messages to `each`, a
 *   string or bytes, and waits for what that returns
 * @property {() => Promise<unknown>} close resolves when the connection is closed
 * @property {(text: string) => void} [order] sends without compression, where `send` might compress a short text
 * @property {(messages: (string | Uint8Array)[]) => void} [sendAll] instead of `send` one by one
 * @property {() => Promise<number>} [consumeStreamed] takes one message in chunks and returns its length
 *
 * @typedef {object} AdapterOptions
 * @property {boolean} deflate
 * @property {number} [maxMessageSize] where messages are larger than a client lets in by itself
 * @property {boolean} stream whether `consumeStreamed` is going to be used
 * @property {number} [frameBytes] how many bytes a message takes on its way to the client, if that is known
 *
 * @typedef {object} Adapter
 * @property {(options: AdapterOptions) => Open | Promise<Open>} prepare
 * @property {boolean} [looksInto] false for one that does not look into messages, so that these cannot be checked
 *
 * @typedef {(url: string) => Promise<Connection>} Open
 *
 * @typedef {object} Serving a server that echoes, on loopback
 * @property {number} port
 * @property {(text: string) => unknown} broadcast
 *
 * @typedef {{ serve: () => Promise<Serving> }} ServerAdapter a file serve-*.mjs
 *
 * @typedef {(task: Task, load: () => Promise<any>) => Promise<object>} Scenario
 *
 * @typedef {object} Task
 * @property {string} adapter
 * @property {import("./rows.mjs").Row} row
 * @property {string} url of the server; of a row that serves, where the clients take orders
 * @property {number} budget milliseconds
 * @property {import("./batches.mjs").Batch} batch receive alone has it
 * @property {{ order: string, bytes: number }} fragments peak alone has it
 */

/** @type {Record<string, Scenario>} */
const scenarios = {
  receive,
  send,
  echo,
  connect,
  idle,
  peak,
  import: importing,
  "serve-echo": serveEcho,
  "serve-broadcast": serveBroadcast,
};

/** @type {Task} */
const task = JSON.parse(process.argv[2]);
const scenario = scenarios[task.row.kind];
const load = () => import(`./adapters/${task.adapter}.mjs`);
let result;
try {
  result = await scenario(task, load);
} catch (error) {
  result = { error: error instanceof Error ? error.message || error.name : String(error) };
}
// Clients keep connections open: the process does not end by itself.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
