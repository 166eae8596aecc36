// SPDX-License-Identifier: Apache-2.0
// What is said to proxies, byte by byte and without a socket.
import { describe, expect, test } from "vitest";
import type { Dialogue, ProxyFailure } from "../../../../src/engines/cio/proxy/dialogue.ts";
import { httpConnect } from "../../../../src/engines/cio/proxy/http-connect.ts";
import { socks4 } from "../../../../src/engines/cio/proxy/socks4.ts";
import { socks5 } from "../../../../src/engines/cio/proxy/socks5.ts";
import { ProxyError } from "../../../../src/index.ts";

const failed: ProxyFailure = (reason, context) => new ProxyError(reason, "proxy:", context);
const name = { host: "example.test", port: 0x1234 };
const ipv4 = { host: "192.0.2.1", port: 0x1234 };
const ipv6 = { host: "2001:db8::1", port: 0x1234 };
const user = { username: "u", password: "pw" };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (...texts: string[]) => Buffer.from(texts.join("").replaceAll(" ", ""), "hex");
/** "example.test", as a SOCKS request has it. */
const nameHex = Buffer.from("example.test").toString("hex");

/** Answers each thing that is said with the next of `answers`, cut into chunks of `size`; says what was said and what is behind. */
function hold(dialogue: Dialogue, answers: readonly Uint8Array[], size = 1000) {
  const said: string[] = [];
  const chunks: Uint8Array[] = [];
  let waiting = [...answers];
  let step = dialogue.next();
  while (step.done !== true) {
    if (step.value.length > 0) {
      said.push(hex(step.value));
      const [answer = new Uint8Array(0), ...others] = waiting;
      waiting = others;
      for (let at = 0; at < answer.length; at += size) chunks.push(answer.subarray(at, at + size));
    }
    const chunk = chunks.shift();
    if (chunk === undefined) return { said, rest: null };
    step = dialogue.next(chunk);
  }
  return { said, rest: Buffer.concat([step.value, ...chunks]).toString("latin1") };
}

function refusal(dialogue: Dialogue, answers: readonly Uint8Array[]): ProxyError {
  try {
    hold(dialogue, answers);
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyError);
    return error as ProxyError;
  }
  throw new Error("it should have failed");
}

/** Each with an answer that leads to the server, and in the last one the first byte of the server. */
const good: [what: string, make: () => Dialogue, answers: Uint8Array[], said: string[]][] = [
  [
    "SOCKS 4, an address",
    () => socks4(ipv4, "", failed),
    [bytes("005a 0000 00000000 41")],
    ["04011234c000020100"],
  ],
  [
    "SOCKS 4 with a user",
    () => socks4(ipv4, "u", failed),
    [bytes("005a 0000 00000000 41")],
    ["04011234c00002017500"],
  ],
  [
    "SOCKS 4a, a name",
    () => socks4(name, "u", failed),
    [bytes("005a ffff ffffffff 41")],
    [`04011234000000017500${nameHex}00`],
  ],
  [
    "SOCKS 5, a name",
    () => socks5(name, null, failed),
    [bytes("0500"), bytes("05000001 7f000001 0001 41")],
    ["050100", `050100030c${nameHex}1234`],
  ],
  [
    "SOCKS 5, an IPv6 address, answered with a name",
    () => socks5(ipv6, null, failed),
    [bytes("0500"), bytes("05000003 02 6162 0001 41")],
    ["050100", "0501000420010db80000000000000000000000011234"],
  ],
  [
    "SOCKS 5 with credentials, answered with an IPv6 address",
    () => socks5(ipv4, user, failed),
    [bytes("0502"), bytes("0100"), bytes("05000004", "00".repeat(16), "0001 41")],
    ["05020002", "01017502 7077".replace(" ", ""), "05010001c00002011234"],
  ],
  [
    "SOCKS 5 with credentials that nobody asks for",
    () => socks5(ipv4, user, failed),
    [bytes("0500"), bytes("05000001 7f000001 0001 41")],
    ["05020002", "05010001c00002011234"],
  ],
  [
    "CONNECT, whatever length a 2xx announces, in HTTP/1.0 and behind interim answers (PX-06)",
    () => httpConnect(ipv6, [["X-A", "b"]], {}, failed),
    [
      Buffer.from(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.0 204 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nA",
      ),
    ],
    [hex(Buffer.from("CONNECT [2001:db8::1]:4660 HTTP/1.1\r\nHost: [2001:db8::1]:4660\r\nX-A: b\r\n\r\n"))],
  ],
];

