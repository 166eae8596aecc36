// SPDX-License-Identifier: Apache-2.0

/**
 * Makes autobahntestsuite usable. It runs on Python 2.7 only, which is taken from the machine or else from
 * Debian 11's packages, unpacked (not installed) in the cache. Everything is pinned; a second call does nothing.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const requirements = join(here, "requirements.txt");
const installers = ["pip==20.3.4", "setuptools==44.0.0", "wheel==0.36.2"];
const pipInstall = ["install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"];
/** Unmasks and validates UTF-8 in C: 9.* takes 7 s with it and 38 s without. It needs a C compiler. */
const accelerator = "wsaccel==0.6.2";
const debianPackages = [
  "libffi7=3.3-6",
  "libpython2.7-dev=2.7.18-8+deb11u1",
  "libpython2.7-minimal=2.7.18-8+deb11u1",
  "libpython2.7-stdlib=2.7.18-8+deb11u1",
  "libssl1.1=1.1.1w-0+deb11u1",
  "python-pip-whl=20.3.4-4+deb11u1",
  "python2.7-minimal=2.7.18-8+deb11u1",
];

/** What this suite downloads and writes; git ignores it. */
export const cache = join(here, ".autobahn");

/** Returns the command of a Python 2.7 and the environment in which it can import autobahntestsuite. */
export function installAutobahn() {
  const python = machinePython() ?? debianPython();
  const site = join(cache, "site");
  const recipe = [python.command, ...installers, accelerator, readFileSync(requirements, "utf8")].join("\n");
  once(join(cache, "site.done"), recipe, () => installPackages(python, site));
  return { command: python.command, env: pythonEnvironment(python, site) };
}

function installPackages(python, site) {
  rmSync(site, { recursive: true, force: true });
  const pip = (path, ...packages) => {
    const args = ["-m", "pip", ...pipInstall, "--target", site, ...packages];
    run(python.command, args, pythonEnvironment(python, path));
  };
  pip(python.pip, ...installers);
  pip(site, "-r", requirements);
  try {
    pip(site, accelerator);
  } catch {
    process.stderr.write(`${accelerator} was not built: 9.* takes longer, with the same result\n`);
  }
}

function pythonEnvironment(python, path) {
  return { ...process.env, ...python.env, PYTHONNOUSERSITE: "1", PYTHONPATH: path };
}

/** HALYARD_PYTHON27=debian passes it over, to test the other way. */
function machinePython() {
  const { HALYARD_PYTHON27, PYTHON27 } = process.env;
  if (HALYARD_PYTHON27 === "debian") return undefined;
  const ofPyenv = attempt("pyenv", ["whence", "--path", "python2.7"])?.trim().split("\n") ?? [];
  const command = (PYTHON27 ? [PYTHON27] : ["python2.7", ...ofPyenv]).find(isUsable);
  if (PYTHON27 && !command)
    throw new Error(`PYTHON27 is ${PYTHON27}, which is no Python 2.7 with ssl and pip`);
  return command && { command, env: {}, pip: "" };
}

/** A command of that name may not run (pyenv's shims), or lack pip (Debian's own). */
function isUsable(command) {
  return attempt(command, ["-c", "import sys, ssl, pip; print(sys.version_info[:2])"]) === "(2, 7)\n";
}

function debianPython() {
  const root = join(cache, "debian");
  once(join(cache, "debian.done"), debianPackages.join("\n"), () => unpackDebianPackages(root));
  const include = join(root, "usr", "include");
  const lib = join(root, "usr", "lib");
  const wheels = join(root, "usr", "share", "python-wheels");
  const libraries = readdirSync(lib).filter((name) => name.endsWith("-linux-gnu"));
  return {
    command: join(root, "usr", "bin", "python2.7"),
    env: {
      CPATH: [join(include, "python2.7"), include].join(delimiter),
      LD_LIBRARY_PATH: libraries.map((name) => join(lib, name)).join(delimiter),
    },
    pip: readdirSync(wheels)
      .map((name) => join(wheels, name))
      .join(delimiter),
  };
}

/** Downloads with a package list of its own, so that the machine's is neither used nor changed. */
function unpackDebianPackages(root) {
  const apt = join(cache, "apt");
  for (const folder of [apt, root]) rmSync(folder, { recursive: true, force: true });
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(apt, folder), { recursive: true });
  }
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keyring}] ${debianMirror()} bullseye main\n`);
  const options = [
    `Dir::Etc::sourcelist=${join(apt, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(apt, "lists")}`,
    `Dir::Cache=${join(apt, "cache")}`,
    "APT::Sandbox::User=root", // apt's own user may not write here
  ].flatMap((option) => ["-o", option]);
  run("apt-get", [...options, "-qq", "update"]);
  run("apt-get", [...options, "-qq", "download", ...debianPackages], process.env, apt);
  for (const name of readdirSync(apt).filter((file) => file.endsWith(".deb"))) {
    run("dpkg-deb", ["-x", join(apt, name), root]);
  }
  rmSync(apt, { recursive: true });
}

/** The mirror that this machine gets its own release from. */
function debianMirror() {
  const release = attempt("sh", ["-c", '. /etc/os-release && printf "%s" "$VERSION_CODENAME"']);
  const uris = attempt("apt-get", ["update", "--print-uris"]) ?? "";
  const mirror = uris.match(`'(\\S+)/dists/${release}/InRelease'`)?.[1];
  if (!mirror) throw new Error("No Python 2.7 (with pip) and no Debian mirror: set PYTHON27 to a Python 2.7");
  return mirror;
}

/** Does the work unless the mark says that exactly this was done. */
function once(mark, recipe, work) {
  const wanted = createHash("sha256").update(recipe).digest("hex");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  mkdirSync(cache, { recursive: true });
  rmSync(mark, { force: true });
  work();
  writeFileSync(mark, wanted);
}

const fiveMinutes = 300_000;

function run(command, args, env = process.env, cwd = here) {
  execFileSync(command, args, { env, cwd, timeout: fiveMinutes, stdio: ["ignore", "ignore", "pipe"] });
}

function attempt(command, args) {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      timeout: 30_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installAutobahn();
