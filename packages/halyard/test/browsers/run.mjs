// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the suite of the Js engine in Chromium and Firefox, and uses the example there: both with the package as it is packed.
 *
 *   node run.mjs [--browsers REGEX] [--picture]   --picture: writes docs/images/browser-example.png
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { copyExample } from "../../../../scripts/example-copy.mjs";
import { bundle } from "../runtimes/bundle.mjs";
import { expectedCases, verdict } from "../runtimes/js-verdict.mjs";
import { packageCopy } from "../runtimes/package-copy.mjs";
import { startServer } from "../runtimes/servers.mjs";
import { Tally } from "../runtimes/tally.mjs";
import { launchChromium } from "./chromium.mjs";
import { exampleCases, picture, startExample } from "./example.mjs";
import { launchFirefox } from "./firefox.mjs";
import { servePage } from "./page-server.mjs";

const launches = { chromium: launchChromium, firefox: launchFirefox };
const { values: options } = parseArgs({
  options: { browsers: { type: "string", default: "" }, picture: { type: "boolean", default: false } },
});
const tally = new Tally();

const files = [
  "js-suite.mjs",
  "page-worker.mjs",
  "cases.mjs",
  "hostile.mjs",
  "hostile-cases.mjs",
  "platform-cases.mjs",
];
const cwd = packageCopy(
  files.map((file) => new URL(`../runtimes/${file}`, import.meta.url)),
  "plain",
);
const page = await servePage({
  "/suite.js": await bundle(path.join(cwd, "js-suite.mjs"), "browser"),
  "/worker.js": await bundle(path.join(cwd, "page-worker.mjs"), "browser"),
});
const server = await startServer("contract-server.mjs");
const hostile = await startServer("hostile-server.mjs");
const example = await startExample(await copyExample("browser"));
try {
  for (const [name, launch] of Object.entries(launches))
    if (new RegExp(options.browsers).test(name)) await inBrowser(name, launch);
} finally {
  await example.stop();
  await hostile.stop();
  await server.stop();
  await page.close();
}
tally.end();

async function inBrowser(name, launch) {
  const browser = await launch();
  try {
    await suite(name, browser);
    for (const path of ["", "bundled"]) await useExample(name, browser, path);
    if (name === "chromium") await takePicture(browser);
  } finally {
    await browser.close();
  }
}

async function suite(name, browser) {
  for (const way of Object.keys(expectedCases[name])) {
    const began = Date.now();
    const tab = await browser.open();
    await tab.navigate(page.url);
    const question = JSON.stringify({ contract: server.line, hostile: JSON.parse(hostile.line), way });
    const output = await tab.evaluate(way === "worker" ? inWorker(question) : inPage(question)).then(
      (result) => ({ result, all: "" }),
      (error) => ({ all: String(error) }),
    );
    const { good, failures } = verdict(name, way, output);
    tally.count(`Js, ${name} ${browser.version}, ${way}`, good, failures, began);
    await tab.close();
  }
}

/** @param {string} question */
function inPage(question) {
  return `import("/suite.js").then(({ runSuite }) => runSuite(${question}))`;
}

/** @param {string} question */
function inWorker(question) {
  return `new Promise((resolve, reject) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(${question});
  })`;
}

async function useExample(name, browser, path) {
  const began = Date.now();
  const failures = [];
  const cases = exampleCases({ url: example.url, hostile: JSON.parse(hostile.line) });
  for (const { name: what, run } of cases) {
    const tab = await browser.open();
    await run(tab, path).catch((error) => failures.push(`${what}: ${error.stack}`));
    await tab.close();
  }
  const how = path === "" ? "without a bundler" : path;
  tally.count(`example, ${name}, ${how}`, cases.length - failures.length, failures, began);
}

/** In any case, so that nothing in it is out of order. */
async function takePicture(browser) {
  const began = Date.now();
  const tab = await browser.open();
  try {
    const png = await picture(tab, example.url);
    if (options.picture)
      writeFileSync(new URL("../../../../docs/images/browser-example.png", import.meta.url), png);
    tally.count("example, picture", 1, [], began);
  } catch (error) {
    tally.count("example, picture", 0, [error.stack], began);
  } finally {
    await tab.close();
  }
}
