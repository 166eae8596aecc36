// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the suite of the Js engine in Chromium and Firefox, and uses the examples there: all with the package as it is packed.
 *
 *   node run.mjs [--browsers REGEX] [--only suite|example|chat] [--picture]   --picture: writes docs/images/*.png
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
import { chatCases, chatPictures } from "./chat.mjs";
import { launchChromium } from "./chromium.mjs";
import { exampleCases, picture } from "./example.mjs";
import { launchFirefox } from "./firefox.mjs";
import { servePage } from "./page-server.mjs";
import { startExample } from "./start-example.mjs";

const launches = { chromium: launchChromium, firefox: launchFirefox };
const { values: options } = parseArgs({
  options: {
    browsers: { type: "string", default: "" },
    only: { type: "string", default: "" },
    picture: { type: "boolean", default: false },
  },
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
const chat = await startExample(await copyExample("chat"), "server/main.js");
try {
  for (const [name, launch] of Object.entries(launches))
    if (new RegExp(options.browsers).test(name)) await inBrowser(name, launch);
} finally {
  await chat.stop();
  await example.stop();
  await hostile.stop();
  await server.stop();
  await page.close();
}
tally.end();

async function inBrowser(name, launch) {
  const isMeant = (what) => [what, ""].includes(options.only);
  const browser = await launch();
  try {
    if (isMeant("suite")) await suite(name, browser);
    if (isMeant("example")) await useExample(name, browser);
    if (isMeant("chat")) await use(`chat, ${name}`, chatCases(chat.url), browser);
    if (name === "chromium") await takePictures(browser, isMeant);
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

async function useExample(name, browser) {
  const cases = exampleCases({ url: example.url, hostile: JSON.parse(hostile.line) });
  for (const path of ["", "bundled"]) {
    const how = path === "" ? "without a bundler" : path;
    const here = cases.map(({ name: what, run }) => ({ name: what, run: (page) => run(page, path) }));
    await use(`example, ${name}, ${how}`, here, browser);
  }
}

/** @param {string} what @param {{ name: string, run: (page: any) => Promise<void> }[]} cases */
async function use(what, cases, browser) {
  const began = Date.now();
  const failures = [];
  for (const { name, run } of cases) {
    const tab = await browser.open();
    await run(tab).catch((error) => failures.push(`${name}: ${error.stack}`));
    await tab.close();
  }
  tally.count(what, cases.length - failures.length, failures, began);
}

/** In any case, so that nothing in them is out of order. */
async function takePictures(browser, isMeant) {
  if (isMeant("example")) {
    await takePicture(browser, async (tab) => ({ "browser-example": await picture(tab, example.url) }));
  }
  if (isMeant("chat")) await takePicture(browser, (tab) => chatPictures(tab, chat.url));
}

/** @param {(tab: any) => Promise<Record<string, Buffer>>} take */
async function takePicture(browser, take) {
  const began = Date.now();
  const tab = await browser.open();
  try {
    const pictures = Object.entries(await take(tab));
    for (const [name, png] of pictures)
      if (options.picture)
        writeFileSync(new URL(`../../../../docs/images/${name}.png`, import.meta.url), png);
    tally.count(`pictures, ${pictures.map(([name]) => name).join(", ")}`, pictures.length, [], began);
  } catch (error) {
    tally.count("pictures", 0, [error.stack], began);
  } finally {
    await tab.close();
  }
}
