// SPDX-License-Identifier: Apache-2.0
// What somebody does with a page, and sees of it.
import assert from "node:assert/strict";

/** @typedef {import("./firefox.mjs").Page} Page */

export const phone = { width: 360, height: 640 };

/** @param {Page} page @param {string} selector */
export const click = (page, selector) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);

/** Fills in a field. @param {Page} page @param {string} selector @param {string} text */
export const fill = (page, selector, text) =>
  page.evaluate(`void (document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)})`);

/** Waits on the page, in bounded time. @param {Page} page @param {string} condition */
export async function until(page, condition) {
  await page.evaluate(`(async () => {
    for (const end = Date.now() + 15000; !(${condition}); await new Promise((resolve) => setTimeout(resolve, 10)))
      if (Date.now() > end) throw new Error(${JSON.stringify(condition)} + " did not come: " + document.body.innerText);
  })()`);
}

/** On a screen like that nothing is outside of it, and every control has a name. @param {Page} page */
export async function fitsOnPhone(page) {
  const { width, height, nameless } = await page.evaluate(`({
    width: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    nameless: [...document.querySelectorAll("input, button")].filter(
      (control) => control.checkVisibility() && control.innerText === "" && !control.labels?.length).length,
  })`);
  assert.deepEqual({ width, height, nameless }, { ...phone, nameless: 0 });
}

/** WCAG's ratio, of all elements that have text of their own. @param {Page} page */
export async function lowestContrast(page) {
  return await page.evaluate(`(() => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = numbers(color).map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      const { backgroundColor } = getComputedStyle(element);
      return numbers(backgroundColor)[3] === 0 ? ground(element.parentElement) : backgroundColor;
    };
    const ratio = (element) => {
      const [low, high] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    return Math.min(...[...document.querySelectorAll("main *")].filter((element) => element.checkVisibility() && own(element)).map(ratio));
  })()`);
}
