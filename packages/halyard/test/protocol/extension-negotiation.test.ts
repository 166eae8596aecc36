// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { HandshakeError, InvalidArgumentError } from "../../src/protocol/errors.ts";
import type { WebSocketExtensionFactory } from "../../src/protocol/extension.ts";
import {
  answerOffers,
  checkExtensions,
  OfferedExtensions,
} from "../../src/protocol/extension-negotiation.ts";
import type { ExtensionOffer } from "../../src/protocol/handshake/header-grammar.ts";
import type { NegotiatedExtension } from "../../src/protocol/message-extensions.ts";
import { fakeFactory } from "./fake-extension.ts";

function offer(name: string, ...params: string[]): ExtensionOffer {
  return { name, params: params.map((param) => ({ name: param, value: null })) };
}

function names(all: readonly NegotiatedExtension[]): string[] {
  return all.map(({ extension }) => extension.name);
}

describe("extensions can live together", () => {
  test("when names and bits differ", () => {
    expect(() => checkExtensions([])).not.toThrow();
    expect(() =>
      checkExtensions([
        fakeFactory("a", { reserves: { rsv1: true } }),
        fakeFactory("b", { reserves: { rsv2: true, rsv3: true } }),
        fakeFactory("c"),
        fakeFactory("d", { reserves: { rsv1: false } }),
      ]),
    ).not.toThrow();
  });

  test.each([{ rsv1: true }, { rsv2: true }, { rsv3: true }])("not when both claim %o", (bit) => {
    const all = { rsv1: true, rsv2: true, rsv3: true };
    for (const reserves of [bit, all]) {
      const pair = [fakeFactory("a", { reserves: bit }), fakeFactory("b", { reserves })];
      expect(() => checkExtensions(pair)).toThrow(InvalidArgumentError);
      expect(() => checkExtensions(pair)).toThrow("the extension b claims a reserved bit");
    }
  });

  test("not when a name is there twice", () => {
    expect(() => checkExtensions([fakeFactory("a"), fakeFactory("b"), fakeFactory("a")])).toThrow(
      "the extension a is there twice",
    );
  });

  test.each(["", "two words", "a;b", "a,b", "é"])("not with the name %j, which is no token", (name) => {
    expect(() => checkExtensions([fakeFactory(name)])).toThrow(InvalidArgumentError);
  });

  test.each<[string, unknown]>([
    ["no array", fakeFactory("a")],
    ["a string", "permessage-deflate"],
    ["no name", [{ reserves: {}, create: () => undefined }]],
  ])("not given as %s", (_, extensions) => {
    expect(() => checkExtensions(extensions as WebSocketExtensionFactory[])).toThrow(InvalidArgumentError);
  });
});

describe("a client", () => {
  const first = [offer("a", "best"), offer("a")];
  const factories = [fakeFactory("a", { offers: () => first }), fakeFactory("b")];

  test("offers all of each extension, in the order of the configuration (RFC 6455 section 9.1)", () => {
    expect(new OfferedExtensions(factories).offers).toEqual([...first, offer("b")]);
    expect(new OfferedExtensions(factories.toReversed()).offers).toEqual([offer("b"), ...first]);
    expect(new OfferedExtensions([]).offers).toEqual([]);
  });

  test("has what was answered, in the order of the answer", () => {
    const offered = new OfferedExtensions(factories);
    expect(names(offered.accept([offer("b"), offer("a")]))).toEqual(["b", "a"]);
    expect(names(new OfferedExtensions(factories).accept([offer("b")]))).toEqual(["b"]);
    expect(new OfferedExtensions(factories).accept([])).toEqual([]);
  });

  test("shows each extension its answer and nobody else's", () => {
    const seen: string[] = [];
    const spies = ["a", "b"].map((name) =>
      fakeFactory(name, {
        accept: (answer) => void seen.push(`${name}: ${answer.params.map((param) => param.name).join()}`),
      }),
    );
    new OfferedExtensions(spies).accept([offer("b", "y"), offer("a", "x")]);
    expect(seen).toEqual(["b: y", "a: x"]);
  });

  test("fails for an answer that an extension cannot take", () => {
    const error = new HandshakeError("no");
    const strict = fakeFactory("a", {
      accept: () => {
        throw error;
      },
    });
    expect(() => new OfferedExtensions([strict]).accept([offer("a")])).toThrow(error);
  });

  test("makes new instances for each handshake, and keeps what they reserve", () => {
    const factory = fakeFactory("a", { reserves: { rsv2: true } });
    const [one] = new OfferedExtensions([factory]).accept([offer("a")]);
    const [other] = new OfferedExtensions([factory]).accept([offer("a")]);
    expect(one?.extension).not.toBe(other?.extension);
    expect(one?.reserves).toEqual({ rsv2: true });
  });
});

describe("a server", () => {
  test("answers in the order of its configuration, whatever that of the offers", () => {
    const { answers, negotiated } = answerOffers(
      [fakeFactory("a"), fakeFactory("b")],
      [offer("b"), offer("x"), offer("a")],
    );
    expect(answers).toEqual([offer("a"), offer("b")]);
    expect(names(negotiated)).toEqual(["a", "b"]);
  });

  test("shows an extension all offers of its name, in order, and no others", () => {
    let seen: readonly ExtensionOffer[] = [];
    const answer = (offers: readonly ExtensionOffer[]): ExtensionOffer | null => {
      seen = offers;
      return offers[1] ?? null;
    };
    const { answers } = answerOffers(
      [fakeFactory("a", { answer })],
      [offer("a", "one"), offer("b"), offer("a", "two")],
    );
    expect(seen).toEqual([offer("a", "one"), offer("a", "two")]);
    expect(answers).toEqual([offer("a", "two")]);
  });

  test("says nothing about what it declines, and asks nobody who was not offered", () => {
    let asked = 0;
    const declines = fakeFactory("a", { answer: () => null });
    const absent = fakeFactory("c", {
      answer: () => {
        asked++;
        return offer("c");
      },
    });
    const { answers, negotiated } = answerOffers(
      [declines, absent, fakeFactory("b", { reserves: { rsv3: true } })],
      [offer("a"), offer("b")],
    );
    expect(answers).toEqual([offer("b")]);
    expect(negotiated.map(({ reserves }) => reserves)).toEqual([{ rsv3: true }]);
    expect(asked).toBe(0);
  });

  test("without extensions agrees to nothing", () => {
    expect(answerOffers([], [offer("a")])).toEqual({ answers: [], negotiated: [] });
  });
});

test("an extension speaks only for its own name, on either side", () => {
  const factory = fakeFactory("a");
  const stranger: WebSocketExtensionFactory = {
    ...factory,
    create: () => ({
      name: "a",
      offers: () => [offer("b")],
      accept: () => undefined,
      answer: () => offer("b"),
    }),
  };
  expect(() => new OfferedExtensions([stranger])).toThrow("the extension a cannot speak for b");
  expect(() => answerOffers([stranger], [offer("a")])).toThrow(InvalidArgumentError);
});
