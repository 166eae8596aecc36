// SPDX-License-Identifier: Apache-2.0
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { HttpClient, json, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { errorInWords } from "../shared/in-words.js";
import { Membership, type Place } from "../shared/membership.js";
import { linesFor } from "./lines.js";
import { printable } from "./printable.js";

/** What people type into, and read from. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly isTTY: boolean;
}

/**
 * Prints what happens and says what is typed, until the input ends, the signal aborts, nobody reads the output any more,
 * or the connection is lost.
 *
 * @throws why the connection has ended, if it was not left
 */
export async function chatInTerminal(place: Place, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const client = new HttpClient(Cio).install(WebSockets, { contentConverter: json() });
  const membership = new Membership(client, place);
  const leave = () => void membership.leave();
  // Such as EPIPE: there is nobody who reads.
  terminal.output.on("error", leave);
  signal.addEventListener("abort", leave, { once: true });
  let typing: Interface | undefined;
  const print = (line: string) => printLine(line, terminal, typing);
  try {
    for await (const message of membership.connect()) {
      for (const line of linesFor(message)) print(line);
      // Not before: what is typed, or piped in, has nowhere to go until then.
      typing ??= sayWhatIsTyped(membership, terminal, print);
    }
  } finally {
    typing?.close();
    await client.close();
  }
}

function sayWhatIsTyped(
  membership: Membership,
  terminal: Terminal,
  print: (line: string) => void,
): Interface {
  const { input, output, isTTY } = terminal;
  const typing = createInterface({ input, output: isTTY ? output : undefined, prompt: "> " });
  typing.on("line", (line) => {
    membership.say(line).catch((error) => print(`! ${printable(errorInWords(error))}`));
  });
  const leave = () => void membership.leave();
  typing.once("close", leave).once("SIGINT", leave);
  if (isTTY) typing.prompt();
  return typing;
}

/** Above what somebody is typing. */
function printLine(line: string, { output, isTTY }: Terminal, typing: Interface | undefined): void {
  if (isTTY) {
    cursorTo(output, 0);
    clearLine(output, 0);
  }
  output.write(`${line}\n`);
  if (isTTY) typing?.prompt(true);
}
