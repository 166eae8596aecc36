// SPDX-License-Identifier: Apache-2.0
import { WebSocketServer } from "halyard/server";

/** The server of Ktor's example: asks for a name, greets whoever it is told, and closes on "bye". */
export function greetingServer(): WebSocketServer {
  return new WebSocketServer().webSocket("/echo", async (session) => {
    await session.send("Please enter your name");
    for await (const frame of session.incoming) {
      if (frame.type !== "text") continue;
      const text = frame.readText();
      if (text.toLowerCase() === "bye") await session.close({ code: 1000, message: "Client said BYE" });
      else await session.send(`Hi, ${text}!`);
    }
  });
}
