// SPDX-License-Identifier: Apache-2.0
// Typed messages over real sockets, with the formats and schemas of real libraries.
import * as msgpack from "@msgpack/msgpack";
import { type } from "arktype";
import * as cborg from "cborg";
import protobuf from "protobufjs";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  type ContentConverter,
  codec,
  DeserializeError,
  json,
  type StandardSchema,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

interface Customer {
  readonly id: number;
  readonly firstName: string;
  readonly lastName: string;
}

const jane: Customer = { id: 1, firstName: "Jane", lastName: "Smith" };

const Message = new protobuf.Type("Customer")
  .add(new protobuf.Field("id", 1, "int32"))
  .add(new protobuf.Field("firstName", 2, "string"))
  .add(new protobuf.Field("lastName", 3, "string"));

const converters: Record<string, ContentConverter> = {
  JSON: json(),
  MessagePack: codec({ encode: msgpack.encode, decode: msgpack.decode }),
  CBOR: codec({ encode: cborg.encode, decode: cborg.decode }),
  "Protocol Buffers": codec({
    encode: (customer: Customer) => Message.encode(Message.create(customer)).finish(),
    decode: (bytes: Uint8Array) => Message.toObject(Message.decode(bytes)),
  }),
};

const schemas: Record<string, StandardSchema<unknown, Customer>> = {
  zod: z.object({ id: z.number().int(), firstName: z.string(), lastName: z.string() }),
  valibot: v.object({ id: v.pipe(v.number(), v.integer()), firstName: v.string(), lastName: v.string() }),
  arktype: type({ id: "number.integer", firstName: "string", lastName: "string" }),
};

/** The two routes of Ktor's page on serialization, and one that sends what fits no schema. */
async function customerServer(contentConverter: ContentConverter) {
  const received: unknown[] = [];
  const server = new WebSocketServer({ contentConverter })
    .webSocket("/customer/1", async (session) => await session.sendSerialized(jane))
    .webSocket("/customer", async (session) => {
      received.push(await session.receiveDeserialized());
    })
    .webSocket("/wrong", async (session) => {
      await session.sendSerialized({ ...jane, id: 1.5 });
      await session.sendSerialized(jane);
    });
  const { url } = await server.listen();
  return { url, received, [Symbol.asyncDispose]: () => server.close() };
}

describe.each(Object.entries(converters))("%s", (_name, contentConverter) => {
  test("goes to the server and comes from it", async () => {
    await using server = await customerServer(contentConverter);
    await using client = testClient({ contentConverter });
    await client.webSocket(`${server.url}/customer`, async (session) => await session.sendSerialized(jane));
    expect(server.received).toEqual([jane]);
    const customer = await client.webSocket(`${server.url}/customer/1`, (session) =>
      session.receiveDeserialized<Customer>(),
    );
    expect(customer).toEqual(jane);
  });
});

test.each(["MessagePack", "CBOR", "Protocol Buffers"])(
  "what is no %s is an error with the frame",
  async (name) => {
    const server = new WebSocketServer().webSocket("/", async (session) => {
      await session.send(new Uint8Array([0x0a, 0xff, 0xff]));
    });
    const { url } = await server.listen();
    await using client = testClient({ contentConverter: converters[name] });
    const error = await client
      .webSocket(url, (session) => session.receiveDeserialized())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ERR_HALYARD_DESERIALIZE", frame: { type: "binary" } });
    expect((error as Error).cause).toBeInstanceOf(Error);
    await server.close();
  },
);

describe.each(Object.entries(schemas))("a schema of %s", (_name, schema) => {
  test("lets through what fits, and says what does not", async () => {
    await using server = await customerServer(json());
    await using client = testClient({ contentConverter: json() });
    await client.webSocket(`${server.url}/wrong`, async (session) => {
      const error = await session.receiveDeserialized(schema).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DeserializeError);
      const { issues = [], frame } = error as DeserializeError;
      expect(issues).toHaveLength(1);
      expect((error as Error).message).toMatch(/^a text message does not fit its schema: id: ./);
      expect(frame.type).toBe("text");
      expect(await session.receiveDeserialized(schema)).toEqual(jane);
    });
  });

  test("types a session", async () => {
    await using server = await customerServer(json());
    await using client = testClient({ contentConverter: json() });
    const seen: Customer[] = [];
    await client.webSocket(`${server.url}/wrong`, async (session) => {
      for await (const customer of session.typed({ incoming: schema, onInvalid: "skip" }))
        seen.push(customer);
    });
    expect(seen).toEqual([jane]);
  });
});
