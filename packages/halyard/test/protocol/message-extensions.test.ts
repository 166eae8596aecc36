// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { MessageExtensions } from "../../src/protocol/message-extensions.ts";
import { frameOptions, reservedBits } from "../../src/protocol/reserved-bits.ts";
import { FakeCodec, negotiated, withCodec } from "./fake-extension.ts";
import { hex, ROLES, toHex } from "./support.ts";

type DataFrame = Frame.Text | Frame.Binary;

/** Puts a byte behind a message. */
function appends(byte: number): (frame: DataFrame) => DataFrame {
  return (frame) => {
    const data = Uint8Array.of(...frame.data, byte);
    return frame.type === "text" ? new Frame.Text(data, frame) : new Frame.Binary(data, frame);
  };
}

function appending(name: string, byte: number): ReturnType<typeof negotiated> {
  return negotiated(name, { processIncoming: appends(byte), processOutgoing: appends(byte) });
}

describe("reserved bits", () => {
  test.each([
    [{}, 0],
    [{ rsv1: true }, 0x40],
    [{ rsv2: true }, 0x20],
    [{ rsv3: true }, 0x10],
    [{ rsv1: true, rsv2: true, rsv3: true }, 0x70],
  ])("of %o are %i, and back", (bits, byte) => {
    expect(reservedBits(bits)).toBe(byte);
    expect(reservedBits(frameOptions(true, byte))).toBe(byte);
    expect(frameOptions(false, byte).fin).toBe(false);
  });

  test("are those of all extensions, and a frame of the user's may have all but the codec's", () => {
    const other = negotiated("a", { reserves: { rsv2: true } });
    const extensions = new MessageExtensions([other, withCodec(new FakeCodec())], "client");
    expect(extensions).toMatchObject({ reserved: 0x60, settable: 0x20 });
    expect(new MessageExtensions([other], "client")).toMatchObject({ reserved: 0x20, settable: 0x20 });
    expect(new MessageExtensions([], "client")).toMatchObject({ reserved: 0, settable: 0, codec: null });
  });
});

test.each(ROLES)("a codec is made once, for a %s", (role) => {
  const roles: string[] = [];
  const extension = negotiated("a", {
    codec: (given) => {
      roles.push(given);
      return new FakeCodec();
    },
  });
  const { codec } = new MessageExtensions([extension], role);
  expect(codec).toBeInstanceOf(FakeCodec);
  expect(roles).toEqual([role]);
});

describe("frame by frame", () => {
  const extensions = new MessageExtensions(
    [appending("a", 0x61), negotiated("idle"), appending("b", 0x62)],
    "client",
  );

  test("the last extension is first on the way out, and the first one on the way in", () => {
    expect(toHex(extensions.send(new Frame.Binary(hex("00"))).data)).toBe("00 62 61");
    expect(toHex(extensions.receive(new Frame.Binary(hex("00"))).data)).toBe("00 61 62");
  });

  test("they see the bits of each other", () => {
    const sets = negotiated("sets", {
      reserves: { rsv2: true },
      processOutgoing: ({ data }) => new Frame.Binary(data, { rsv2: true }),
    });
    const seen: number[] = [];
    const looks = negotiated("looks", {
      processOutgoing: (frame) => {
        seen.push(reservedBits(frame));
        return frame;
      },
    });
    new MessageExtensions([looks, sets], "client").send(new Frame.Binary(hex("00")));
    new MessageExtensions([sets, looks], "client").send(new Frame.Binary(hex("00")));
    expect(seen).toEqual([0x20, 0]);
  });

  test("without extensions the frame is the same object", () => {
    const none = new MessageExtensions([], "client");
    const frame = new Frame.Text(hex("ff"));
    expect(none.send(frame)).toBe(frame);
    expect(none.receive(frame)).toBe(frame);
  });
});

describe("text", () => {
  const bad = hex("c3 28");

  test("is checked when it was decoded (RFC 6455 section 8.1)", () => {
    const extensions = new MessageExtensions([withCodec(new FakeCodec())], "client");
    const encoded = new Frame.Text(hex("3c"), { rsv1: true });
    expect(extensions.isEncoded(encoded)).toBe(true);
    expect(() => extensions.receive(extensions.decoded(encoded, bad))).toThrow(
      new ProtocolViolationError("a text message is not UTF-8", 1007),
    );
    const good = extensions.receive(extensions.decoded(encoded, hex("c3 a9")));
    expect(good).toMatchObject({ type: "text", rsv1: false, fin: true, isKnownUtf8: true });
    expect((good as Frame.Text).readText()).toBe("é");
  });

  test("is checked behind all extensions, not between them", () => {
    const mends = negotiated("mends", { processIncoming: () => new Frame.Text(hex("61")) });
    const spoils = negotiated("spoils", { processIncoming: () => new Frame.Text(bad) });
    const run = (...all: (typeof mends)[]): DataFrame =>
      new MessageExtensions(all, "client").receive(new Frame.Text("x"));
    expect(toHex(run(spoils, mends).data)).toBe("61");
    expect(() => run(mends, spoils)).toThrow(ProtocolViolationError);
  });

  test("keeps the bits that no codec has taken", () => {
    const extensions = new MessageExtensions(
      [withCodec(new FakeCodec()), negotiated("a", { reserves: { rsv2: true } })],
      "client",
    );
    const encoded = new Frame.Text(hex("9e"), { rsv1: true, rsv2: true });
    const decoded = extensions.receive(extensions.decoded(encoded, hex("61")));
    expect(decoded).toMatchObject({ rsv1: false, rsv2: true });
    expect(toHex(decoded.data)).toBe("61");
  });

  test("of binary messages is nobody's concern", () => {
    const extensions = new MessageExtensions([withCodec(new FakeCodec())], "client");
    const encoded = new Frame.Binary(hex("3c"), { rsv1: true });
    expect(toHex(extensions.receive(extensions.decoded(encoded, bad)).data)).toBe(toHex(bad));
  });
});

test("the codec decides what is encoded, and without one nothing is", () => {
  const codec = new FakeCodec();
  codec.decide = ({ data }, options) => data.length > 1 && options?.compress !== false;
  const extensions = new MessageExtensions([withCodec(codec)], "server");
  expect(extensions.encodes(new Frame.Text("a"), undefined)).toBe(false);
  expect(extensions.encodes(new Frame.Text("ab"), undefined)).toBe(true);
  expect(extensions.encodes(new Frame.Text("ab"), { compress: false })).toBe(false);
  expect(new MessageExtensions([], "server").encodes(new Frame.Text("ab"), { compress: true })).toBe(false);
  expect(extensions.isEncoded(new Frame.Text("a"))).toBe(false);
  expect(extensions.isEncoded(new Frame.Text("a", { rsv2: true }))).toBe(false);
});

test.each(ROLES)("two codecs are one too many for a %s", (role) => {
  const two = [withCodec(new FakeCodec()), withCodec(new FakeCodec(0x20))];
  expect(() => new MessageExtensions(two, role)).toThrow("two of the negotiated extensions have a codec");
});
