// SPDX-License-Identifier: Apache-2.0
// Uses examples/browser as somebody with a browser does.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient, WebSockets } from "halyard";
import { click, fitsOnPhone, lowestContrast, phone, until } from "./use-page.mjs";

/** @typedef {import("./firefox.mjs").Page} Page */

/**
 * @param {{ url: string, hostile: { url: string } }} servers
 * @returns {{ name: string, run: (page: Page, path: string) => Promise<void> }[]}
 */
export function exampleCases({ url, hostile }) {
  return [
    {
      name: "connects, sends text and bytes, shows what comes back, and closes",
      async run(page, path) {
        await page.navigate(url + path);
        await settled(page, "Not connected");
        await click(page, "#connect");
        await settled(page, "Connected by Js");
        await until(page, "document.querySelectorAll('li').length === 1");
        await send(page, "hello");
        await until(page, "document.querySelectorAll('li').length === 3");
        await click(page, "#binary");
        await send(page, "hé");
        await until(page, "document.querySelectorAll('li').length === 5");
        assert.deepEqual(
          await page.evaluate(
            "[...document.querySelectorAll('li')].map((item) => item.innerText.split(/\\s*\\n\\s*/))",
          ),
          [
            ["Received", "text", "Welcome. What you send comes back."],
            ["Sent", "text", "hello"],
            ["Received", "text", "hello"],
            ["Sent", "3 bytes", "68 c3 a9"],
            ["Received", "3 bytes", "68 c3 a9"],
          ],
        );
        await click(page, "#connect");
        await settled(page, "Closed: 1000 done");
      },
    },
    {
      name: "says that a connection cannot be opened, and can be used again",
      async run(page, path) {
        await page.navigate(url + path);
        await connectTo(page, `${hostile.url}/refusal?status=401`);
        await until(page, "/could not be opened/.test(document.querySelector('#state').value)");
        await connectTo(page, `${url.replace("http", "ws")}echo`);
        await settled(page, "Connected by Js");
      },
    },
    {
      name: "closes when the page is left",
      async run(page, path) {
        const id = crypto.randomUUID();
        await page.navigate(url + path);
        await connectTo(page, `${hostile.url}/late-reader?pause=0&id=${id}`);
        await settled(page, "Connected by Js");
        await page.navigate(`${url}style.css`);
        const client = new HttpClient().install(WebSockets);
        const seen = await client.webSocket(`${hostile.url}/seen?id=${id}`, async ({ incoming }) => {
          const frame = await incoming.receive();
          return JSON.parse(frame.readText());
        });
        await client.close();
        // Chromium would keep the connection; Firefox is faster than the page, with a code of its own.
        assert.ok([4001, 1001].includes(seen.code), `the server has got ${seen.code}`);
      },
    },
    {
      name: "connects again when somebody comes back to the page, if it was kept",
      async run(page, path) {
        await page.navigate(url + path);
        await click(page, "#connect");
        await settled(page, "Connected by Js");
        await page.navigate(`${url}style.css`);
        await page.evaluate("void setTimeout(() => history.back(), 10)");
        await comesTo(page, "document.querySelector('#state')?.value", ["Connected by Js", "Not connected"]);
      },
    },
    {
      name: "fits on a phone, every control has a name, and the text can be read",
      async run(page, path) {
        await page.setViewport(phone);
        await page.navigate(url + path);
        await click(page, "#connect");
        await settled(page, "Connected by Js");
        await send(page, "a-long-word-".repeat(30));
        await until(page, "document.querySelectorAll('li').length === 3");
        await fitsOnPhone(page);
        assert.ok((await lowestContrast(page)) >= 4.5, "contrast, in the light");
      },
    },
  ];
}

/** The page in use, for its README; looked at in the dark before. @param {Page} page @param {string} url */
export async function picture(page, url) {
  await page.setViewport({ width: 390, height: 640 });
  await page.navigate(url);
  await click(page, "#connect");
  await settled(page, "Connected by Js");
  await send(page, "hello");
  await until(page, "document.querySelectorAll('li').length === 3");
  await click(page, "#binary");
  await send(page, "Ktor");
  await until(page, "document.querySelectorAll('li').length === 5");
  await page.setViewport({ width: 390, height: 640, isDark: true });
  assert.ok((await lowestContrast(page)) >= 4.5, "contrast, in the dark");
  assert.match(
    await page.evaluate("getComputedStyle(document.body).backgroundColor"),
    /^rgb\((?:\d\d?, ){2}\d\d?\)$/,
  );
  await page.setViewport({ width: 390, height: 640 });
  // The port is another one each time.
  await page.evaluate("void (document.querySelector('#url').value = 'ws://127.0.0.1:8080/echo')");
  return await page.screenshot();
}

async function connectTo(page, url) {
  await page.evaluate(`void (document.querySelector("#url").value = ${JSON.stringify(url)})`);
  await click(page, "#connect");
}

async function send(page, text) {
  await page.evaluate(`void (document.querySelector("#text").value = ${JSON.stringify(text)})`);
  await click(page, "#message button");
}

/** @param {Page} page @param {string} state */
const settled = (page, state) =>
  until(page, `document.querySelector("#state").value === ${JSON.stringify(state)}`);

/** Waits for a page that is still to come. @param {Page} page @param {string} expression @param {string[]} wanted */
async function comesTo(page, expression, wanted) {
  let found;
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) {
    found = await page.evaluate(expression).catch((error) => error.message);
    if (wanted.includes(found)) return;
  }
  assert.fail(`it came to ${found}`);
}
