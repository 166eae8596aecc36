// SPDX-License-Identifier: Apache-2.0
// A program that opens a session and then does what its first argument says: node life.mjs WHAT CLASSPATH URL
import process from "node:process";
import { OkHttp } from "@halyard/okhttp";
import { jvms } from "./jvm-cases.mjs";
import { clientOf, firstText } from "./session-cases.mjs";

const [what, classPath, url] = process.argv.slice(2);
const engine = OkHttp.create({ classPath });
const session = await clientOf(engine).webSocketSession(`${url}/echo`);
await session.send("hello");
const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

if (what === "leave") {
  // The client stays open, and nothing keeps the process.
  const text = await firstText(session);
  await session.close();
  tell({ text, jvms: jvms() });
} else if (what === "wait") {
  // What keeps the process is the session alone.
  const text = await firstText(session);
  tell({ text, jvms: jvms() });
  await session.ended;
} else if (what === "interrupt") {
  process.once("SIGINT", async () => {
    await session.send("still here");
    await firstText(session);
    tell({ text: await firstText(session), clean: (await session.close()).clean });
    await engine.close();
    process.exit();
  });
  tell({ jvms: jvms() });
}
