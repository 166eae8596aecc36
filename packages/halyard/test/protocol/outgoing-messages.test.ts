// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { FrameEncoder } from "../../src/protocol/frame-encoder.ts";
import { MessageExtensions, type NegotiatedExtension } from "../../src/protocol/message-extensions.ts";
import { OutgoingMessages } from "../../src/protocol/outgoing-messages.ts";
import { FakeCodec, negotiated, withCodec } from "./fake-extension.ts";
import { concat, hex, split, toHex } from "./support.ts";

const more = { fin: false };
const text = (content: string): Frame => new Frame.Text(content);

function outgoing(codec: FakeCodec | null, ...others: NegotiatedExtension[]) {
  const all = codec === null ? others : [withCodec(codec), ...others];
  const encoder = new FrameEncoder(null);
  const messages = new OutgoingMessages(encoder, new MessageExtensions(all, "server"));
  const wire = (): string[] => split(concat(encoder.take())).map(({ frame }) => toHex(frame));
  const finish = async (): Promise<void> => {
    codec?.finish();
    messages.encoded((await messages.job) as Uint8Array);
  };
  return { messages, wire, finish };
}

function holding(): FakeCodec {
  const codec = new FakeCodec();
  codec.holds = true;
  return codec;
}

describe("a codec that is quick", () => {
  test("encodes what it wants to, and its bit says so", () => {
    const codec = new FakeCodec();
    codec.decide = ({ data }) => data.length > 1;
    const { messages, wire } = outgoing(codec);
    for (const content of ["a", "ab", ""]) messages.send(text(content));
    messages.send(new Frame.Binary(hex("61 62")));
    expect(wire()).toEqual(["81 01 61", "c1 02 9e 9d", "81 00", "c2 02 9e 9d"]);
    expect(messages).toMatchObject({ frames: 0, bytes: 0, job: null });
  });

  test("never touches control frames", () => {
    const codec = new FakeCodec();
    const { messages, wire } = outgoing(codec);
    for (const frame of [new Frame.Ping(hex("61")), new Frame.Pong(), new Frame.Close()])
      messages.send(frame);
    expect(wire()).toEqual(["89 01 61", "8a 00", "88 00"]);
    expect(codec.calls).toEqual([]);
  });

  test("decides once for all fragments; only the first has the bit (RFC 7692 section 6.1)", () => {
    const codec = new FakeCodec();
    const { messages, wire } = outgoing(codec);
    const send = (...wishes: (boolean | undefined)[]): void => {
      for (const [at, compress] of wishes.entries()) {
        messages.send(new Frame.Text("a", { fin: at === wishes.length - 1 }), { compress });
        if (at === 0) messages.send(new Frame.Ping());
      }
    };
    send(true, false, false);
    send(false, true, true);
    send(undefined, false);
    expect(wire()).toEqual([
      "41 01 9e",
      "89 00",
      "00 01 9e",
      "80 01 9e",
      "01 01 61",
      "89 00",
      "00 01 61",
      "80 01 61",
      "41 01 9e",
      "89 00",
      "80 01 9e",
    ]);
    expect(codec.calls.filter((call) => call.startsWith("encodes"))).toHaveLength(3);
    expect(codec.calls.filter((call) => call.startsWith("encode "))).toEqual([
      "encode 61",
      "encode 61",
      "encode 61 fin",
      "encode 61",
      "encode 61 fin",
    ]);
  });

  test("gets what the other extensions made of a message, and beside their bits", () => {
    const codec = new FakeCodec();
    const marks = negotiated("marks", {
      reserves: { rsv2: true },
      processOutgoing: (frame) => new Frame.Binary(Uint8Array.of(...frame.data, 0), { rsv2: true }),
    });
    const { messages, wire } = outgoing(codec, marks);
    messages.send(text("a"));
    messages.send(text("a"), { compress: false });
    expect(wire()).toEqual(["e2 02 9e ff", "a2 02 61 00"]);
  });
});

test("who decides and fails has sent nothing, and nothing changes by it", () => {
  const codec = new FakeCodec();
  const { messages, wire } = outgoing(codec);
  codec.decide = () => {
    throw new TypeError("compressIf failed");
  };
  expect(() => messages.send(new Frame.Text("a", more))).toThrow("compressIf failed");
  codec.decide = () => true;
  messages.send(new Frame.Binary(hex("62")));
  expect(wire()).toEqual(["c2 01 9d"]);
});

