// SPDX-License-Identifier: Apache-2.0
// Chromium, driven by the DevTools protocol. Its domain `Network` stays off: it would copy every frame to us.
import { Commands } from "./commands.mjs";
import { BrowserProcess } from "./process.mjs";

/** @typedef {import("./firefox.mjs").Page} Page */

export async function launchChromium() {
  const program = new BrowserProcess();
  const args = [
    "--headless",
    // A container's root has no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--remote-debugging-port=0",
    `--user-data-dir=${program.folder}`,
    "about:blank",
  ];
  const url = await program.start("chromium", args, /DevTools listening on (ws:\S+)/);
  const commands = await new Commands().connect(url);
  const { product } = await commands.send("Browser.getVersion", {});
  return {
    name: "chromium",
    version: product.split("/")[1],
    open: () => openPage(commands),
    async close() {
      await commands.close();
      await program.end();
    },
  };
}

/** @param {Commands} commands @returns {Promise<Page>} */
async function openPage(commands) {
  const { targetId } = await commands.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await commands.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params = {}) => commands.send(method, params, { sessionId });
  await send("Page.enable");
  return {
    async navigate(url) {
      const loaded = commands.event(
        (event) => event.sessionId === sessionId && event.method === "Page.loadEventFired",
      );
      const { errorText } = await send("Page.navigate", { url });
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
      await loaded;
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression: `(async () => JSON.stringify(await (${expression})))()`,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value === undefined ? undefined : JSON.parse(result.value);
    },
    async setViewport({ width, height, isDark = false }) {
      await send("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: false,
      });
      const features = [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }];
      await send("Emulation.setEmulatedMedia", { features });
    },
    async screenshot() {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      return Buffer.from(data, "base64");
    },
    close: () => commands.send("Target.closeTarget", { targetId }),
  };
}
