// SPDX-License-Identifier: Apache-2.0
// Firefox, driven by WebDriver BiDi.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Commands } from "./commands.mjs";
import { BrowserProcess } from "./process.mjs";

/**
 * @typedef {object} Page
 * @property {(url: string) => Promise<void>} navigate until it is loaded
 * @property {(expression: string) => Promise<any>} evaluate what a promise of it comes to, as JSON can say it
 * @property {(viewport: { width: number, height: number, isDark?: boolean }) => Promise<void>} setViewport
 * @property {() => Promise<Buffer>} screenshot a PNG
 * @property {() => Promise<unknown>} close
 */

/** Nothing is asked of the world, and a connection that failed does not slow down the next one. */
const preferences = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.newtabpage.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "network.websocket.delay-failed-reconnects": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
};

export async function launchFirefox() {
  const program = new BrowserProcess();
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  writeFileSync(path.join(program.folder, "user.js"), lines.join(""));
  const args = ["--headless", "--no-remote", "--profile", program.folder, "--remote-debugging-port=0"];
  const url = await program.start("firefox-esr", args, /WebDriver BiDi listening on (ws:\S+)/);
  const commands = await new Commands().connect(`${url}/session`);
  const { capabilities } = await commands.send("session.new", { capabilities: {} });
  return {
    name: "firefox",
    version: capabilities.browserVersion,
    open: () => openPage(commands),
    async close() {
      await commands.close();
      await program.end();
    },
  };
}

/** @param {Commands} commands @returns {Promise<Page>} */
async function openPage(commands) {
  const { context } = await commands.send("browsingContext.create", { type: "tab" });
  return {
    navigate: (url) => commands.send("browsingContext.navigate", { context, url, wait: "complete" }),
    async evaluate(expression) {
      const { result, exceptionDetails } = await commands.send("script.evaluate", {
        expression: `(async () => JSON.stringify(await (${expression})))()`,
        target: { context },
        awaitPromise: true,
        resultOwnership: "none",
      });
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
      return result.value === undefined ? undefined : JSON.parse(result.value);
    },
    async setViewport({ width, height, isDark = false }) {
      if (isDark) throw new Error("only Chromium can be asked to be dark");
      await commands.send("browsingContext.setViewport", { context, viewport: { width, height } });
    },
    async screenshot() {
      const { data } = await commands.send("browsingContext.captureScreenshot", { context });
      return Buffer.from(data, "base64");
    },
    close: () => commands.send("browsingContext.close", { context }),
  };
}
