// SPDX-License-Identifier: Apache-2.0
// The page: connects, shows each frame as it comes, sends what is typed, and closes.
import { type DefaultClientWebSocketSession, HttpClient, WebSockets } from "halyard";
import { byId, say, showFrame, showState } from "./view.js";

const client = new HttpClient().install(WebSockets);
let session: DefaultClientWebSocketSession | undefined;

byId("connection", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (session === undefined) void connect(byId("url", HTMLInputElement).value);
  else void session.close({ code: 1000, message: "done" });
});

byId("message", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void send(byId("text", HTMLInputElement));
});

// A page that is kept for "Back" loses its connection without a word: it is closed before, and opened again.
addEventListener("pagehide", () => void session?.close({ code: 4001, message: "the page was left" }));
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) void connect(byId("url", HTMLInputElement).value);
});

byId("url", HTMLInputElement).value = `${location.origin.replace(/^http/, "ws")}/echo`;
showState("closed", "Not connected");

async function connect(url: string): Promise<void> {
  showState("opening", "Connecting …");
  try {
    session = await client.webSocketSession(url);
    showState("open", `Connected by ${client.engine.name}`);
    for await (const frame of session.incoming) showFrame("received", frame);
    const { code, message } = await session.closeReason;
    showState("closed", `Closed: ${code} ${message}`.trimEnd());
  } catch (error) {
    showState("closed", error instanceof Error ? error.message : String(error));
  } finally {
    session = undefined;
  }
}

async function send(input: HTMLInputElement): Promise<void> {
  if (session === undefined) return;
  const content = byId("binary", HTMLInputElement).checked
    ? new TextEncoder().encode(input.value)
    : input.value;
  try {
    await session.send(content);
    showFrame("sent", content);
    input.value = "";
  } catch (error) {
    say(String(error));
  }
}
