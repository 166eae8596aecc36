// SPDX-License-Identifier: Apache-2.0
// The proxies, from Debian's packages, each as a process in the foreground without privileges.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export const user = "halyard";
/** With what a URL has to encode. */
export const password = "p@ss:w/rd%";
/** tinyproxy knows letters and digits. */
export const plainPassword = "pl41nPassword";
/** Where squid and dante lead nobody. */
export const forbiddenPort = 9;

/** Nobody's, of Debian. A program that is started by root would otherwise look for an account of its own, or refuse. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: nobody, gid: nobody } : {};
const patience = 20_000;
/** Seconds. */
const longest = 600;

/** @typedef {Record<"squid" | "squidAuth" | "squidTls" | "squidTlsAuth" | "tinyproxy" | "tinyproxyAuth" | "microsocks" | "microsocksAuth" | "danted", number>} Ports */

/** Started programs, and where they listen. */
export class Programs {
  #folder = mkdtempSync(path.join(tmpdir(), "halyard-proxies-"));
  /** @type {import("node:child_process").ChildProcess[]} */
  #running = [];

  constructor() {
    chmodSync(this.#folder, 0o755);
    if (isRoot) chownSync(this.#folder, nobody, nobody);
  }

  /**
   * @param {{ cert: string, key: string }} certificate of the proxy that speaks TLS
   * @returns {Promise<Ports>}
   */
  async start(certificate) {
    /** @type {Ports} */
    const ports = {
      squid: await freePort(),
      squidAuth: await freePort(),
      squidTls: await freePort(),
      squidTlsAuth: await freePort(),
      tinyproxy: await freePort(),
      tinyproxyAuth: await freePort(),
      microsocks: await freePort(),
      microsocksAuth: await freePort(),
      danted: await freePort(),
    };
    await Promise.all([
      this.#run(
        "squid",
        ["-N", "-f", this.#squid(ports, certificate)],
        [ports.squid, ports.squidAuth, ports.squidTls, ports.squidTlsAuth],
      ),
      this.#run("tinyproxy", ["-d", "-c", this.#tinyproxy(ports.tinyproxy, "")], [ports.tinyproxy]),
      this.#run(
        "tinyproxy",
        ["-d", "-c", this.#tinyproxy(ports.tinyproxyAuth, `BasicAuth ${user} ${plainPassword}`)],
        [ports.tinyproxyAuth],
      ),
      this.#run("microsocks", ["-i", "127.0.0.1", "-p", String(ports.microsocks)], [ports.microsocks]),
      this.#run(
        "microsocks",
        ["-i", "127.0.0.1", "-p", String(ports.microsocksAuth), "-u", user, "-P", password],
        [ports.microsocksAuth],
      ),
      this.#run(
        "danted",
        ["-f", this.#danted(ports.danted), "-p", path.join(this.#folder, "danted.pid")],
        [ports.danted],
      ),
    ]);
    return ports;
  }

  async stop() {
    for (const program of this.#running) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      const ended = once(program, "exit");
      program.kill("SIGTERM");
      const isLate = await Promise.race([ended.then(() => false), delay(3_000, true, { ref: false })]);
      if (isLate) program.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {Ports} ports @param {{ cert: string, key: string }} certificate */
  #squid(ports, { cert, key }) {
    // What basic_ncsa_auth takes besides the formats of crypt(3).
    const digest = createHash("md5").update(password).digest("hex");
    const passwords = this.#file("passwords", `${user}:${digest}\n`);
    const tls = `tls-cert=${this.#file("cert.pem", cert)} tls-key=${this.#file("key.pem", key)}`;
    return this.#file(
      "squid.conf",
      `http_port 127.0.0.1:${ports.squid} name=open
http_port 127.0.0.1:${ports.squidAuth} name=auth
https_port 127.0.0.1:${ports.squidTls} ${tls} name=tls-open
https_port 127.0.0.1:${ports.squidTlsAuth} ${tls} name=tls-auth
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${passwords}
auth_param basic children 1
acl forbidden port ${forbiddenPort}
acl open myportname open tls-open
acl users proxy_auth REQUIRED
http_access deny forbidden
http_access allow open
http_access allow users
http_access deny all
cache deny all
access_log none
cache_log ${path.join(this.#folder, "squid.log")}
coredump_dir ${this.#folder}
pid_filename none
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname localhost
`,
    );
  }

  /** @param {number} port @param {string} more */
  #tinyproxy(port, more) {
    return this.#file(
      `tinyproxy-${port}.conf`,
      `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nLogLevel Error\n${more}\n`,
    );
  }

  /** @param {number} port */
  #danted(port) {
    return this.#file(
      "danted.conf",
      `logoutput: stderr
internal: 127.0.0.1 port = ${port}
external: lo
clientmethod: none
socksmethod: none
client pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }
socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = ${forbiddenPort} }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`,
    );
  }

  /** @param {string} name @param {string} text */
  #file(name, text) {
    const file = path.join(this.#folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (isRoot) chownSync(file, nobody, nobody);
    return file;
  }

  /** Starts a program and waits until it listens. @param {string} name @param {string[]} args @param {number[]} ports */
  async #run(name, args, ports) {
    let said = "";
    // Should nobody be there to end it, it ends itself.
    const program = spawn("timeout", [String(longest), name, ...args], {
      ...identity,
      cwd: this.#folder,
      env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.push(program);
    let fault = "";
    program.on("error", (error) => (fault = `could not be started: ${error.message}`));
    program.on("exit", (code, signal) => (fault ||= `ended with ${signal ?? code}`));
    for (const output of [program.stdout, program.stderr])
      output.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-4_000)));
    const end = Date.now() + patience;
    for (const port of ports) {
      while (!(await listens(port))) {
        if (fault === "" && Date.now() < end) await delay(50);
        else throw new Error(`${name} ${fault || `does not listen on ${port}`}\n${said}${this.#log()}`);
      }
    }
  }

  #log() {
    try {
      return readFileSync(path.join(this.#folder, "squid.log"), "utf8").slice(-4_000);
    } catch {
      // It has not come so far.
      return "";
    }
  }
}

/** A port on which nothing listens. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
