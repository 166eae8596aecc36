// SPDX-License-Identifier: Apache-2.0
import type { ChatMessage } from "../shared/protocol.js";
import { byId, make } from "./elements.js";

/** As many as are kept on the page. */
const mostItems = 500;
/** How near to its end, in pixels, a list counts as read. */
const nearEnd = 48;

/** The list of messages: follows the newest for who reads there, and stays in its place for who reads above. */
export class MessageList {
  readonly #list = byId("messages", HTMLOListElement);
  readonly #button = byId("unread", HTMLButtonElement);
  #unread = 0;

  constructor() {
    this.#button.addEventListener("click", () => {
      this.#toEnd();
      this.#list.focus();
    });
    this.#list.addEventListener("scroll", () => this.#markRead());
    document.addEventListener("visibilitychange", () => this.#markRead());
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#count(0);
  }

  /** Many at once, which nobody wants to hear read out. */
  showHistory(messages: ChatMessage[], me: string): void {
    this.#list.ariaBusy = "true";
    for (const message of messages) this.showMessage(message, me);
    this.#list.ariaBusy = "false";
  }

  showMessage({ id, name, text }: ChatMessage, me: string): void {
    const at = new Date(id);
    const time = document.createElement("time");
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const author = make("bdi", "author", name);
    const words = make("p", "text", text);
    words.dir = "auto";
    const isMine = name === me;
    this.#append(make("li", isMine ? "mine" : "", author, time, words), isMine);
    if (!isMine && (document.hidden || !this.#isAtEnd)) this.#count(this.#unread + 1);
  }

  /** Such as who has come. */
  showEvent(text: string): void {
    this.#append(make("li", "event", text), false);
  }

  #append(item: HTMLElement, isMine: boolean): void {
    const follows = isMine || this.#isAtEnd;
    this.#list.append(item);
    while (this.#list.children.length > mostItems) this.#list.firstElementChild?.remove();
    if (follows) this.#toEnd();
  }

  get #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < nearEnd;
  }

  #toEnd(): void {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#markRead();
  }

  #markRead(): void {
    if (!document.hidden && this.#isAtEnd) this.#count(0);
  }

  #count(unread: number): void {
    this.#unread = unread;
    this.#button.hidden = unread === 0;
    this.#button.textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
    document.title = `${unread === 0 ? "" : `(${unread}) `}${byId("title", HTMLHeadingElement).textContent}`;
  }
}
