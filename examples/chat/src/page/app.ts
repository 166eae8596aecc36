// SPDX-License-Identifier: Apache-2.0
// The page: from the form to a room, and back. The room is in the URL, so that it can be linked to.
import { HttpClient, json, WebSockets } from "halyard";
import * as v from "valibot";
import { errorInWords } from "../shared/in-words.js";
import { Membership } from "../shared/membership.js";
import { MemberName, RoomName, type ServerMessage } from "../shared/protocol.js";
import { byId } from "./elements.js";
import { MessageList } from "./messages.js";
import { People } from "./people.js";
import { isIn, showNotice, showRooms, showState, showTitle } from "./view.js";

const alive = JSON.stringify({ type: "alive" });
const client = new HttpClient().install(WebSockets, {
  contentConverter: json(),
  // Pages cannot ping. What a dead network looks like from here is that this has no answer.
  pingInterval: 20_000,
  heartbeat: {
    message: () => alive,
    isAnswer: (frame) => frame.type === "text" && frame.readText() === alive,
  },
});
const messages = new MessageList();
const people = new People();
let membership: Membership | undefined;
/** Comes back when the server refuses it. */
let lastText = "";

byId("join", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  join(byId("name", HTMLInputElement).value, byId("room", HTMLInputElement).value);
});
byId("say", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void say(byId("text", HTMLInputElement));
});
byId("again", HTMLButtonElement).addEventListener("click", () => void (membership && converse(membership)));
byId("leave", HTMLButtonElement).addEventListener("click", () => void leave());
// A page that is kept for "Back" loses its connection without a word: it is closed before.
addEventListener("pagehide", () => void membership?.leave());

byId("room", HTMLInputElement).value = location.hash.slice(1) || "lobby";
void outside();

/** Shows the form. */
async function outside(words = ""): Promise<void> {
  membership = undefined;
  showTitle("Chat");
  showState("out", words);
  try {
    const response = await fetch("/rooms");
    showRooms(v.parse(v.array(RoomName), await response.json()));
  } catch {
    showNotice("The server cannot be reached.");
  }
}

function join(name: string, room: string): void {
  const place = v.safeParse(v.object({ name: MemberName, room: RoomName }), { name, room });
  if (!place.success) return showNotice(place.issues[0].message);
  const url = `${location.origin.replace(/^http/, "ws")}/chat`;
  location.hash = place.output.room;
  messages.clear();
  showTitle(place.output.room);
  membership = new Membership(client, { url, ...place.output });
  void converse(membership);
}

/** One connection, from its beginning to its end. */
async function converse(place: Membership): Promise<void> {
  showState("connecting");
  try {
    for await (const message of place.connect()) show(message, place.name);
    // Kept for "Back", and gone back to.
    if (place === membership) showState("lost", "You have left this page.");
  } catch (error) {
    if (place === membership) showState("lost", errorInWords(error));
  }
}

function show(message: ServerMessage, me: string): void {
  switch (message.type) {
    case "welcome":
      showState("in");
      people.show(message.present);
      return messages.showHistory(message.messages, me);
    case "said":
      return messages.showMessage(message.message, me);
    case "joined":
      if (people.add(message.name)) messages.showEvent(`${message.name} has come`);
      return;
    case "left":
      if (people.remove(message.name)) messages.showEvent(`${message.name} has left`);
      return;
    case "refused":
      byId("text", HTMLInputElement).value ||= lastText;
      return showNotice(message.why);
    case "alive":
      return;
  }
}

async function say(input: HTMLInputElement): Promise<void> {
  let refused = "";
  try {
    await membership?.say(input.value);
    lastText = input.value;
    input.value = "";
  } catch (error) {
    refused = errorInWords(error);
  }
  // When the connection was lost meanwhile, why that was stays to be read.
  if (isIn()) showNotice(refused);
}

async function leave(): Promise<void> {
  const left = membership;
  await outside();
  await left?.leave();
}
