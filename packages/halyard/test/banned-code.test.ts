// SPDX-License-Identifier: Apache-2.0
// What the sources of every package may not say, but where it is allowed with a reason: code made of text, chance and time
// that nobody injects, memory that others have used, the environment.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

interface Ban {
  readonly pattern: RegExp;
  /** Each must be found. */
  readonly examples: readonly string[];
  /** Files, and why they may. */
  readonly allowed?: Readonly<Record<string, string>>;
}

const bans: Record<string, Ban> = {
  "code made of text": {
    pattern: /\beval\b|\bFunction\b|\bnode:vm\b|\bset(?:Timeout|Interval|Immediate)\s*\(\s*["'`]/,
    examples: ["eval(x)", "globalThis['eval']", "new Function(x)", "Function('a')", "setTimeout('x()', 1)"],
  },
  "modules by a computed name": {
    pattern: /\bimport\s*\((?!\s*")|\brequire\s*\(|\bcreateRequire\b/,
    examples: ["import(name)", "import(`./${name}`)", "require(name)", "createRequire(import.meta.url)"],
  },
  // Injected, and by default the platform's generator.
  chance: {
    pattern: /\bMath\b(?!\.(?!random\b)\w)/,
    examples: ["Math.random()", "const { random } = Math;", "Math['random']()"],
  },
  time: {
    pattern: /\bDate\b(?!\.(?:parse|UTC)\b)|\bperformance\b|\bhrtime\b/,
    examples: ["Date.now()", "new Date()", "const { now } = Date;", "performance.now()", "process.hrtime()"],
    allowed: {
      "halyard/src/session/clock.ts": "the clock that is injected by default",
      "halyard/src/globals.d.ts": "declares what that clock uses",
    },
  },
  "memory with old content": {
    pattern: /\ballocUnsafe|\bBuffer\s*\(/,
    examples: ["Buffer.allocUnsafe(n)", "Buffer.allocUnsafeSlow(n)", "new Buffer(n)", "Buffer(n)"],
    allowed: {
      "halyard/src/sockets/node-kernel.ts":
        "payloads are written over it, and frames are views of what was written",
      "okhttp/src/jvm/frames.ts": "of the exact size, and filled in the lines behind it",
    },
  },
  "the environment": {
    pattern: /\benv\b/,
    examples: [
      "process.env.X",
      "const { env } = process;",
      'import { env } from "node:process";',
      "process['env']",
    ],
    allowed: {
      "halyard/src/engines/cio/proxy/proxies.ts":
        "the variables of proxies, unless the option `proxy` is there",
      "halyard/src/engines/cio/fetch-options.ts": "NO_PROXY, to refuse what Bun's fetch would do by it",
      "halyard/src/sockets/key-log.ts": "SSLKEYLOGFILE, only if the option `keyLog` asks for it",
      "halyard/src/sockets/socket-errors.ts":
        "says in an error that NODE_TLS_REJECT_UNAUTHORIZED is not obeyed",
      "okhttp/src/jvm/options.ts": "JAVA_HOME, unless the option `java` is there",
    },
  },
};

const packages = fileURLToPath(new URL("../../", import.meta.url));
const sources = ["halyard", "okhttp", "darwin"].flatMap((name) =>
  readdirSync(`${packages}${name}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${name}/src/${file.replaceAll("\\", "/")}`),
);

/** Without comments, which may say anything. */
function programText(file: string): string {
  const text = readFileSync(`${packages}${file}`, "utf8");
  return text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

describe("SC-05, SN-01, KA-05", () => {
  test.each(Object.entries(bans))(
    "%s: only where it is allowed",
    (_, { pattern, examples, allowed = {} }) => {
      for (const example of examples) expect(example).toMatch(pattern);
      const found = sources.filter((file) => pattern.test(programText(file)));
      expect(found.toSorted()).toEqual(Object.keys(allowed).toSorted());
    },
  );
});
