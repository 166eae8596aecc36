// SPDX-License-Identifier: Apache-2.0
// Uses examples/chat as somebody with a browser does, with somebody else who has a client.
import assert from "node:assert/strict";
import { chatMember } from "./chat-member.mjs";
import { cuttableLine } from "./cuttable-line.mjs";
import { click, fill, fitsOnPhone, lowestContrast, phone, until } from "./use-page.mjs";

/** @typedef {import("./firefox.mjs").Page} Page */

/** @param {string} url of the example @returns {{ name: string, run: (page: Page) => Promise<void> }[]} */
export function chatCases(url) {
  return [
    {
      name: "somebody joins, is there with others, is heard and hears",
      run: (page) =>
        withBen(url, async (ben, room) => {
          await join(page, url, { name: "Ann", room });
          await ben.until(({ type, name }) => type === "joined" && name === "Ann");
          assert.deepEqual(await people(page), ["Ann", "Ben"]);
          await ben.say("<b>hello</b>\u202e\u0007");
          await shown(page, 1);
          await say(page, " Hello, Ben! ");
          await ben.until(({ message }) => message?.name === "Ann" && message.text === "Hello, Ben!");
          await shown(page, 2);
          assert.deepEqual(await texts(page), ["<b>hello</b>\u202e\u0007", "Hello, Ben!"]);
          assert.equal(await page.evaluate("document.querySelector('#text').value"), "");
          await ben.close();
          await until(page, "/Ben has left/.test(document.querySelector('#messages').innerText)");
          assert.deepEqual(await people(page), ["Ann"]);
        }),
    },
    {
      name: "what was said before is there, and a room can be chosen from those where somebody is",
      run: (page) =>
        withBen(url, async (ben, room) => {
          await ben.say("first");
          await ben.say("second");
          await ben.until(({ message }) => message?.text === "second");
          await page.navigate(`${url}?${room}`);
          await until(page, `document.querySelector("#rooms").innerText.includes(${JSON.stringify(room)})`);
          await fill(page, "#name", "Ann");
          await page.evaluate(`[...document.querySelectorAll("#rooms button")]
            .find((button) => button.innerText === ${JSON.stringify(room)}).click()`);
          await isIn(page);
          assert.deepEqual(await texts(page), ["first", "second"]);
          assert.equal(await page.evaluate("location.hash"), `#${room}`);
          await click(page, "#leave");
          await until(page, "document.body.dataset.state === 'out'");
          await ben.until(({ type, name }) => type === "left" && name === "Ann");
        }),
    },
    {
      name: "a lost connection is told; after reconnecting by hand nothing is missing and nothing is there twice",
      run: (page) =>
        withBen(url, async (ben, room) => {
          const line = await cuttableLine(url);
          await join(page, line.url, { name: "Ann", room });
          await ben.say("before");
          await shown(page, 1);
          line.cut();
          await until(page, "document.body.dataset.state === 'lost'");
          assert.equal(await words(page), "The connection was lost.");
          assert.equal(await page.evaluate("document.activeElement.id"), "again");
          await ben.say("meanwhile");
          await ben.say("meanwhile too");
          await ben.until(({ message }) => message?.text === "meanwhile too");
          await click(page, "#again");
          await isIn(page);
          await ben.say("after");
          await until(
            page,
            "[...document.querySelectorAll('#messages .text')].at(-1).textContent === 'after'",
          );
          assert.deepEqual(await texts(page), ["before", "meanwhile", "meanwhile too", "after"]);
          await line.close();
          await until(page, "document.body.dataset.state === 'lost'");
          await click(page, "#again");
          await until(
            page,
            "document.querySelector('#words').textContent === 'The server cannot be reached.'",
          );
        }),
    },
    {
      name: "what cannot be is said in words: a name, a room, a flood",
      async run(page) {
        await page.navigate(url);
        await fillIn(page, { name: "\u202eAnn", room: "tea" });
        await until(page, "/^A name has/.test(document.querySelector('#words').textContent)");
        await fillIn(page, { name: "Ann", room: "tea room" });
        await until(page, "/^A room has/.test(document.querySelector('#words').textContent)");
        await fillIn(page, { name: "Ann", room: crypto.randomUUID().slice(0, 8) });
        await isIn(page);
        for (let sent = 0; sent < 11; sent++) await say(page, `message ${sent}`);
        await until(page, "/^You send too fast/.test(document.querySelector('#words').textContent)");
        assert.equal(await page.evaluate("document.querySelector('#text').value"), "message 10");
        for (let sent = 0; sent < 20 && !(await isLost(page)); sent++) await say(page, `flood ${sent}`);
        await until(page, "document.body.dataset.state === 'lost'");
        await click(page, "#say button");
        assert.equal(await words(page), "Too much was sent too fast.", "nothing takes its place");
      },
    },
    {
      name: "who reads above stays there, and is told how much is new",
      run: (page) =>
        withBen(url, async (ben, room) => {
          for (let said = 0; said < 9; said++) await ben.say(`line ${said}${"\n.".repeat(9)}`);
          await ben.until(({ message }) => message?.text.startsWith("line 8") === true);
          await page.setViewport(phone);
          await join(page, url, { name: "Ann", room });
          assert.ok((await fromEnd(page)) < 2, "the newest is seen");
          await page.evaluate("void (document.querySelector('#messages').scrollTop = 0)");
          await ben.say("new");
          await until(page, "document.querySelector('#unread').innerText === '1 new message'");
          assert.equal(await page.evaluate("document.querySelector('#messages').scrollTop"), 0);
          assert.equal(await page.evaluate("document.title"), `(1) ${room}`);
          await click(page, "#unread");
          await until(page, "document.querySelector('#unread').hidden");
          assert.ok((await fromEnd(page)) < 2, "the newest is seen again");
        }),
    },
    {
      name: "fits on a phone, every control has a name, and the text can be read",
      run: (page) =>
        withBen(url, async (ben, room) => {
          await page.setViewport(phone);
          await page.navigate(url);
          await fitsOnPhone(page);
          assert.ok((await lowestContrast(page)) >= 4.5, "contrast of the form");
          await ben.say("a-long-word-".repeat(30));
          await join(page, url, { name: "W".repeat(24), room });
          assert.equal(await page.evaluate("document.activeElement.id"), "text");
          await say(page, "an answer");
          await shown(page, 2);
          await fitsOnPhone(page);
          assert.ok((await lowestContrast(page)) >= 4.5, "contrast of the chat");
        }),
    },
  ];
}