test.each(good)("%s, however its answers are cut (PX-07)", (_, make, answers, said) => {
  for (const size of [1, 2, 3, 5, 1000]) {
    expect(hold(make(), answers, size), `chunks of ${size}`).toEqual({ said, rest: "A" });
  }
});

test.each(good)("%s: no answer that is cut short is taken for one", (_, make, answers) => {
  const all = Buffer.concat(answers);
  const last = answers.at(-1) ?? all;
  for (let size = 0; size < last.length - 1; size++) {
    expect(hold(make(), [...answers.slice(0, -1), last.subarray(0, size)]).rest).toBeNull();
  }
});

describe("SOCKS 5 fails", () => {
  test.each<[what: string, answers: Uint8Array[], message: RegExp, status?: number]>([
    ["at another version", [bytes("0400")], /does not speak SOCKS 5: its answer begins with 4/],
    [
      "at HTTP",
      [Buffer.from("HTTP/1.1 400 Bad\r\n\r\n")],
      /does not speak SOCKS 5: its answer begins with 72/,
    ],
    ["at no method", [bytes("05ff")], /wants credentials: they stand in the user information/],
    ["at a method that was not offered", [bytes("0502")], /chose the method 2, which was not offered/],
    ["at GSSAPI", [bytes("0501")], /chose the method 1/],
    ["at a reply of another version", [bytes("0500"), bytes("0400")], /its reply begins with 4/],
    ["at its rules", [bytes("0500"), bytes("0502")], /rules do not allow/, 2],
    ["at a refused connection", [bytes("0500"), bytes("0505")], /refused its connection/, 5],
    ["at an unknown reply", [bytes("0500"), bytes("0599")], /refused with reply 153/, 0x99],
    ["at an unknown address", [bytes("0500"), bytes("05000002 00")], /address of the unknown type 2/],
    ["when it answers before it is asked", [bytes("0500 05000001 7f000001 0001")], /before it was asked/],
  ])("%s (PX-07)", (_, answers, message, status) => {
    const error = refusal(socks5(name, null, failed), answers);
    expect(error.message).toMatch(message);
    expect(error.status).toBe(status);
  });

  test.each<[what: string, answers: Uint8Array[], message: RegExp]>([
    ["at no method", [bytes("05ff")], /wants another way to authenticate/],
    ["at wrong credentials", [bytes("0502"), bytes("0101")], /does not accept the credentials/],
  ])("with credentials %s (PX-07)", (_, answers, message) => {
    expect(refusal(socks5(name, user, failed), answers).message).toMatch(message);
  });
});

test.each<[what: string, answer: Uint8Array, message: RegExp, status?: number]>([
  ["at another version", bytes("045a"), /does not speak SOCKS 4: its answer begins with 4/],
  ["at HTTP", Buffer.from("HTTP/1.1 400 Bad\r\n\r\n"), /begins with 72/],
  ["at a refusal", bytes("005b"), /rejected the request/, 0x5b],
  ["at a refusal for want of identd", bytes("005c"), /no identd/, 0x5c],
  ["at an unknown code", bytes("0000"), /refused with code 0/, 0],
])("SOCKS 4 fails %s (PX-07)", (_, answer, message, status) => {
  const error = refusal(socks4(ipv4, "", failed), [answer]);
  expect(error.message).toMatch(message);
  expect(error.status).toBe(status);
});

test.each<[what: string, answer: string, message: RegExp, status?: number]>([
  [
    "at 407",
    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n",
    /status 407 "Auth" \(it wants credentials/,
    407,
  ],
  ["at a redirect", "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n", /status 302/, 302],
  ["at an upgrade", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", /status 101/, 101],
  ["at an error with a body", "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nbody", /status 503/, 503],
  ["at what is not HTTP", "SSH-2.0-x\r\n", /is not HTTP, since it starts with "S"/],
  ["at a bad header", "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", /"A B" is not a token/, 200],
  ["at a long line", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(9000)}\r\n\r\n`, /8192/, 200],
  ["at a flood of 1xx", "HTTP/1.1 100 Continue\r\n\r\n".repeat(20), /more than 16 interim/],
])("CONNECT fails %s (PX-01)", (_, answer, message, status) => {
  const error = refusal(httpConnect(name, [], {}, failed), [Buffer.from(answer)]);
  expect(error.message).toMatch(message);
  expect(error.status).toBe(status);
});
