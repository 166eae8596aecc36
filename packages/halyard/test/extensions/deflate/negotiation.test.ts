// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveConfig } from "../../../src/extensions/deflate/config.ts";
import { acceptAnswer, chooseOffer, offerFor } from "../../../src/extensions/deflate/negotiation.ts";
import { type DeflateConfig, deflate } from "../../../src/extensions/deflate/node/index.ts";
import { HandshakeError, InvalidArgumentError } from "../../../src/protocol/errors.ts";
import { formatExtensions, parseExtensions } from "../../../src/protocol/handshake/header-grammar.ts";
import { FULL } from "./support.ts";

const NAME = "permessage-deflate";

function wishesOf(config: DeflateConfig) {
  return resolveConfig(config).wishes;
}

function offered(config: DeflateConfig): string {
  return formatExtensions(deflate(config).create().offers());
}

function accept(config: DeflateConfig, params: string) {
  const [answer] = parseExtensions(NAME + params);
  return acceptAnswer(wishesOf(config), answer!);
}

/** What a server says to an offer: its parameters, or null. */
function answered(config: DeflateConfig, ...params: readonly string[]): string | null {
  const offers = parseExtensions(params.map((text) => NAME + text).join(", "));
  const choice = chooseOffer(wishesOf(config), offers);
  return choice === null ? null : formatExtensions([choice.answer]).slice(NAME.length);
}

/** HS-06: what section 7.1 allows in neither direction. */
const INVALID = [
  "; unknown",
  "; __proto__",
  "; __proto__=8",
  "; constructor",
  "; toString",
  "; Server_No_Context_Takeover",
  "; server_no_context_takeover; server_no_context_takeover",
  "; client_no_context_takeover; client_no_context_takeover",
  "; server_max_window_bits=10; server_max_window_bits=10",
  "; client_max_window_bits=10; client_max_window_bits=11",
  "; server_no_context_takeover=1",
  "; server_no_context_takeover=true",
  "; client_no_context_takeover=0",
  '; client_no_context_takeover="x"',
  "; server_max_window_bits",
  ...["client_max_window_bits", "server_max_window_bits"].flatMap((name) =>
    [
      "7",
      "16",
      "0",
      "1000",
      "abc",
      "08",
      "010",
      "0xf",
      "0b1010",
      "1e1",
      "9.5",
      "9.0",
      "-9",
      "+9",
      "99999999999999999999",
      "NaN",
      "Infinity",
      "null",
      "__proto__",
      '"\\0\\8"',
    ].map((value) => `; ${name}=${value}`),
  ),
];

describe("the offer of a client", () => {
  test.each<[DeflateConfig, string]>([
    [{}, "; client_max_window_bits"],
    [{ clientMaxWindowBits: 9 }, "; client_max_window_bits=9"],
    [{ serverMaxWindowBits: 8 }, "; server_max_window_bits=8; client_max_window_bits"],
    [{ serverNoContextTakeover: true }, "; server_no_context_takeover; client_max_window_bits"],
    [{ clientNoContextTakeover: true }, "; client_no_context_takeover; client_max_window_bits"],
  ])("of %o is %s", (config, params) => {
    expect(offered(config)).toBe(NAME + params);
  });

  test("is followed by the alternatives, in order", () => {
    const alternatives = [{ serverMaxWindowBits: 12 }, {}];
    expect(offered({ serverMaxWindowBits: 9, serverNoContextTakeover: true, alternatives })).toBe(
      `${NAME}; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits, ` +
        `${NAME}; server_max_window_bits=12; client_max_window_bits, ${NAME}; client_max_window_bits`,
    );
  });
});

