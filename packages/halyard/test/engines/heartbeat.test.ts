// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Js } from "../../src/engines/js/index.ts";
import { type Frame, HttpClient, InvalidArgumentError, WebSockets } from "../../src/index.ts";
import { meet } from "./meeting.ts";

describe("a heartbeat", () => {
  const heartbeat = {
    message: () => "ping",
    isAnswer: (frame: Frame.Text | Frame.Binary) => frame.type === "text" && frame.readText() === "pong",
  };

  test("is sent each interval, and its answers are not the program's", async () => {
    const { clock, socket, session } = await meet({ pingInterval: 1000, pingTimeout: 500, heartbeat });
    await clock.advance(1000);
    expect(socket.sent).toEqual(["ping"]);
    socket.message("pong");
    socket.message("news");
    await clock.advance(1000);
    expect(socket.sent).toEqual(["ping", "ping"]);
    const frame = await session.incoming.receive();
    expect(frame.type === "text" && frame.readText()).toBe("news");
  });

  test("that nothing comes after finds the peer dead", async () => {
    const { clock, session } = await meet({ pingInterval: 1000, pingTimeout: 500, heartbeat });
    await clock.advance(1500);
    expect((await session.ended).error).toMatchObject({ code: "ERR_HALYARD_PING_TIMEOUT" });
    expect((await session.closeReason).code).toBe(1011);
  });

  test("is kept alive by any message", async () => {
    const { clock, socket, session } = await meet({ pingInterval: 1000, pingTimeout: 500, heartbeat });
    for (let count = 0; count < 12; count++) {
      await clock.advance(400);
      socket.message("anything");
    }
    expect(session.signal.aborted).toBe(false);
  });

  test("does not come between the parts of a message", async () => {
    const { clock, socket, session } = await meet({ pingInterval: 1000, pingTimeout: 0, heartbeat });
    let finish = () => undefined as void;
    const parts = async function* () {
      yield "begin ";
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      yield "end";
    };
    const sending = session.send(parts());
    await clock.advance(2500);
    finish();
    await sending;
    expect(socket.sent).toEqual(["begin end"]);
  });

  test("that throws ends the session with that", async () => {
    const failure = new Error("no ticket");
    const message = () => {
      throw failure;
    };
    const { clock, session } = await meet({ pingInterval: 1000, heartbeat: { message } });
    await clock.advance(1000);
    expect((await session.ended).error).toBe(failure);
  });

  test.each([{}, { message: "ping" }, { message: () => "", isAnswer: 1 }, { message: () => "", every: 5 }])(
    "is checked: %j",
    (given) => {
      const client = new HttpClient(Js);
      const config = { heartbeat: given } as unknown as WebSockets.Config;
      expect(() => client.install(WebSockets, config)).toThrow(InvalidArgumentError);
    },
  );
});
