// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { Deferred } from "halyard/engine";
import { FrameReader, fields, frameOf, fromJvm, protocolVersion, toJvm } from "./frames.ts";
import { JvmError } from "./jvm-error.ts";
import type { JvmCommand } from "./options.ts";

/** What is kept of what a JVM says on its error output, in characters. */
const lastWords = 4096;

/** As much memory as many sessions need; a session itself is small. Arguments of the user come behind these, and count. */
const jvmArgs = [
  "-Xss256k",
  "-XX:+UseSerialGC",
  // Half a JVM would be worse than none.
  "-XX:+ExitOnOutOfMemoryError",
  // Its output is for frames.
  "-XX:+DisplayVMOutputToStderr",
  "-Dfile.encoding=UTF-8",
];

/** How long a JVM may take to end, in milliseconds. It needs a few. */
const endPatience = 3_000;

/** Where the compiled classes of this package are. */
const classes = fileURLToPath(new URL("../java", import.meta.url));

/** Whose a session of the JVM is. */
export interface JvmSession {
  /** What the JVM tells of it. The payload is valid only during the call. */
  frame(kind: number, payload: Buffer): void;
  /** The JVM has ended. The last call. */
  lost(error: JvmError): void;
}

/** A JVM in which OkHttp runs. While it has sessions it keeps this process alive. */
export class JvmProcess {
  /** Resolves when it can be told something; rejects with a {@link JvmError}. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #started = new Deferred<void>();
  readonly #gone = new Deferred<void>();
  readonly #sessions = new Map<number, JvmSession>();
  readonly #clients = new Set<number>();
  #lastId = 0;
  #output: Buffer[] = [];
  #said = "";
  #isGone = false;

  constructor({ java, classPath, jvmArgs: more }: JvmCommand) {
    this.ready = this.#started.promise;
    this.ended = this.#gone.promise;
    // Whoever waits for it hears of it.
    this.ready.catch(() => undefined);
    const args = [...jvmArgs, ...more, "-cp", classes + delimiter + classPath, "dev.halyard.okhttp.Bridge"];
    // A process group of its own: Ctrl-C is for this process, which may want to say good-bye through it.
    this.#child = spawn(java, args, { stdio: ["pipe", "pipe", "pipe"], detached: true, windowsHide: true });
    const reader = new FrameReader((kind, id, payload) => this.#frame(kind, id, payload));
    this.#child.stdout.on("data", (chunk: Buffer) => reader.add(chunk));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-lastWords);
    });
    // It is gone then, which is told below.
    this.#child.stdin.on("error", () => undefined);
    this.#child.once("error", (cause) => this.#lose(cannotStart(java, cause)));
    this.#child.once("close", (code, signal) => this.#lose(this.#ending(signal ?? code)));
    this.#keepAlive(false);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Makes a client known, once. @param settings - names and values */
  addClient(id: number, settings: Readonly<Record<string, string>>): void {
    if (this.#clients.has(id)) return;
    this.#clients.add(id);
    this.tell(toJvm.client, id, fields(Object.entries(settings).flat()));
  }

  removeClient(id: number): void {
    if (this.#clients.delete(id)) this.tell(toJvm.release, id, "");
  }

  /** @returns its id */
  addSession(session: JvmSession): number {
    const id = ++this.#lastId;
    this.#sessions.set(id, session);
    if (this.#sessions.size === 1) this.#keepAlive(true);
    return id;
  }

  removeSession(id: number): void {
    if (this.#sessions.delete(id) && this.#sessions.size === 0) this.#keepAlive(false);
  }

  /** What is told in one turn goes out in one write. */
  tell(kind: number, id: number, payload: string | Uint8Array): void {
    this.write(frameOf(kind, id, payload));
  }

  write(frame: Buffer): void {
    if (this.#isGone) return;
    if (this.#output.push(frame) > 1) return;
    queueMicrotask(() => {
      const [first = frame, ...others] = this.#output;
      this.#output = [];
      this.#child.stdin.write(others.length === 0 ? first : Buffer.concat([first, ...others]));
    });
  }

  /** It ends with its input. */
  async end(): Promise<void> {
    if (this.#isGone) return;
    this.#keepAlive(true);
    // Behind what is still to be written.
    queueMicrotask(() => this.#child.stdin.end());
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endPatience);
    await this.ended;
    clearTimeout(timer);
  }

  #frame(kind: number, id: number, payload: Buffer): void {
    if (kind !== fromJvm.ready) this.#sessions.get(id)?.frame(kind, payload);
    else if (id === protocolVersion) this.#started.resolve();
    else
      this.#lose(
        new JvmError("the class path has classes of another version of @halyard/okhttp: take them out"),
      );
  }

  #lose(error: JvmError): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#started.reject(error);
    this.#gone.resolve();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) session.lost(error);
    this.#child.kill("SIGKILL");
  }

  #ending(how: string | number | null): JvmError {
    const said = new Error(this.#said.trim() === "" ? `ended with ${how}` : this.#said.trim());
    if (/okhttp3|okio|kotlin/.test(this.#said) && /NoClassDefFound|ClassNotFound/.test(this.#said)) {
      const wanted =
        "the jars of OkHttp (com.squareup.okhttp3:okhttp-jvm) and of all it needs (Okio, Kotlin's library)";
      return new JvmError(`OkHttp is not on the class path: give the option classPath ${wanted}`, {
        cause: said,
      });
    }
    if (this.#said.includes("dev.halyard.okhttp.Bridge")) {
      const text = `the classes of @halyard/okhttp are not in ${classes}: install it whole, and do not bundle it`;
      return new JvmError(text, { cause: said });
    }
    const remedy = this.#said.includes("OutOfMemoryError")
      ? "; give it more memory by jvmArgs, for example -Xmx1g"
      : "";
    return new JvmError(`the JVM of OkHttp has ended with ${how}${remedy}`, { cause: said });
  }

  #keepAlive(isNeeded: boolean): void {
    // It was not started, which its `error` tells. Deno has nothing then.
    if (this.#child.pid === undefined) return;
    const name = isNeeded ? "ref" : "unref";
    const { stdin, stdout, stderr } = this.#child;
    // Pipes are sockets on Node; elsewhere they may be without these.
    for (const each of [this.#child, stdin, stdout, stderr] as Partial<
      Record<"ref" | "unref", () => void>
    >[]) {
      each[name]?.();
    }
  }
}

function cannotStart(java: string, cause: Error): JvmError {
  const remedy = "install a Java runtime, 8 or newer, or say where it is by the option java of OkHttp";
  return new JvmError(`${java} could not be started: ${remedy}`, { cause });
}
