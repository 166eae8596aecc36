// SPDX-License-Identifier: Apache-2.0
import type { ServerMessage } from "../shared/protocol.js";
import { printable } from "./printable.js";

/** What is printed for what the server says. */
export function linesFor(message: ServerMessage): string[] {
  switch (message.type) {
    case "welcome":
      return [
        `* You are ${printable(message.name)} in ${message.room}. Here: ${message.present.map(printable).join(", ")}`,
        ...message.messages.map(lineOf),
      ];
    case "said":
      return [lineOf(message.message)];
    case "joined":
      return [`* ${printable(message.name)} has come`];
    case "left":
      return [`* ${printable(message.name)} has left`];
    case "refused":
      return [`! ${printable(message.why)}`];
    case "alive":
      return [];
  }
}

function lineOf({ id, name, text }: { id: number; name: string; text: string }): string {
  return `${new Date(id).toTimeString().slice(0, 5)} ${printable(name)}: ${printable(text)}`;
}
