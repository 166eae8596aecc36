// SPDX-License-Identifier: Apache-2.0
// A network of two hosts: the client's is this process, which has a namespace of its own; the server's is another namespace.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { certificates } from "../proxies/certificates.mjs";
import { ServerProcess } from "./server-process.mjs";

const { ca, good } = certificates();
const mostNetworks = 99;

/** Runs a program of the system to its end, and gives what it has to say if that is not 0. */
function run(command, args, input) {
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}\n${input ?? ""}`);
}

/** Makes the names that the networks have known, to this process and its children alone. */
export function prepare() {
  run("ip", ["link", "set", "lo", "up"]);
  const lines = ["127.0.0.1 localhost"];
  for (let number = 1; number <= mostNetworks; number++) {
    const { name, address, address6 } = new Network(number);
    lines.push(`${address6} ${name}`, `${address} ${name}`);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-network-"));
  const file = path.join(folder, "hosts");
  writeFileSync(file, `${lines.join("\n")}\n`);
  run("mount", ["--bind", file, "/etc/hosts"]);
  // It stays where it is mounted.
  rmSync(folder, { recursive: true });
}

export class Network {
  #number;
  /** Keeps the server's namespace, though the server may be killed. */
  #holder;
  /** @type {ServerProcess | undefined} */
  #server;
  /** @type {HttpClient[]} */
  #clients = [];

  /** @param {number} number which tells it from the others that there are at the same time */
  constructor(number) {
    this.#number = number;
    /** The server's. */
    this.address = `10.9.${number}.2`;
    this.address6 = `2001:db8:${number}::2`;
    /** Where no host is, within the network and without. */
    this.absent = `10.9.${number}.77`;
    this.nowhere = `10.8.${number}.1`;
    /** Of both addresses of the server. */
    this.name = `server-${number}.test`;
    /** Each end of the wire. */
    this.ends = { client: `c${number}`, server: `s${number}` };
  }

  async open() {
    const holder = spawn("unshare", ["--net", "sleep", "60"], { stdio: "ignore" });
    this.#holder = holder;
    const own = readlinkSync("/proc/self/ns/net");
    const deadline = Date.now() + 5_000;
    while (readlinkSync(`/proc/${holder.pid}/ns/net`) === own) {
      if (Date.now() > deadline) throw new Error("there is no namespace for the server");
      await delay(5);
    }
    const { client, server } = this.ends;
    const [own4, own6] = [`10.9.${this.#number}.1/24`, `2001:db8:${this.#number}::1/64`];
    this.ip(
      "client",
      `link add ${client} type veth peer name ${server} netns ${holder.pid}
       addr add ${own4} dev ${client}
       addr add ${own6} dev ${client} nodad
       link set ${client} up`,
    );
    this.ip(
      "server",
      `link set lo up
       addr add ${this.address}/24 dev ${server}
       addr add ${this.address6}/64 dev ${server} nodad
       link set ${server} up`,
    );
  }

  async close() {
    // First, since a server that is stopped would stay for ever.
    await this.#server?.stop();
    this.#holder?.kill("SIGKILL");
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  /** @param {"client" | "server"} host @param {string} commands of `ip`, a line each */
  ip(host, commands) {
    this.#on(host, "ip", ["-batch", "-"], commands);
  }

  /**
   * Treats packets that come to the server, or leave it. What is set aside before is given up.
   * @param {Partial<Record<"input" | "output", string>>} rules of `nft`, one for each direction
   */
  filter(rules) {
    const chains = Object.entries(rules).map(
      ([hook, rule]) => `chain ${hook} { type filter hook ${hook} priority 0; ${rule}; }`,
    );
    this.#on(
      "server",
      "nft",
      ["-f", "-"],
      `table inet faults\ndelete table inet faults\ntable inet faults {\n${chains.join("\n")}\n}`,
    );
  }

  /** Lets packets pass no faster than that, from one end on. @param {"client" | "server"} host @param {string} rate */
  slow(host, rate) {
    const tbf = ["tbf", "rate", rate, "burst", "8k", "latency", "100ms"];
    this.#on(host, "tc", ["qdisc", "replace", "dev", this.ends[host], "root", ...tbf]);
  }

  /** Pulls the wire, at one end. @param {"client" | "server"} [host] */
  cut(host = "server") {
    this.ip(host, `link set ${this.ends[host]} down`);
  }

  mend(host = "server") {
    this.ip(host, `link set ${this.ends[host]} up`);
  }

  /**
   * Starts the server.
   * @param {"ws" | "wss" | "h2"} way how it is spoken to; `h2` is HTTP/2 with TLS
   * @param {import("halyard/server").ServerOptions} config
   * @param {string} host where it listens: on both addresses, unless told otherwise
   */
  async serve(way, config, host = "::") {
    const transport = way === "ws" ? {} : { tls: good, http2: way === "h2" };
    const program = fileURLToPath(new URL("server.mjs", import.meta.url));
    const options = JSON.stringify({ ...config, ...transport });
    const command = [...this.#enter(), process.execPath, program, host, options];
    this.#server = await ServerProcess.start(command);
    return this.#server;
  }

  /** A client of its own. @param {"ws" | "wss" | "h2"} way @param {WebSockets.Config} config @param {object} [engine] */
  client(way, config, engine = {}) {
    const tls = { ca, servername: "localhost" };
    const client = new HttpClient(Cio, { tls, proxy: false, http2: way === "h2" && "require", ...engine });
    this.#clients.push(client);
    return client.install(WebSockets, config);
  }

  /** @param {"ws" | "wss" | "h2"} way @param {string} path @param {string} [host] */
  url(way, path, host = this.address) {
    return `${way === "ws" ? "ws" : "wss"}://${host}:${this.#server?.port ?? 80}${path}`;
  }

  /** How many sockets lead to the server, from this process's host; those that only wait for late packets as well. */
  get sockets() {
    const digits = this.address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
    const remote = `${digits.reverse().join("").toUpperCase()}:`;
    const lines = readFileSync("/proc/self/net/tcp", "latin1").trim().split("\n");
    return lines.filter((line) => line.trim().split(/\s+/)[2].startsWith(remote)).length;
  }

  #enter() {
    return ["nsenter", "--net", `--target=${this.#holder?.pid}`];
  }

  #on(host, command, args, input) {
    const [first, ...rest] = [...(host === "server" ? this.#enter() : []), command, ...args];
    run(first, rest, input);
  }
}