/**
 * The page in use, by the names of the files.
 * @param {Page} page @param {string} url
 * @returns {Promise<Record<string, Buffer>>}
 */
export async function chatPictures(page, url) {
  const room = "tea";
  const names = ["Ben", "Cleo", "Dmitri", "Eszter"];
  const [ben, cleo, ...others] = await Promise.all(names.map((name) => chatMember(url, name, room)));
  await ben.say("Good morning! Is the kettle on?");
  await ben.until(({ message }) => message?.name === "Ben");
  await cleo.say("It is. Darjeeling or Assam?");
  await cleo.until(({ message }) => message?.name === "Cleo");
  await join(page, url, { name: "Ann", room });
  await say(page, "Assam, please. I was on the train, and have read what I missed.");
  await shown(page, 3);
  await ben.say("Then three cups ☕ בוקר טוב to Dmitri and Eszter, who are at the desk already.");
  await shown(page, 4);
  /** @type {Record<string, Buffer>} */
  const pictures = {};
  for (const [screen, size] of Object.entries({ desktop: { width: 960, height: 600 }, phone })) {
    for (const isDark of [false, true]) {
      await page.setViewport({ ...size, isDark });
      const name = `chat-${screen}-${isDark ? "dark" : "light"}`;
      assert.ok((await lowestContrast(page)) >= 4.5, `contrast, ${name}`);
      pictures[name] = await page.screenshot();
    }
  }
  await Promise.all([ben, cleo, ...others].map((somebody) => somebody.close()));
  return pictures;
}

/** Gives Ben, in a room of his own. */
async function withBen(url, run) {
  const room = `room-${crypto.randomUUID().slice(0, 8)}`;
  const ben = await chatMember(url, "Ben", room);
  try {
    await run(ben, room);
  } finally {
    await ben.close();
  }
}

/** Opens the page and goes into a room. A query makes it a new page, which another hash alone does not. */
async function join(page, url, place) {
  await page.navigate(`${url}?${crypto.randomUUID()}`);
  await fillIn(page, place);
  await isIn(page);
}

async function fillIn(page, { name, room }) {
  await fill(page, "#name", name);
  await fill(page, "#room", room);
  await click(page, "#join > button");
}

const isIn = (page) => until(page, "document.body.dataset.state === 'in'");
const isLost = (page) => page.evaluate("document.body.dataset.state === 'lost'");

async function say(page, text) {
  await fill(page, "#text", text);
  await click(page, "#say button");
  await until(
    page,
    `document.querySelector("#text").value !== ${JSON.stringify(text)} || document.querySelector("#words").textContent !== ""`,
  );
}

const shown = (page, count) =>
  until(page, `document.querySelectorAll('#messages .text').length === ${count}`);
const texts = (page) =>
  page.evaluate("[...document.querySelectorAll('#messages .text')].map((text) => text.textContent)");
const people = (page) =>
  page.evaluate("[...document.querySelectorAll('#people li')].map((person) => person.textContent)");
const words = (page) => page.evaluate("document.querySelector('#words').textContent");
/** In pixels, how far below what is seen the list goes on. */
const fromEnd = (page) =>
  page.evaluate(
    "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('#messages'))",
  );
