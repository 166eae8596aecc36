// SPDX-License-Identifier: Apache-2.0
// A place in a room, in a terminal: `--name Ann --room tea`, and `--url` where the server is elsewhere.
import { parseArgs } from "node:util";
import * as v from "valibot";
import { errorInWords } from "../shared/in-words.js";
import type { Place } from "../shared/membership.js";
import { MemberName, RoomName } from "../shared/protocol.js";
import { printable } from "./printable.js";
import { chatInTerminal } from "./terminal.js";

const usage = "npm run chat -- --name NAME [--room ROOM] [--url ws://127.0.0.1:8080/chat]\n";

const place = placeFrom(process.argv.slice(2));
if (typeof place === "string") {
  process.stderr.write(`${printable(place)}\n${usage}`);
  process.exitCode = 2;
} else {
  const left = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => left.abort());
  const terminal = {
    input: process.stdin,
    output: process.stdout,
    isTTY: process.stdin.isTTY && process.stdout.isTTY,
  };
  try {
    await chatInTerminal(place, terminal, left.signal);
  } catch (error) {
    process.stderr.write(`${printable(errorInWords(error))}\n`);
    process.exitCode = 1;
  }
}

/** @returns what is wrong with the arguments, if something is */
function placeFrom(args: string[]): Place | string {
  const Options = v.object({ name: MemberName, room: RoomName, url: v.string() });
  try {
    const { values } = parseArgs({
      args,
      options: {
        name: { type: "string", default: "" },
        room: { type: "string", default: "lobby" },
        url: { type: "string", default: "ws://127.0.0.1:8080/chat" },
      },
    });
    return v.parse(Options, values);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
