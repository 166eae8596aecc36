// SPDX-License-Identifier: Apache-2.0
import { type ContractCase, codeOf, expectEqual, rejectionOf } from "./contract-case.ts";

/** What can be given up, and what that leaves. */
export const cancellation: readonly ContractCase[] = [
  {
    name: "a signal that has aborted opens nothing, and its reason is the error",
    async run({ client, url }) {
      const controller = new AbortController();
      const reason = new Error("before the start");
      controller.abort(reason);
      const request = { url: `${url}/echo`, signal: controller.signal };
      expectEqual(
        (await rejectionOf(client().webSocketSession(request))) === reason,
        true,
        "the error being the reason",
      );
    },
  },
  {
    name: "aborting while connecting gives the attempt up",
    async run({ client, url }) {
      const controller = new AbortController();
      const opening = client().webSocketSession({ url: `${url}/echo`, signal: controller.signal });
      const reason = new Error("while connecting");
      controller.abort(reason);
      expectEqual((await rejectionOf(opening)) === reason, true, "the error being the reason");
    },
  },
  {
    name: "aborting the request's signal later drops the session",
    async run({ client, url }) {
      const controller = new AbortController();
      const session = await client().webSocketSession({ url: `${url}/echo`, signal: controller.signal });
      const receiving = rejectionOf(session.incoming.receive());
      const reason = new Error("while open");
      controller.abort(reason);
      expectEqual((await receiving) === reason, true, "the error being the reason");
      const { clean, error } = await session.ended;
      expectEqual([clean, error === reason, session.signal.aborted], [false, true, true], "how it ended");
    },
  },
  {
    name: "an aborted receive loses nothing",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        const controller = new AbortController();
        const receiving = rejectionOf(session.incoming.receive({ signal: controller.signal }));
        controller.abort(new Error("given up"));
        await receiving;
        await session.send("kept");
        const frame = await session.incoming.receive();
        expectEqual(frame.type === "text" && frame.readText(), "kept", "the message");
      });
    },
  },
  {
    name: "leaving a loop does not end the session",
    async run({ client, url }) {
      await client().webSocket(`${url}/echo`, async (session) => {
        await session.send("first");
        for await (const _frame of session.incoming) break;
        await session.send("second");
        const frame = await session.incoming.receive();
        expectEqual(frame.type === "text" && frame.readText(), "second", "the message");
      });
    },
  },
  {
    name: "cancel drops the connection",
    async run({ client, url }) {
      const session = await client().webSocketSession(`${url}/echo`);
      session.cancel();
      expectEqual((await session.closeReason).code, 1006, "the code of closeReason");
      expectEqual((await session.ended).clean, false, "the end being clean");
      expectEqual(
        codeOf(await rejectionOf(session.send("late"))),
        "ERR_HALYARD_CHANNEL_CLOSED",
        "the error's code",
      );
    },
  },
];
