// SPDX-License-Identifier: Apache-2.0
// One engine of the measurement, in a process of its own. Prints its numbers as JSON: node client.mjs ENGINE URL CLASSPATH
import { readFileSync } from "node:fs";
import process from "node:process";
import { OkHttp } from "@halyard/okhttp";
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { jvms } from "../suite/jvm-cases.mjs";

const [engine, url, classPath] = process.argv.slice(2);
const client = (engine === "OkHttp" ? new HttpClient(OkHttp, { classPath }) : new HttpClient(Cio)).install(
  WebSockets,
);

async function seconds(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

const rounds = { echo: 4_000 };
const sizes = { "32 B": [32, 60_000], "4 KiB": [4096, 20_000], "1 MiB": [2 ** 20, 300] };

async function echo() {
  const session = await client.webSocketSession(`${url}/echo`);
  const message = new Uint8Array(32);
  const time = await seconds(async () => {
    for (let count = 0; count < rounds.echo; count++) {
      await session.send(message);
      await session.incoming.receive();
    }
  });
  await session.close();
  return rounds.echo / time;
}

async function receive([size, messages]) {
  let count = 0;
  const time = await seconds(async () => {
    const session = await client.webSocketSession(`${url}/pour?size=${size}&messages=${messages}`);
    for await (const frames of session.incoming.batches()) count += frames.length;
  });
  if (count !== messages) throw new Error(`${count} of ${messages}`);
  return messages / time;
}

async function send([size, messages]) {
  const session = await client.webSocketSession(`${url}/swallow?messages=${messages}`);
  const message = new Uint8Array(size);
  const time = await seconds(async () => {
    for (let count = 0; count < messages; count++) await session.send(message);
    await session.incoming.receive();
  });
  await session.close();
  return messages / time;
}

const resident = (id) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]) / 1024;

const result = { "time to the first session, ms": 0 };
result["time to the first session, ms"] =
  1000 *
  (await seconds(async () => {
    await (await client.webSocketSession(`${url}/echo`)).close();
  }));
// The JVM compiles what is used much.
await receive(sizes["32 B"]);
await echo();
result["echo 32 B, /s"] = await echo();
for (const [name, size] of Object.entries(sizes)) result[`receive ${name}, /s`] = await receive(size);
for (const [name, size] of Object.entries(sizes)) result[`send ${name}, /s`] = await send(size);
const open = await Promise.all(Array.from({ length: 500 }, () => client.webSocketSession(`${url}/echo`)));
result["memory with 500 sessions, this process, MiB"] = resident(process.pid);
for (const jvm of jvms()) result["memory with 500 sessions, JVM, MiB"] = resident(jvm);
await Promise.all(open.map((session) => session.close()));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
