// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../../protocol/frame.ts";
import { bounded } from "../../session/bounds.ts";
import type { DefaultWebSocketSession } from "../../session/default-web-socket-session.ts";
import { type ContractCase, expectEqual } from "./contract-case.ts";

async function echoed(
  session: DefaultWebSocketSession,
  content: string | Uint8Array,
): Promise<string | Uint8Array> {
  await session.send(content);
  const frame = await session.incoming.receive();
  return frame.type === "text" ? frame.readText() : frame.readBytes();
}

/** Whole messages, unchanged and in order. */
export const messages: readonly ContractCase[] = [
  {
    name: "a frame that comes with the answer to the handshake is delivered",
    async run({ client, url }) {
      await client().webSocket(`${url}/greeting`, async (session) => {
        const frame = await session.incoming.receive();
        expectEqual(frame.type === "text" && frame.readText(), "Please enter your name", "the first message");
      });
    },
  },
  {
    name: "texts of any script come back as they went: empty, ASCII, CJK, emoji, NUL",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        for (const text of ["", "plain", "日本語のテキスト", "👩‍🚀 🎉", "a\0b"]) {
          expectEqual(await echoed(session, text), text, "the echo");
        }
      });
    },
  },
  {
    name: "a text that begins with a byte order mark comes back with it",
    needs: ["byteOrderMarks"],
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        expectEqual(await echoed(session, "\uFEFFmark"), "\uFEFFmark", "the echo");
      });
    },
  },
  {
    name: "a lone surrogate is sent as U+FFFD",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        expectEqual(await echoed(session, "a\uD800b"), "a\uFFFDb", "the echo");
      });
    },
  },
  {
    name: "binary messages of every length class come back as they went",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
          const bytes = new Uint8Array(size).map((_, index) => index * 7);
          const echo = await echoed(session, bytes);
          expectEqual(typeof echo !== "string" && echo.length, size, "the size of the echo");
          const same = typeof echo !== "string" && echo.every((byte, index) => byte === bytes[index]);
          expectEqual(same, true, "the content being the same");
        }
      });
    },
  },
  {
    name: "what is sent was copied at the call",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        // Large ones may be compressed in the background, and the next one waits for that.
        for (const size of [3, 5_000, 300_000]) {
          const bytes = new Uint8Array(size);
          const sending = [1, 2, 3].map((byte) => session.send(bytes.fill(byte)));
          bytes.fill(9);
          await Promise.all(sending);
          for (const byte of [1, 2, 3]) {
            const { data } = await session.incoming.receive();
            expectEqual([data.length, data.every((each) => each === byte)], [size, true], `echo ${byte}`);
          }
        }
      });
    },
  },
  {
    name: "a thousand messages arrive in order, one by one and in batches",
    async run({ client, url }) {
      for (const way of ["single", "batches"] as const) {
        const session = await client().webSocketSession(`${url}/count?messages=1000`);
        const texts: string[] = [];
        const take = (frame: Frame) => void texts.push(frame.type === "text" ? frame.readText() : frame.type);
        if (way === "single") for await (const frame of session.incoming) take(frame);
        else for await (const frames of session.incoming.batches()) for (const frame of frames) take(frame);
        expectEqual(texts.length, 1000, "the number of messages");
        expectEqual(
          texts.every((text, index) => text === String(index)),
          true,
          "the order being kept",
        );
      }
    },
  },
  {
    name: "a slow reader loses nothing",
    needs: ["backpressure"],
    async run({ client, url }) {
      const narrow = { channels: { incoming: bounded({ messages: 2 }) } };
      await client(narrow).webSocket(`${url}/count?messages=500`, async (session) => {
        for (let expected = 0; expected < 500; expected++) {
          const frame = await session.incoming.receive();
          expectEqual(frame.type === "text" && frame.readText(), String(expected), "the message");
        }
      });
    },
  },
  {
    name: "a raw session sees pings and fragments, and answers by hand",
    needs: ["rawFrames"],
    async run({ client, url }) {
      await client().webSocketRaw(`${url}/raw`, async (session) => {
        const [ping, first, second] = [
          await session.incoming.receive(),
          await session.incoming.receive(),
          await session.incoming.receive(),
        ];
        expectEqual([ping?.type, first?.type, second?.type], ["ping", "text", "text"], "the frames");
        expectEqual([first?.fin, second?.fin], [false, true], "fin");
        await session.send(new Frame.Pong(ping?.data ?? new Uint8Array(0)));
        const answer = await session.incoming.receive();
        expectEqual(answer.type === "text" && answer.readText(), "pong 1 2 3", "the server's answer");
      });
    },
  },
  {
    name: "a default session joins fragments and answers pings by itself",
    needs: ["pingPong"],
    async run({ client, url }) {
      await client().webSocket(`${url}/raw`, async (session) => {
        const message = await session.incoming.receive();
        expectEqual(message.type === "text" && message.readText(), "fragmented", "the message");
        const answer = await session.incoming.receive();
        expectEqual(answer.type === "text" && answer.readText(), "pong 1 2 3", "the server's answer");
      });
    },
  },
];