describe("a client", () => {
  test.each<[DeflateConfig, string, object]>([
    [{}, "", {}],
    [{}, "; server_no_context_takeover", { serverNoContextTakeover: true }],
    [{}, "; client_no_context_takeover", { clientNoContextTakeover: true }],
    [{}, "; client_max_window_bits=8", { clientMaxWindowBits: 8 }],
    [{}, '; server_max_window_bits="10"', { serverMaxWindowBits: 10 }],
    [{ clientNoContextTakeover: true }, "", { clientNoContextTakeover: true }],
    [{ clientMaxWindowBits: 10 }, "", { clientMaxWindowBits: 10 }],
    [{ clientMaxWindowBits: 10 }, "; client_max_window_bits=12", { clientMaxWindowBits: 10 }],
    [{ clientMaxWindowBits: 10 }, "; client_max_window_bits=9", { clientMaxWindowBits: 9 }],
    [{ serverMaxWindowBits: 10 }, "; server_max_window_bits=9", { serverMaxWindowBits: 9 }],
    [{ serverMaxWindowBits: 15 }, "", {}],
  ])("that wishes %o takes the answer %j", (config, params, expected) => {
    expect(accept(config, params)).toEqual({ ...FULL, ...expected });
  });

  test.each<[DeflateConfig, string]>([
    [{ serverNoContextTakeover: true }, ""],
    [{ serverMaxWindowBits: 10 }, ""],
    [{ serverMaxWindowBits: 10 }, "; server_max_window_bits=11"],
    [
      { serverMaxWindowBits: 10, alternatives: [{ serverNoContextTakeover: true }] },
      "; server_max_window_bits=11",
    ],
    [{}, "; client_max_window_bits"],
    ...INVALID.map((params): [DeflateConfig, string] => [{}, params]),
  ])("that wishes %o refuses the answer %j (HS-06)", (config, params) => {
    expect(() => accept(config, params)).toThrow(HandshakeError);
  });

  test("takes an answer to an alternative, and keeps what any offer that may be meant has told of it", () => {
    const config = {
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
      alternatives: [{ clientMaxWindowBits: 12 }],
    };
    expect(accept(config, "")).toEqual({ ...FULL, clientMaxWindowBits: 12 });
    expect(accept(config, "; server_max_window_bits=10")).toEqual({
      ...FULL,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
    });
    const hinting = { alternatives: [{ clientNoContextTakeover: true }] };
    expect(accept(hinting, "")).toEqual({ ...FULL, clientNoContextTakeover: true });
  });
});

describe("a server", () => {
  test.each<[DeflateConfig, readonly string[], string | null]>([
    [{}, [""], ""],
    [{}, ["; client_max_window_bits"], ""],
    [{}, ["; client_max_window_bits=9"], "; client_max_window_bits=9"],
    [{}, ["; server_max_window_bits=8"], "; server_max_window_bits=8"],
    [{}, ["; server_max_window_bits=15"], "; server_max_window_bits=15"],
    [
      {},
      ["; server_no_context_takeover; client_no_context_takeover"],
      "; server_no_context_takeover; client_no_context_takeover",
    ],
    [{ serverMaxWindowBits: 10 }, [""], "; server_max_window_bits=10"],
    [{ serverMaxWindowBits: 10 }, ["; server_max_window_bits=12"], "; server_max_window_bits=10"],
    [{ serverMaxWindowBits: 10 }, ["; server_max_window_bits=9"], "; server_max_window_bits=9"],
    [{ clientMaxWindowBits: 10 }, ["; client_max_window_bits"], "; client_max_window_bits=10"],
    [{ clientMaxWindowBits: 10 }, ["; client_max_window_bits=8"], "; client_max_window_bits=8"],
    [{ clientMaxWindowBits: 10 }, [""], null],
    [{ clientMaxWindowBits: 15 }, [""], ""],
    [{ clientMaxWindowBits: 10 }, ["", "; client_max_window_bits=12"], "; client_max_window_bits=10"],
    [
      { clientMaxWindowBits: 10, alternatives: [{ clientNoContextTakeover: true }] },
      [""],
      "; client_no_context_takeover",
    ],
    [
      { clientNoContextTakeover: true, serverNoContextTakeover: true },
      [""],
      "; server_no_context_takeover; client_no_context_takeover",
    ],
    [{}, ["; unknown", "; server_max_window_bits=9", ""], "; server_max_window_bits=9"],
  ])("that wishes %o answers the offers %j with %j", (config, offers, expected) => {
    expect(answered(config, ...offers)).toBe(expected);
  });

  test.each(INVALID)("declines %j, and takes the next offer", (params) => {
    expect(answered({}, params)).toBeNull();
    expect(answered({}, params, "; server_no_context_takeover")).toBe("; server_no_context_takeover");
  });
});

