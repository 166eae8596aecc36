// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded, type ChannelBounds, unlimited } from "../../src/session/bounds.ts";
import { resolveConfig, type SessionConfig } from "../../src/session/config.ts";
import { ContentConverter } from "../../src/session/content-converter.ts";

const resolve = (config: object) => resolveConfig("WebSockets", config as SessionConfig);

test("every default", () => {
  expect(resolve({})).toEqual({
    pingInterval: 20_000,
    pingTimeout: 20_000,
    limits: {
      maxFrameSize: 16_777_216,
      maxMessageSize: 16_777_216,
      maxFragments: 131_072,
      maxPendingPongs: 16,
    },
    closeTimeout: 5000,
    handshakeTimeout: 10_000,
    incoming: { messages: 256, bytes: 1_048_576, onOverflow: "suspend" },
    outgoing: { messages: 65_536, bytes: 1_048_576, onOverflow: "suspend" },
    extensions: [],
  });
});

test("everything that is given is taken", () => {
  const incoming = bounded({ messages: 7, onOverflow: "close" });
  expect(
    resolve({
      pingInterval: 1,
      pingTimeout: 2,
      maxFrameSize: 3,
      maxMessageSize: 4,
      maxFragments: 5,
      maxPendingPongs: 8,
      closeTimeout: 6,
      handshakeTimeout: 7,
      channels: { incoming, outgoing: unlimited() },
    }),
  ).toEqual({
    pingInterval: 1,
    pingTimeout: 2,
    limits: { maxFrameSize: 3, maxMessageSize: 4, maxFragments: 5, maxPendingPongs: 8 },
    closeTimeout: 6,
    handshakeTimeout: 7,
    incoming,
    outgoing: unlimited(),
    extensions: [],
  });
});

test("extensions and a heartbeat are taken, in objects of our own", () => {
  const extensions = [{ name: "a", reserves: {}, create: () => expect.unreachable() }];
  const heartbeat = { message: () => "beat", isAnswer: () => true };
  const resolved = resolve({ extensions, heartbeat });
  expect(resolved).toMatchObject({ extensions, heartbeat });
  expect(resolved.extensions).not.toBe(extensions);
  expect(resolve({ heartbeat: { message: heartbeat.message } }).heartbeat).toEqual({
    message: heartbeat.message,
  });
});

test.each<[object, string]>([
  [{ heartbeat: { message: "beat" } }, "heartbeat.message must be of type function"],
  [{ heartbeat: {} }, "heartbeat.message"],
  [{ heartbeat: { message: () => "", isAnswer: true } }, "heartbeat.isAnswer must be of type function"],
  [{ heartbeat: { message: () => "", every: 1 } }, "WebSockets.heartbeat"],
  [{ channels: { outgoing: { most: 1 } } }, "WebSockets.channels.outgoing"],
])("%o is refused", (config, message) => {
  expect(() => resolve(config)).toThrow(InvalidArgumentError);
  expect(() => resolve(config)).toThrow(message);
});

test("periods can be switched off", () => {
  expect(resolve({ pingInterval: 0, pingTimeout: Infinity })).toMatchObject({
    pingInterval: Infinity,
    pingTimeout: Infinity,
  });
});

test("one channel can be given without the other, and undefined counts as not given", () => {
  const { incoming, outgoing } = resolve({
    channels: { incoming: undefined, outgoing: bounded({ bytes: 9 }) },
  });
  expect([incoming.messages, outgoing.bytes]).toEqual([256, 9]);
});

test("later changes to what was given do not reach it", () => {
  const incoming = { messages: 1, bytes: 2, onOverflow: "suspend" };
  const resolved = resolve({ channels: { incoming } });
  incoming.messages = 100;
  expect(resolved.incoming.messages).toBe(1);
});

describe("what cannot be used is refused", () => {
  test.each([
    [{ pingIntervall: 1 }, 'WebSockets has no option "pingIntervall"'],
    [{ channels: { inbound: unlimited() } }, 'WebSockets.channels has no option "inbound"'],
    [{ channels: { incoming: { size: 1 } } }, 'WebSockets.channels.incoming has no option "size"'],
    [{ channels: { outgoing: { messages: 0 } as ChannelBounds } }, "messages must be a positive integer"],
    [{ pingInterval: -1 }, "pingInterval must be"],
    [{ pingTimeout: "1" }, "pingTimeout must be"],
    [{ maxFrameSize: 0 }, "maxFrameSize must be"],
    [{ maxMessageSize: 1.5 }, "maxMessageSize must be"],
    [{ maxFragments: -1 }, "maxFragments must be"],
    [{ closeTimeout: 0 }, "closeTimeout must be"],
    [{ handshakeTimeout: Infinity }, "handshakeTimeout must be"],
  ])("%o", (config, message) => {
    expect(() => resolve(config)).toThrow(InvalidArgumentError);
    expect(() => resolve(config)).toThrow(message);
  });
});

test("a converter of one's own extends ContentConverter, and what is none is refused", () => {
  class Lines extends ContentConverter {
    override serialize(value: unknown): Frame {
      return new Frame.Text(String(value));
    }
    override isApplicable(frame: Frame): boolean {
      return frame.type === "text";
    }
    override deserialize(frame: Frame): unknown {
      return (frame as Frame.Text).readText();
    }
  }
  const contentConverter = new Lines();
  expect(resolve({ contentConverter }).contentConverter).toBe(contentConverter);
  expect(() => resolve({ contentConverter: JSON })).toThrow(
    /contentConverter is none: give json\(\), codec\(\)/,
  );
});
