// SPDX-License-Identifier: Apache-2.0
// What is seen of the connection.
import { byId, make } from "./elements.js";

/** `lost`: somebody is in a room, and the connection is gone. */
export type State = "out" | "connecting" | "in" | "lost";

const inWords: Record<State, string> = {
  out: "Not connected",
  connecting: "Connecting …",
  in: "Connected",
  lost: "Not connected",
};

/** Shows a state, with what there is to say about it, and puts the focus where one goes on. */
export function showState(state: State, words = ""): void {
  document.body.dataset["state"] = state;
  byId("state", HTMLOutputElement).textContent = inWords[state];
  showNotice(words);
  byId("text", HTMLInputElement).disabled = state !== "in";
  if (state === "in") byId("text", HTMLInputElement).focus();
  if (state === "lost") byId("again", HTMLButtonElement).focus();
  if (state === "out")
    byId(byId("name", HTMLInputElement).value === "" ? "name" : "room", HTMLInputElement).focus();
}

export function isIn(): boolean {
  return document.body.dataset["state"] === "in";
}

/** Says something; nothing takes it away again. */
export function showNotice(words: string): void {
  byId("words", HTMLParagraphElement).textContent = words;
}

export function showTitle(title: string): void {
  byId("title", HTMLHeadingElement).textContent = title;
  document.title = title;
}

/** The rooms one can choose from, besides new ones. */
export function showRooms(rooms: readonly string[]): void {
  byId("rooms", HTMLUListElement).replaceChildren(
    ...rooms.map((room) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = room;
      button.addEventListener("click", () => {
        byId("room", HTMLInputElement).value = room;
        byId("join", HTMLFormElement).requestSubmit();
      });
      return make("li", "", button);
    }),
  );
}
