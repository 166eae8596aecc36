// SPDX-License-Identifier: Apache-2.0
// What is seen of the connection.
import type { Frame } from "halyard";

/** As many frames as are kept on the page. */
const mostFrames = 200;

/** An element of the page. @throws an error when the page has no such element */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} ${id}`);
}

export function showState(state: "closed" | "opening" | "open", text: string): void {
  document.body.dataset["state"] = state;
  say(text);
  const button = byId("connect", HTMLButtonElement);
  button.textContent = state === "open" ? "Close" : "Connect";
  button.disabled = state === "opening";
  byId("url", HTMLInputElement).readOnly = state !== "closed";
  byId("controls", HTMLFieldSetElement).disabled = state !== "open";
  if (state === "open") byId("text", HTMLInputElement).focus();
}

export function say(text: string): void {
  byId("state", HTMLOutputElement).textContent = text;
}

export function showFrame(direction: "sent" | "received", content: Frame | string | Uint8Array): void {
  const list = byId("frames", HTMLOListElement);
  const item = document.createElement("li");
  item.className = direction;
  const [kind, text] = described(content);
  item.append(
    part("span", "direction", direction === "sent" ? "Sent" : "Received"),
    part("span", "kind", kind),
    part("span", "text", text),
  );
  list.append(item);
  while (list.children.length > mostFrames) list.firstElementChild?.remove();
  item.scrollIntoView({ block: "nearest" });
}

function described(content: Frame | string | Uint8Array): [kind: string, text: string] {
  if (typeof content === "string") return ["text", content];
  if (content instanceof Uint8Array) return [`${content.length} bytes`, hex(content)];
  if (content.type === "text") return ["text", content.readText()];
  return [`${content.data.length} bytes`, hex(content.data)];
}

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > 32 ? `${shown} …` : shown;
}

function part(tag: string, name: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
