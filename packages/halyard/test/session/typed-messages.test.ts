// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import {
  ConverterNotFoundError,
  codec,
  DeserializeError,
  Frame,
  InvalidArgumentError,
  json,
  SerializeError,
  type StandardSchema,
} from "../../src/index.ts";
import { checkAllSettled, drain, openPair, turn } from "./support.ts";

afterEach(checkAllSettled);

interface Customer {
  readonly id: number;
}

/** A schema by hand, which takes its time when it is told to, and gives a number where a string was. */
function customers(
  gate: (id: number) => Promise<unknown> = () => Promise.resolve(),
): StandardSchema<Customer> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => {
        const { id } = (value ?? {}) as { id?: unknown };
        if (typeof id !== "number") return { issues: [{ message: "no number", path: ["id"] }] };
        await gate(id);
        return { value: { id } };
      },
    },
  };
}

const typedPair = () => openPair({ contentConverter: json() });

describe("sendSerialized and receiveDeserialized", () => {
  test("carry a value over", async () => {
    const { client, server } = typedPair();
    await client.sendSerialized({ id: 1 });
    expect(await server.receiveDeserialized<Customer>()).toEqual({ id: 1 });
    await client.close();
  });

  test("what the schema makes of the value is the result", async () => {
    const { client, server } = typedPair();
    await client.sendSerialized({ id: 2, password: "secret" });
    expect(await server.receiveDeserialized(customers())).toEqual({ id: 2 });
    await client.close();
  });

  test("without a converter nothing is sent, and nothing is taken", async () => {
    const { client, server } = openPair();
    await expect(client.sendSerialized({})).rejects.toThrow(ConverterNotFoundError);
    await client.send("kept");
    await expect(server.receiveDeserialized()).rejects.toThrow(ConverterNotFoundError);
    expect(() => server.typed({ incoming: customers() })).toThrow(ConverterNotFoundError);
    expect(((await server.incoming.receive()) as Frame.Text).readText()).toBe("kept");
    await client.close();
  });

  test("what the converter refuses is not sent", async () => {
    const { client, server } = typedPair();
    await expect(client.sendSerialized(undefined)).rejects.toThrow(InvalidArgumentError);
    await client.close();
    expect(await drain(server)).toEqual(["end"]);
  });

  test("a message of another type is in the error, and the session goes on", async () => {
    const { client, server } = typedPair();
    await client.send(new Uint8Array([1, 2]));
    await client.sendSerialized({ id: 3 });
    const error = await server.receiveDeserialized().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeserializeError);
    expect(error).toMatchObject({ code: "ERR_HALYARD_DESERIALIZE", frame: { type: "binary" } });
    expect((error as Error).message).toBe("the converter does not take a binary message");
    expect([...(error as DeserializeError).frame.data]).toEqual([1, 2]);
    expect(await server.receiveDeserialized()).toEqual({ id: 3 });
    await client.close();
  });

  test("what is no JSON is in the error with its cause, and not in its message", async () => {
    const { client, server } = typedPair();
    await client.send("password=hunter2");
    const error = await server.receiveDeserialized().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "DeserializeError", frame: { type: "text" } });
    expect((error as Error).cause).toBeInstanceOf(SyntaxError);
    expect((error as Error).message).toBe("the content of a text message is not what the converter reads");
    await client.close();
  });

  test("a converter may say itself what is wrong", async () => {
    const wrong = new DeserializeError("the version is unknown", new Frame.Text("v2"));
    const contentConverter = codec({
      encode: String,
      decode: () => {
        throw wrong;
      },
      messages: "text",
    });
    const { client, server } = openPair({ contentConverter });
    await client.sendSerialized("v2");
    await expect(server.receiveDeserialized()).rejects.toBe(wrong);
    await client.close();
  });

  test("JSON a million brackets deep is an error of that message at most (OP-06)", async () => {
    const { client, server } = typedPair();
    const deep = "[".repeat(500_000) + "]".repeat(500_000);
    await client.send(deep);
    await client.sendSerialized({ id: 4 });
    const outcome = await server.receiveDeserialized().catch((error: unknown) => error);
    expect(Array.isArray(outcome) || outcome instanceof DeserializeError).toBe(true);
    expect(await server.receiveDeserialized()).toEqual({ id: 4 });
    await client.close();
  });

  test("a value that does not fit says where, and how", async () => {
    const { client, server } = typedPair();
    await client.sendSerialized({ id: "four" });
    const error = await server.receiveDeserialized(customers()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ issues: [{ message: "no number", path: ["id"] }] });
    expect((error as Error).message).toBe("a text message does not fit its schema: id: no number");
    await client.close();
  });

  test("aborting the wait loses nothing", async () => {
    const { client, server } = typedPair();
    const controller = new AbortController();
    const waiting = server.receiveDeserialized(undefined, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await client.sendSerialized({ id: 5 });
    expect(await server.receiveDeserialized()).toEqual({ id: 5 });
    await client.close();
  });

  test("the end of the session is the end of receiving", async () => {
    const { client, server } = typedPair();
    const waiting = server.receiveDeserialized(customers());
    await client.close();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_HALYARD_CHANNEL_CLOSED" });
  });
});

