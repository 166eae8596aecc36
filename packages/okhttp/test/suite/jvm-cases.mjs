// SPDX-License-Identifier: Apache-2.0
// What is said, and what goes wrong, of the JVM itself. Linux: processes are looked up in /proc.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { OkHttp } from "@halyard/okhttp";
import { bounded } from "halyard";
import { clientOf, equal, failureOf, firstText, until } from "./session-cases.mjs";

/** The JVMs that this process has started and that live, by their ids. */
export function jvms() {
  return readdirSync("/proc").filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      const [, state, parent] =
        readFileSync(`/proc/${id}/stat`, "utf8")
          .split(") ")[1]
          .match(/^(\S) (\d+)/) ?? [];
      if (parent !== String(process.pid) || state === "Z") return false;
      return readFileSync(`/proc/${id}/cmdline`, "utf8").includes("dev.halyard.okhttp.Bridge");
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Engines with a JVM of their own, which is not that of the other cases. */
const alone = ["-Dhalyard.test=alone"];

/** Opens a session in a JVM of its own, and finds that. */
async function sessionAlone({ make, server }, options = {}) {
  const before = jvms();
  const engine = make({ jvmArgs: alone, ...options });
  const session = await clientOf(engine).webSocketSession(`${server.url}/echo`);
  const [jvm, ...others] = jvms().filter((id) => !before.includes(id));
  equal([jvm === undefined, others.length], [false, 0], "one more JVM");
  return { engine, session, jvm: Number(jvm) };
}

/** @type {typeof import("./session-cases.mjs").sessionCases} */
export const jvmCases = [
  {
    name: "wss: an authority of one's own is trusted, others are not, nor is another name",
    async run({ make, server, certificates: { ca, otherCa } }) {
      const url = `${server.secureUrl}/echo`;
      const engine = make({ tls: { ca: [otherCa, ca] } });
      const session = await clientOf(engine).webSocketSession(url);
      await session.send("secret");
      equal(await firstText(session), "secret");
      await session.close();
      const byName = clientOf(engine).webSocketSession(url.replace("127.0.0.1", "localhost"));
      equal((await failureOf(byName)).code, "ERR_HALYARD_TLS", "another name");
      await engine.close();
      for (const options of [{ tls: { ca: otherCa } }, {}]) {
        const strict = make(options);
        equal((await failureOf(clientOf(strict).webSocketSession(url))).code, "ERR_HALYARD_TLS");
        await strict.close();
      }
    },
  },
  {
    name: "preconfigured: a client of the user's classes is the base, and what it prints is no frame",
    needs: ["java"],
    async run({ make, server, classes, classPath }) {
      const engine = make({ preconfigured: "test.Preconfigured", classPath: [classes, classPath] });
      const session = await clientOf(engine).webSocketSession(`${server.url}/headers`);
      equal(JSON.parse(await firstText(session))["x-made-by"], "a user");
      await engine.close();
      for (const preconfigured of ["test.Missing", "java.lang.Object"]) {
        const wrong = make({ preconfigured, classPath: [classes, classPath] });
        const error = await failureOf(clientOf(wrong).webSocketSession(`${server.url}/headers`));
        equal(error.code, "ERR_HALYARD_INVALID_ARGUMENT");
        if (!error.message.includes(preconfigured)) throw error;
        await wrong.close();
      }
    },
  },
  {
    name: "an option that this OkHttp does not have is refused, by name and version",
    needs: ["java"],
    async run({ make, server, version }) {
      const since = { minWebSocketMessageToCompress: 4, webSocketCloseTimeout: 5 };
      for (const [name, major] of Object.entries(since)) {
        const engine = make({ [name]: 2_000 });
        const opening = clientOf(engine).webSocketSession(`${server.url}/echo`);
        if (Number.parseInt(version, 10) >= major) await (await opening).close();
        else {
          const error = await failureOf(opening);
          equal(error.code, "ERR_HALYARD_INVALID_ARGUMENT");
          if (!error.message.includes(`OkHttp ${version}`) || !error.message.includes(name)) throw error;
        }
        await engine.close();
      }
    },
  },
  {
    name: "several engines, also with other settings, have one JVM, which ends with the last",
    async run({ make, server }) {
      const { engine, session, jvm } = await sessionAlone({ make, server });
      const other = make({ jvmArgs: alone, connectTimeout: 5_000 });
      const second = await clientOf(other).webSocketSession(`${server.url}/echo`);
      await engine.close();
      equal((await session.ended).clean, false, "the first being clean");
      await second.send("alive");
      equal(await firstText(second), "alive");
      equal(jvms().includes(String(jvm)), true, "the JVM being there");
      await other.close();
      equal(jvms().includes(String(jvm)), false, "the JVM being there");
    },
  },
  {
    name: "a JVM that is killed is a JvmError of every session, and the next connection has another",
    async run({ make, server }) {
      const { engine, session, jvm } = await sessionAlone({ make, server });
      const client = clientOf(engine);
      const second = await client.webSocketSession(`${server.url}/echo`);
      const receiving = failureOf(second.incoming.receive());
      const connecting = failureOf(client.webSocketSession(`${server.raw}/mute`.replace("/mute", "/never")));
      process.kill(jvm, "SIGKILL");
      equal((await receiving).code, "ERR_HALYARD_JVM", "what receive() gives");
      for (const each of [session, second]) {
        const { error, clean } = await each.ended;
        equal([error?.code, clean], ["ERR_HALYARD_JVM", false], "how it ended");
        equal((await each.closeReason).code, 1006, "closeReason");
      }
      equal((await connecting).code, "ERR_HALYARD_JVM", "what connecting gives");
      const third = await client.webSocketSession(`${server.url}/echo`);
      await third.send("again");
      equal(await firstText(third), "again");
      await engine.close();
    },
  },
  {
    name: "a JVM that does not end by itself is ended",
    async run({ make, server }) {
      const { engine, session, jvm } = await sessionAlone({ make, server });
      process.kill(jvm, "SIGSTOP");
      await engine.close();
      equal(jvms().includes(String(jvm)), false, "the JVM being there");
      equal((await session.ended).clean, false, "the end being clean");
    },
  },
  {
    name: "an attempt that is given up while the JVM starts ends at once, and the next one has the JVM",
    async run({ make, server }) {
      const engine = make({ jvmArgs: ["-Dhalyard.test=starting"] });
      const controller = new AbortController();
      const opening = clientOf(engine).webSocketSession({
        url: `${server.url}/echo`,
        signal: controller.signal,
      });
      const reason = new Error("given up");
      const began = Date.now();
      setTimeout(() => controller.abort(reason), 20);
      equal((await failureOf(opening)) === reason, true, "the error being the reason");
      equal(Date.now() - began < 200, true, "its having been soon");
      await (await clientOf(engine).webSocketSession(`${server.url}/echo`)).close();
      await engine.close();
    },
  },
  {
    name: "an engine that is closed while the JVM starts leaves none behind",
    async run({ make, server }) {
      const before = jvms().length;
      const engine = make({ jvmArgs: ["-Dhalyard.test=closing"] });
      const client = clientOf(engine);
      const opening = failureOf(client.webSocketSession(`${server.url}/echo`));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.close();
      await engine.close();
      equal((await opening).code, "ERR_HALYARD_CLIENT_CLOSED");
      equal(jvms().length, before, "the number of JVMs");
    },
  },
  {
    name: "a message for which the JVM has no memory ends it, and the error says what to do",
    needs: ["java"],
    async run({ make, server }) {
      const engine = make({ jvmArgs: ["-Xmx24m"] });
      const session = await clientOf(engine).webSocketSession(`${server.url}/large?size=${30 * 2 ** 20}`);
      const { error } = await session.ended;
      equal(error?.code, "ERR_HALYARD_JVM");
      if (!error.message.includes("-Xmx")) throw error;
      await engine.close();
    },
  },
  ...Object.entries({
    "no java": [{ java: "/no/such/java" }, /option java/],
    "no OkHttp": [{ classPath: "/no/such/*" }, /not on the class path: .*option classPath/],
    "an argument that java does not know": [{ jvmArgs: ["-XX:NoSuchThing"] }, /has ended with 1/],
  }).map(([what, [options, message]]) => ({
    name: `${what}: every attempt fails with what to do`,
    async run({ make, server }) {
      const engine = make(options);
      for (let tries = 0; tries < 2; tries++) {
        const error = await failureOf(clientOf(engine).webSocketSession(`${server.url}/echo`));
        equal(error.code, "ERR_HALYARD_JVM");
        if (!message.test(error.message)) throw error;
      }
      await engine.close();
    },
  })),
  {
    name: "Okio or Kotlin missing: the same",
    needs: ["java"],
    async run({ make, server, classPath, version }) {
      const folder = path.dirname(classPath);
      const [jar = ""] = readdirSync(folder).filter((name) => name.startsWith("okhttp"));
      const engine = make({ classPath: path.join(folder, jar) });
      const error = await failureOf(clientOf(engine).webSocketSession(`${server.url}/echo`));
      equal(error.code, "ERR_HALYARD_JVM", version);
      if (!error.message.includes("not on the class path")) throw error;
      await engine.close();
    },
  },
  {
    name: "options are checked when the engine is made",
    run({ classPath }) {
      const wrong = [
        {},
        { classPath: "" },
        { classPath, java: 1 },
        { classPath, jvmArgs: "-Xmx1g" },
        { classPath, proxy: "ftp://a:1" },
        { classPath, proxy: "socks://u:p@a:1" },
        { classPath, pingInterval: -1 },
        { classPath, maxConcurrentSockets: 0 },
        { classPath, minWebSocketMessageToCompress: -1 },
        { classPath, noSuchOption: 1 },
        { classPath, tls: { cert: "" } },
      ];
      for (const options of wrong) {
        let error;
        try {
          OkHttp.create(options);
        } catch (each) {
          error = each;
        }
        equal(error?.code, "ERR_HALYARD_INVALID_ARGUMENT", JSON.stringify(options));
      }
      return Promise.resolve();
    },
  },
  {
    name: "a paused session that is dropped leaves no thread waiting in the JVM",
    needs: ["java"],
    async run({ make, server }) {
      const { engine, session, jvm } = await sessionAlone({ make, server });
      const client = clientOf(engine, { channels: { incoming: bounded({ messages: 1 }) } });
      const url = `${server.url}/flood?messages=64&size=1000000&id=${crypto.randomUUID()}`;
      const sessions = [];
      for (let count = 0; count < 20; count++) sessions.push(await client.webSocketSession(url));
      await until(() => waiting(jvm) === 20, "a thread for each");
      for (const each of sessions) each.cancel();
      await until(() => waiting(jvm) === 0, "no thread");
      await session.close();
      await engine.close();
    },
  },
];

/** How many threads of the JVM wait until the program takes a message. */
function waiting(jvm) {
  return execFileSync("jstack", [String(jvm)], { encoding: "utf8" }).split("okhttp.Session.hand(").length - 1;
}
