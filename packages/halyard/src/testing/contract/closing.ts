// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../../protocol/frame.ts";
import { type ContractCase, codeOf, expectEqual, rejectionOf } from "./contract-case.ts";

/** How sessions end. */
export const closing: readonly ContractCase[] = [
  {
    name: "the server's close ends incoming normally, and its reason is closeReason",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/close?code=4002&message=enough`);
      for await (const frame of session.incoming) throw new Error(`an unexpected ${frame.type} frame`);
      expectEqual(await session.closeReason, { code: 4002, message: "enough" }, "closeReason");
      const { clean, initiator } = await session.ended;
      expectEqual({ clean, initiator }, { clean: true, initiator: "peer" }, "ended");
    },
  },
  {
    name: "our close is answered, and our reason is closeReason",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      const { clean, initiator } = await session.close({ code: 4003, message: "ours" });
      expectEqual({ clean, initiator }, { clean: true, initiator: "local" }, "what close() gives");
      expectEqual(await session.closeReason, { code: 4003, message: "ours" }, "closeReason");
    },
  },
  {
    name: "what was received before a close stays readable",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/count?messages=10`);
      await session.ended;
      let count = 0;
      for await (const _frame of session.incoming) count++;
      expectEqual(count, 10, "the number of messages");
      expectEqual(
        codeOf(await rejectionOf(session.incoming.receive())),
        "ERR_HALYARD_CHANNEL_CLOSED",
        "the error's code",
      );
    },
  },
  {
    name: "messages sent before a close arrive before it",
    needs: ["receiveWhileClosing"],
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      for (let index = 0; index < 20; index++) await session.send(String(index));
      const closed = session.close();
      let count = 0;
      for await (const _frame of session.incoming) count++;
      expectEqual((await closed).clean, true, "the end being clean");
      expectEqual(count, 20, "the number of echoes");
    },
  },
  {
    name: "nothing can be sent after a close",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      const closed = session.close();
      expectEqual(
        codeOf(await rejectionOf(session.send("late"))),
        "ERR_HALYARD_CHANNEL_CLOSED",
        "the error's code",
      );
      expectEqual(session.outgoing.trySend(new Frame.Text("late")), false, "trySend");
      await closed;
    },
  },
  {
    name: "close refuses what must not be sent, and the session lives on",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      for (const code of [0, 999, 1005, 1006, 1015, 2999, 5000]) {
        const error = await rejectionOf(session.close({ code }));
        expectEqual(codeOf(error), "ERR_HALYARD_INVALID_ARGUMENT", `the error's code for ${code}`);
      }
      await session.send("alive");
      expectEqual((await session.incoming.receive()).type, "text", "the echo's type");
      expectEqual((await session.close()).clean, true, "the end being clean");
    },
  },
  {
    name: "a block that throws closes with 1011, and its error is the caller's",
    needs: ["closeCodes"],
    async run({ client, url }) {
      const id = `throws-${crypto.getRandomValues(new Uint8Array(8)).join("")}`;
      const failure = new Error("of the block");
      const error = await rejectionOf(
        client().webSocket(`${url}/watched?id=${id}`, () => {
          throw failure;
        }),
      );
      expectEqual(error === failure, true, "the error being the block's");
      await client().webSocket(`${url}/watch?id=${id}`, async (session) => {
        const frame = await session.incoming.receive();
        const seen = JSON.parse(frame.type === "text" ? frame.readText() : "{}") as { code?: number };
        expectEqual(seen.code, 1011, "the code that the server received");
      });
    },
  },
  {
    name: "closing the client closes its sessions with 1001, and it opens no more",
    needs: ["closeCodes"],
    async run({ client, url }) {
      const closing = client();
      const session = await closing.webSocketSession(`${url}/echo`);
      await closing.close();
      expectEqual((await session.closeReason).code, 1001, "the code of closeReason");
      const error = await rejectionOf(closing.webSocketSession(`${url}/echo`));
      expectEqual(codeOf(error), "ERR_HALYARD_CLIENT_CLOSED", "the error's code");
    },
  },
];