describe("a typed session", () => {
  test("iterates over values until the session ends", async () => {
    const { client, server } = typedPair();
    for (const id of [1, 2, 3]) await client.sendSerialized({ id });
    void client.close();
    const ids: number[] = [];
    for await (const { id } of server.typed({ incoming: customers() })) ids.push(id);
    expect(ids).toEqual([1, 2, 3]);
  });

  test("throws for what does not fit, and goes on", async () => {
    const { client, server } = typedPair();
    const typed = server.typed({ incoming: customers() });
    await client.send("no json");
    await client.sendSerialized({ id: 2 });
    await expect(typed.receive()).rejects.toThrow(DeserializeError);
    expect(await typed.receive()).toEqual({ id: 2 });
    expect(server.outgoing.isClosedForSend).toBe(false);
    await client.close();
  });

  test("throws what a schema throws, whatever is to become of messages that do not fit", async () => {
    const { client, server } = typedPair();
    const error = new TypeError("the schema is broken");
    const broken: StandardSchema<Customer> = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(error) },
    };
    await client.sendSerialized({ id: 1 });
    await expect(server.typed({ incoming: broken, onInvalid: "skip" }).receive()).rejects.toBe(error);
    await client.close();
  });

  test("skips it, when it is told to, by a function too, which sees the error", async () => {
    const { client, server } = typedPair();
    const seen: string[] = [];
    const typed = server.typed({
      incoming: customers(),
      onInvalid: (error) => {
        seen.push(error.message);
        return "skip";
      },
    });
    await client.send(new Uint8Array(1));
    await client.send('{"id":"x"}');
    await client.sendSerialized({ id: 3 });
    expect(await typed.receive()).toEqual({ id: 3 });
    expect(seen).toHaveLength(2);

    await client.send("again");
    await client.sendSerialized({ id: 4 });
    void client.close();
    const left: Customer[] = [];
    for await (const each of server.typed({ incoming: customers(), onInvalid: "skip" })) left.push(each);
    expect(left).toEqual([{ id: 4 }]);
  });

  test.each([
    [
      "1003 for the type",
      new Frame.Binary(new Uint8Array(1)),
      { code: 1003, message: "binary messages are not accepted" },
    ],
    [
      "1007 for the content",
      new Frame.Text('{"id":"x"}'),
      { code: 1007, message: "the content of a message is not valid" },
    ],
  ])("closes with %s", async (_name, message, reason) => {
    const { client, server } = typedPair();
    await client.send(message);
    const typed = server.typed({ incoming: customers(), onInvalid: "close" });
    await expect(typed.receive()).rejects.toThrow(DeserializeError);
    expect(await client.closeReason).toMatchObject(reason);
    await server.ended;
  });

  test("sends what the schema makes of a value, and nothing that does not fit", async () => {
    const { client, server } = typedPair();
    const typed = client.typed({ incoming: customers(), outgoing: customers() });
    await typed.send({ id: 1, password: "secret" } as Customer);
    const error = await typed.send({ id: "x" } as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SerializeError);
    expect(error).toMatchObject({ issues: [{ message: "no number", path: ["id"] }] });
    expect((error as Error).message).toMatch(/does not fit its schema: id: no number/);
    await typed.send({ id: 2 });
    expect(await server.receiveDeserialized()).toEqual({ id: 1 });
    expect(await server.receiveDeserialized()).toEqual({ id: 2 });
    await client.close();
  });

  test("sends anything, without a schema of what is sent", async () => {
    const { client, server } = typedPair();
    await client.typed({ incoming: customers() }).send({ name: "x" });
    expect(await server.receiveDeserialized()).toEqual({ name: "x" });
    await client.close();
  });

  test("keeps the order of concurrent calls, also when a schema takes its time, or refuses", async () => {
    const { client, server } = typedPair();
    const gates = new Map<number, () => void>();
    const schema = customers((id) => new Promise<void>((resolve) => gates.set(id, resolve)));
    const typed = client.typed({ incoming: customers(), outgoing: schema });
    const first = typed.send({ id: 1 });
    const refused = expect(typed.send({} as never)).rejects.toThrow(SerializeError);
    const second = typed.send({ id: 2 });
    await turn();
    gates.get(2)?.();
    await turn();
    expect(server.incoming.tryReceive()).toBeUndefined();
    gates.get(1)?.();
    await Promise.all([first, refused, second]);
    expect(await server.receiveDeserialized()).toEqual({ id: 1 });
    expect(await server.receiveDeserialized()).toEqual({ id: 2 });
    await client.close();
  });

  test("a schema that checks at once sends before the call returns, and so before a close", async () => {
    const { client, server } = typedPair();
    const atOnce: StandardSchema<Customer> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Customer }) },
    };
    const sent = client.typed({ incoming: atOnce, outgoing: atOnce }).send({ id: 1 });
    const closed = client.close();
    expect(await server.receiveDeserialized()).toEqual({ id: 1 });
    await Promise.all([sent, closed]);
  });

  test("what a schema that takes its time holds up is sent behind it, also what another checks at once", async () => {
    const { client, server } = typedPair();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const schema: StandardSchema<Customer> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => {
          const result = { value: value as Customer };
          return result.value.id === 1 ? gate.then(() => result) : result;
        },
      },
    };
    const typed = client.typed({ incoming: schema, outgoing: schema });
    const sent = [typed.send({ id: 1 }), typed.send({ id: 2 })];
    await turn();
    expect(server.incoming.tryReceive()).toBeUndefined();
    open();
    await Promise.all(sent);
    expect(await server.receiveDeserialized()).toEqual({ id: 1 });
    expect(await server.receiveDeserialized()).toEqual({ id: 2 });
    await turn();
    const last = typed.send({ id: 3 });
    const closed = client.close();
    expect(await server.receiveDeserialized(), "at once again, before the close").toEqual({ id: 3 });
    await Promise.all([last, closed]);
  });

  test.each([
    [{}, /typed.incoming is no Standard Schema/],
    [{ incoming: customers(), outgoing: { parse: () => 1 } }, /typed.outgoing is no Standard Schema/],
    [{ incoming: customers(), onInvalid: "ignore" }, /typed.onInvalid is one of throw, skip, close/],
    [{ incoming: customers(), onInvalid: 7 }, /typed.onInvalid is one of throw, skip, close/],
    [{ incoming: customers(), schema: 1 }, /typed has no option "schema"/],
  ])("refuses options that it cannot use", async (options, message) => {
    const { client } = typedPair();
    expect(() => client.typed(options as never)).toThrow(message);
    await client.close();
  });
});