describe("the guard", () => {
  test.each([{ rsv1: true }, { rsv3: true }])("refuses a frame with %o, with nothing changed", (bits) => {
    const { messages, wire } = outgoing(holding(), negotiated("a", { reserves: { rsv2: true } }));
    expect(() => messages.send(new Frame.Text("a", bits))).toThrow(InvalidArgumentError);
    expect(messages.frames).toBe(0);
    messages.send(new Frame.Text("a", { rsv2: true }), { compress: false });
    expect(wire()).toEqual(["a1 01 61"]);
  });

  test("sees frames when they are sent, not when the codec has time", () => {
    const { messages } = outgoing(holding());
    messages.send(new Frame.Text("a", more));
    expect(() => messages.send(new Frame.Binary(hex("62")))).toThrow(InvalidArgumentError);
    expect(() => messages.send(new Frame.Text(hex("ff")))).toThrow(InvalidArgumentError);
    expect(messages.frames).toBe(1);
  });
});

describe("while a codec takes its time", () => {
  test("messages wait in order, whether to be encoded or not; pings and pongs pass; Close goes last", async () => {
    const codec = holding();
    const { messages, wire, finish } = outgoing(codec);
    messages.send(text("a"));
    messages.send(text("b"), { compress: false });
    messages.send(new Frame.Ping(hex("01")));
    messages.send(text("c"));
    messages.send(new Frame.Pong(hex("02")));
    messages.send(new Frame.Close());
    expect(wire()).toEqual(["89 01 01", "8a 01 02"]);
    expect(codec.busy).toBe(1);
    await finish();
    expect(wire()).toEqual(["c1 01 9e", "81 01 62"]);
    expect(codec.busy).toBe(1);
    await finish();
    expect(wire()).toEqual(["c1 01 9c", "88 00"]);
    expect(messages).toMatchObject({ frames: 0, bytes: 0, job: null });
  });

  test("frames and bytes count what waits, the job included", async () => {
    const { messages, finish } = outgoing(holding());
    messages.send(text("abc"));
    expect(messages).toMatchObject({ frames: 1, bytes: 3 });
    messages.send(text("de"));
    messages.send(text(""));
    messages.send(new Frame.Ping(hex("61 62")));
    expect(messages).toMatchObject({ frames: 3, bytes: 5 });
    await finish();
    expect(messages).toMatchObject({ frames: 2, bytes: 2 });
    await finish();
    expect(messages).toMatchObject({ frames: 1, bytes: 0 });
    await finish();
    expect(messages).toMatchObject({ frames: 0, bytes: 0 });
  });

  test("what waits is a copy: the caller may change its own", async () => {
    const codec = holding();
    const { messages, wire, finish } = outgoing(codec);
    const payloads = [hex("61"), hex("62"), hex("63")];
    messages.send(new Frame.Binary(payloads[0] as Uint8Array));
    messages.send(new Frame.Binary(payloads[1] as Uint8Array));
    messages.send(new Frame.Text(payloads[2] as Uint8Array), { compress: false });
    for (const payload of payloads) payload.fill(0);
    await finish();
    await finish();
    expect(wire()).toEqual(["c2 01 9e", "c2 01 9d", "81 01 63"]);
  });

  test("fragments keep to their message's decision", async () => {
    const codec = holding();
    const { messages, wire, finish } = outgoing(codec);
    messages.send(new Frame.Text("a", more));
    messages.send(new Frame.Text("b"), { compress: false });
    messages.send(new Frame.Text("c", more), { compress: false });
    messages.send(new Frame.Text("d"), { compress: true });
    await finish();
    expect(wire()).toEqual(["41 01 9e"]);
    await finish();
    expect(wire()).toEqual(["80 01 9d", "01 01 63", "80 01 64"]);
    expect(codec.busy).toBe(0);
  });

  test("what is abandoned never leaves, all but a Close frame, and a late result means nothing", () => {
    const { messages, wire } = outgoing(holding());
    messages.send(text("a"));
    messages.send(text("b"), { compress: false });
    messages.abandon();
    expect(messages.job).toBeNull();
    // They are still counted, as what was never sent.
    expect(messages).toMatchObject({ messages: 2, bytes: 0 });
    messages.encoded(hex("9e"));
    expect(wire()).toEqual([]);
  });

  test("a Close frame is no message, and goes even when those before it are abandoned", () => {
    const { messages, wire } = outgoing(holding());
    messages.send(text("c"));
    messages.send(text("d"));
    messages.send(new Frame.Close());
    expect(messages).toMatchObject({ frames: 3, messages: 2 });
    messages.abandon();
    expect(wire()).toEqual(["88 00"]);
    expect(messages).toMatchObject({ messages: 2, bytes: 0 });
  });
});

test("without a codec all passes at once", () => {
  const { messages, wire } = outgoing(null);
  messages.send(new Frame.Text("a", more), { compress: true });
  messages.send(text("b"));
  expect(wire()).toEqual(["01 01 61", "80 01 62"]);
  expect(messages.job).toBeNull();
});
