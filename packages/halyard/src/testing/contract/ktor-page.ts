// SPDX-License-Identifier: Apache-2.0
import { HttpMethod } from "../../client/request-parts.ts";
import { WebSockets } from "../../client/web-sockets.ts";
import { Frame } from "../../protocol/frame.ts";
import {
  type ContractCase,
  type ContractClient,
  type ContractContext,
  codeOf,
  expectEqual,
  rejectionOf,
} from "./contract-case.ts";

/** The parts of the server's URL, as Ktor's builders take them. */
function serverOf({ url }: ContractContext): { host: string; port: number; protocol?: "wss" } {
  const { protocol, hostname: host, port } = new URL(url);
  return { host, port: Number(port), ...(protocol === "wss:" && { protocol: "wss" }) };
}

/** What Ktor's page "Client WebSockets" says, a case for each sentence. */
export const ktorPage: readonly ContractCase[] = [
  {
    name: "Ktor's page: a session exchanges messages with the server in real time",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        for (const text of ["one", "two", "three"]) {
          await session.send(text);
          const frame = await session.incoming.receive();
          expectEqual(frame.type === "text" && frame.readText(), text, "the echo");
        }
      });
    },
  },
  {
    name: "Ktor's page: to use WebSockets, install the plugin",
    async run({ bareClient, url }) {
      const client = bareClient();
      // In TypeScript this does not compile, hence the cast.
      const error = await rejectionOf((client as unknown as ContractClient).webSocketSession(`${url}/echo`));
      expectEqual(codeOf(error), "ERR_HALYARD_PLUGIN_NOT_INSTALLED", "the error's code");
      const session = await client.install(WebSockets).webSocketSession(`${url}/echo`);
      expectEqual((await session.close()).clean, true, "the end being clean");
    },
  },
  {
    name: "Ktor's page: the plugin can be configured by passing options of WebSockets.Config",
    needs: ["frameLimits"],
    async run({ client, url }) {
      const config: WebSockets.Config = { maxFrameSize: 1234 };
      await client(config).webSocket(`${url}/echo`, (session) => {
        expectEqual(session.maxFrameSize, 1234, "maxFrameSize");
      });
    },
  },
  {
    name: "Ktor's page: the ping interval of the configuration is the session's",
    needs: ["pingPong"],
    async run({ client, url }) {
      await client({ pingInterval: 15_000 }).webSocket(`${url}/echo`, (session) => {
        expectEqual(session.pingInterval, 15_000, "pingInterval");
      });
    },
  },
  {
    name: "Ktor's page: webSocket takes method, host, port and path, and a block with the session",
    async run(context) {
      const target = { method: HttpMethod.Get, ...serverOf(context), path: "/echo" };
      const result = await context.client().webSocket(target, (session) => session.call.request.url.pathname);
      expectEqual(result, "/echo", "the block's result");
    },
  },
  {
    name: "Ktor's page: webSocketSession returns the session, to be used outside of a block",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      await session.send("outside");
      const frame = await session.incoming.receive();
      expectEqual(frame.type === "text" && frame.readText(), "outside", "the echo");
      await session.close();
    },
  },
  {
    name: "Ktor's page: send sends text content to the server",
    async run({ client, url }) {
      await client().webSocket(`${url}/greeting`, async (session) => {
        await session.send("Ann");
        const texts: string[] = [];
        for await (const frame of session.incoming) {
          if (frame.type === "text") texts.push(frame.readText());
          if (texts.length === 2) break;
        }
        expectEqual(texts, ["Please enter your name", "Hi, Ann!"], "what the server said");
      });
    },
  },
  {
    name: "Ktor's page: incoming and outgoing are the channels of received and sent frames",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async ({ incoming, outgoing }) => {
        await outgoing.send(new Frame.Text("by channel"));
        const frame: Frame = await incoming.receive();
        expectEqual(frame.fin, true, "fin");
        expectEqual(frame.data.length, 10, "the size of the payload");
      });
    },
  },
  {
    name: "Ktor's page: the type of a frame can be checked, and a text frame read by readText",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        await session.send("text");
        const frame = await session.incoming.receive();
        if (!(frame instanceof Frame.Text)) throw new Error(`a ${frame.type} frame came, not a text frame`);
        expectEqual(frame.readText(), "text", "readText()");
      });
    },
  },
  {
    name: "Ktor's page: a binary frame is read by readBytes",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        await session.send(new Uint8Array([0, 127, 128, 255]));
        const frame = await session.incoming.receive();
        if (!(frame instanceof Frame.Binary))
          throw new Error(`a ${frame.type} frame came, not a binary frame`);
        expectEqual(Array.from(frame.readBytes()), [0, 127, 128, 255], "readBytes()");
      });
    },
  },
  {
    name: "Ktor's page: a raw session sees the Close frame, and readReason gets its reason",
    needs: ["rawFrames"],
    async run({ client, url }) {
      await client().webSocketRaw(`${url}/close?code=4001&message=over`, async (session) => {
        const frame = await session.incoming.receive();
        if (!(frame instanceof Frame.Close)) throw new Error(`a ${frame.type} frame came, not a Close frame`);
        expectEqual(frame.readReason(), { code: 4001, message: "over" }, "readReason()");
      });
    },
  },
  {
    name: "Ktor's page: close sends a Close frame with the specified reason",
    async run({ client, url }) {
      const id = `reason-${crypto.getRandomValues(new Uint8Array(8)).join("")}`;
      const watched = await client().webSocketSession(`${url}/watched?id=${id}`);
      await watched.close({ code: 4321, message: "specified" });
      await client().webSocket(`${url}/watch?id=${id}`, async (session) => {
        const frame = await session.incoming.receive();
        const seen: unknown = frame.type === "text" ? JSON.parse(frame.readText()) : undefined;
        expectEqual(seen, { code: 4321, message: "specified" }, "what the server received");
      });
    },
  },
  {
    name: "Ktor's page: the example, a conversation with the echo endpoint",
    async run(context) {
      const said = ["Ann", "bye"];
      const heard: string[] = [];
      const target = { method: HttpMethod.Get, ...serverOf(context), path: "/greeting" };
      const session = await context.client().webSocket(target, async (open) => {
        for await (const frame of open.incoming) {
          if (frame.type === "text") heard.push(frame.readText());
          await open.send(said.shift() ?? "");
        }
        return open;
      });
      expectEqual(heard, ["Please enter your name", "Hi, Ann!"], "what was heard");
      expectEqual(await session.closeReason, { code: 1000, message: "Client said BYE" }, "closeReason");
    },
  },
];
