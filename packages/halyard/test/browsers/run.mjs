// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the suite of the Js engine in Chromium and Firefox: the package as it is built, in a page and in a worker.
 *
 *   node run.mjs [--browsers REGEX]
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../runtimes/bundle.mjs";
import { expectedCases, verdict } from "../runtimes/js-verdict.mjs";
import { packageCopy } from "../runtimes/package-copy.mjs";
import { startServer } from "../runtimes/servers.mjs";
import { Tally } from "../runtimes/tally.mjs";
import { launchChromium } from "./chromium.mjs";
import { launchFirefox } from "./firefox.mjs";
import { servePage } from "./page-server.mjs";

const launches = { chromium: launchChromium, firefox: launchFirefox };
const { values: options } = parseArgs({ options: { browsers: { type: "string", default: "" } } });
const tally = new Tally();

const programs = ["js-suite.mjs", "cases.mjs", "hostile-cases.mjs"].map(
  (file) => new URL(`../runtimes/${file}`, import.meta.url),
);
const cwd = packageCopy(programs, "plain");
const page = await servePage({ "/suite.js": await bundle(path.join(cwd, "js-suite.mjs"), "browser") });
const server = await startServer("contract-server.mjs");
const hostile = await startServer("hostile-server.mjs");
try {
  for (const [name, launch] of Object.entries(launches))
    if (new RegExp(options.browsers).test(name)) await suite(name, launch);
} finally {
  await hostile.stop();
  await server.stop();
  await page.close();
}
tally.end();

async function suite(name, launch) {
  const browser = await launch();
  try {
    for (const way of Object.keys(expectedCases[name])) {
      const began = Date.now();
      const tab = await browser.open();
      await tab.navigate(page.url);
      const question = JSON.stringify({ contract: server.line, hostile: JSON.parse(hostile.line), way });
      const output = await tab
        .evaluate(`import("/suite.js").then(({ runSuite }) => runSuite(${question}))`)
        .then(
          (result) => ({ result, all: "" }),
          (error) => ({ all: String(error) }),
        );
      const { good, failures } = verdict(name, way, output);
      tally.count(`Js, ${name} ${browser.version}, ${way}`, good, failures, began);
      await tab.close();
    }
  } finally {
    await browser.close();
  }
}
