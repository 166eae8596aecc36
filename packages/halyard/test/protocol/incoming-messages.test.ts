// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import { FrameDecoder } from "../../src/protocol/frame-decoder.ts";
import { IncomingMessages } from "../../src/protocol/incoming-messages.ts";
import { plainKernel } from "../../src/protocol/kernel.ts";
import { MessageAssembler } from "../../src/protocol/message-assembler.ts";
import { MessageExtensions } from "../../src/protocol/message-extensions.ts";
import { FakeCodec, withCodec } from "./fake-extension.ts";
import { type Bytes, hex, ROLES, type Role, show, toRole } from "./support.ts";

function incoming(role: Role, codec: FakeCodec | null, maxMessageSize = 100) {
  const extensions = new MessageExtensions(codec === null ? [] : [withCodec(codec)], role);
  const decoder = new FrameDecoder({ role, maxFrameSize: 100, reserved: extensions.reserved });
  const assembler = new MessageAssembler(decoder, role === "server", "default", {
    maxMessageSize,
    maxFragments: 10,
  });
  const messages = new IncomingMessages(decoder, assembler, extensions, maxMessageSize, plainKernel);
  const feed = (...frames: readonly Bytes[]): void => decoder.feed(toRole(role, ...frames));
  /** All that comes without waiting for the codec. */
  const all = (): string[] => {
    const frames = [];
    for (let frame = messages.next(); frame !== null; frame = messages.next()) frames.push(frame);
    return show(frames);
  };
  /** Gives the codec's result on, as who drives a connection does. */
  const finish = async (): Promise<void> => {
    codec?.finish();
    messages.settle({ payload: (await messages.job) as Uint8Array });
  };
  return { messages, feed, all, finish };
}

describe.each(ROLES)("to a %s", (role) => {
  test("messages come decoded where their bit says so, the others as they are", () => {
    const codec = new FakeCodec();
    const { feed, all, messages } = incoming(role, codec);
    feed("c1 01 9e", "81 01 61", "c2 02 9d 9c", "89 01 70", "c2 00");
    expect(all()).toEqual(["text 61", "text 61", "binary 62 63", "ping 70", "binary"]);
    expect(codec.calls).toEqual([
      "decode 9e fin <= 100",
      "decode 9d 9c fin <= 100",
      "decode fin <= 100".replace("decode", "decode "),
    ]);
    expect(messages).toMatchObject({ job: null, hasInput: false });
  });

  test("fragments are decoded as one, and control frames between them come first", () => {
    const codec = new FakeCodec();
    const { feed, all } = incoming(role, codec);
    feed("41 01 9e", "89 00", "00 00", "80 01 9d");
    expect(all()).toEqual(["ping", "text 61 62"]);
    expect(codec.calls).toEqual(["decode 9e 9d fin <= 100"]);
  });

  test("what follows a message that is being decoded waits for it, control frames and faults too (CM-06)", async () => {
    const codec = new FakeCodec();
    codec.holds = true;
    const { feed, all, finish, messages } = incoming(role, codec);
    feed("81 01 78", "c1 01 9e", "89 01 70", "82 01 ff", "c1 01 9d", "88 00", "ff 00");
    expect(all()).toEqual(["text 78"]);
    expect(codec.busy).toBe(1);
    expect(all()).toEqual([]);
    expect(messages.hasInput).toBe(true);
    await finish();
    expect(messages.job).toBeNull();
    expect(all()).toEqual(["text 61", "ping 70", "binary ff"]);
    expect(codec.calls).toHaveLength(2);
    await finish();
    expect(show([messages.next() as never, messages.next() as never])).toEqual(["text 62", "close"]);
    expect(() => messages.next()).toThrow(ProtocolViolationError);
  });

  test("a result that is there waits until it is asked for", async () => {
    const codec = new FakeCodec();
    codec.holds = true;
    const { feed, all, finish, messages } = incoming(role, codec);
    feed("c1 01 9e");
    expect(all()).toEqual([]);
    expect(messages).toMatchObject({ hasInput: true, job: expect.any(Promise) });
    await finish();
    expect(messages).toMatchObject({ hasInput: true, job: null });
    expect(all()).toEqual(["text 61"]);
    expect(messages.hasInput).toBe(false);
  });

  test("text is checked when it was decoded, in either way (RFC 6455 section 8.1)", async () => {
    for (const holds of [false, true]) {
      const codec = new FakeCodec();
      codec.holds = holds;
      const { feed, finish, messages } = incoming(role, codec);
      // c3 28 on the wire is 3c d7, which is no UTF-8 either and does not matter.
      feed("c1 02 3c d7");
      if (holds) expect(messages.next()).toBeNull();
      if (holds) await finish();
      expect(() => messages.next()).toThrow(new ProtocolViolationError("a text message is not UTF-8", 1007));
    }
  });

  test.each([new ProtocolViolationError("garbage", 1007), new FrameTooBigError("maxMessageSize", 101, 100)])(
    "what the codec finds is thrown in its place: %s",
    async (fault) => {
      for (const holds of [false, true]) {
        const codec = new FakeCodec();
        codec.holds = holds;
        const { feed, messages } = incoming(role, codec);
        feed("81 01 61", "c1 01 9e", "81 01 62");
        expect(messages.next()).not.toBeNull();
        if (holds) {
          expect(messages.next()).toBeNull();
          codec.fail(fault);
          await expect(messages.job).rejects.toBe(fault);
          messages.settle({ error: fault });
        } else {
          codec.fault = fault;
        }
        expect(() => messages.next()).toThrow(fault);
      }
    },
  );

  test("the codec may make as much of a message as maxMessageSize", () => {
    const codec = new FakeCodec();
    const { feed, all } = incoming(role, codec, 7);
    feed("c1 01 9e");
    all();
    expect(codec.calls).toEqual(["decode 9e fin <= 7"]);
  });

  test("what was abandoned, and all behind it, does not come any more", async () => {
    const codec = new FakeCodec();
    codec.holds = true;
    const { feed, all, messages } = incoming(role, codec);
    feed("c1 01 9e", "81 01 62", "c1 01 9d");
    expect(all()).toEqual([]);
    messages.abandon();
    messages.settle({ payload: hex("61") });
    expect(messages).toMatchObject({ job: null, hasInput: false });
    expect(all()).toEqual([]);
    expect(codec.calls).toHaveLength(1);
  });

  test("without a codec nothing is ever under way", () => {
    const { feed, all, messages } = incoming(role, null);
    feed("81 01 61");
    expect(all()).toEqual(["text 61"]);
    messages.settle({ payload: hex("62") });
    expect(messages).toMatchObject({ job: null, hasInput: false });
  });
});