const bits = fc.option(fc.integer({ min: 8, max: 15 }), { nil: undefined });
const negotiation = fc.record({
  clientNoContextTakeover: fc.boolean(),
  serverNoContextTakeover: fc.boolean(),
  clientMaxWindowBits: bits,
  serverMaxWindowBits: bits,
});

test("whatever both wish, they agree, within the wishes of both, and mean the same", () => {
  fc.assert(
    fc.property(negotiation, negotiation, (clientConfig, serverConfig) => {
      const client = wishesOf(clientConfig);
      const choice = chooseOffer(
        wishesOf(serverConfig),
        parseExtensions(formatExtensions(client.map(offerFor))),
      );
      const [answer] = parseExtensions(formatExtensions([choice!.answer]));
      const agreed = acceptAnswer(client, answer!);
      expect(agreed).toEqual(choice!.parameters);
      for (const wish of [clientConfig, serverConfig]) {
        expect(agreed.serverNoContextTakeover || !wish.serverNoContextTakeover).toBe(true);
        expect(agreed.clientNoContextTakeover || !wish.clientNoContextTakeover).toBe(true);
        expect(agreed.serverMaxWindowBits).toBeLessThanOrEqual(wish.serverMaxWindowBits ?? 15);
        expect(agreed.clientMaxWindowBits).toBeLessThanOrEqual(wish.clientMaxWindowBits ?? 15);
      }
    }),
  );
});

describe("deflate()", () => {
  test.each<[string, unknown]>([
    ["an option that does not exist", { levle: 3 }],
    ["null", null],
    ["a number", 9],
    ["a level of 10", { level: 10 }],
    ["a level that is a string", { level: "9" }],
    ["a level of -1", { level: -1 }],
    ["a memLevel of 0", { memLevel: 0 }],
    ["a threshold below 0", { threshold: -1 }],
    ["a threshold that is no number", { threshold: Number.NaN }],
    ["a window of 7 bits", { clientMaxWindowBits: 7 }],
    ["a window of 16 bits", { serverMaxWindowBits: 16 }],
    ["a window of 9.5 bits", { serverMaxWindowBits: 9.5 }],
    ["a flag that is a string", { serverNoContextTakeover: "no" }],
    ["a compressIf that is true", { compressIf: true }],
    ["alternatives that are no array", { alternatives: {} }],
    ["an alternative with a level", { alternatives: [{ level: 3 }] }],
    ["an alternative with a bad window", { alternatives: [{ clientMaxWindowBits: 0 }] }],
  ])("refuses %s", (_, config) => {
    expect(() => deflate(config as DeflateConfig)).toThrow(InvalidArgumentError);
  });

  test("takes what is undefined as not given, and nothing from the prototype", () => {
    const config = Object.create({ serverMaxWindowBits: 9 }) as DeflateConfig;
    expect(offered(Object.assign(config, { level: undefined }))).toBe(`${NAME}; client_max_window_bits`);
  });

  test("claims RSV1, and makes no codec before the negotiation or after a refusal", () => {
    const factory = deflate();
    expect(factory).toMatchObject({ name: NAME, reserves: { rsv1: true } });
    const extension = factory.create();
    expect(() => extension.codec!("server")).toThrow(InvalidArgumentError);
    expect(extension.answer(parseExtensions(`${NAME}; unknown`))).toBeNull();
    expect(() => extension.codec!("server")).toThrow(InvalidArgumentError);
    expect(extension.answer(parseExtensions(NAME))).toEqual({ name: NAME, params: [] });
    expect(extension.codec!("server").rsv).toBe(0x40);
  });
});
