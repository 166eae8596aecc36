// SPDX-License-Identifier: Apache-2.0
// Answers to a handshake that are no good, or at the edge of it (RFC 6455 section 4.1; RFC 9112).
import {
  type AnswerCase,
  type AnswerMore,
  accepts,
  agreeing,
  broken,
  drips,
  head,
  hiAndBye,
  opened,
  pours,
  refused,
  replacing,
  takes,
  tellsLess,
  timedOut,
  waits,
} from "./answer.ts";
import { end, reset } from "./case.ts";

const status = "HTTP/1.1 101 Switching Protocols";
const otherAccept = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";
const doesNotAnswer = refused(/does not answer the key/, { status: 101 });
const twice = refused(/comes 2 times/, { status: 101 });

const upgrade: readonly AnswerCase[] = [
  ["HS-01", "no Upgrade", [replacing("Upgrade")], refused(/no "Upgrade" header/, { status: 101 })],
  ["HS-01", "another Upgrade", [replacing("Upgrade", "h2c")], refused(/upgrades to "h2c"/)],
  [
    "HS-01",
    "a list in Upgrade",
    [replacing("Upgrade", "websocket, h2c")],
    refused(/upgrades to "websocket, h2c"/),
  ],
  ["HS-01", "an empty Upgrade", [replacing("Upgrade", "")], refused(/upgrades to ""/)],
  ["HS-01", "no Connection", [replacing("Connection")], refused(/"Connection" header/)],
  ["HS-01", "another Connection", [replacing("Connection", "close")], refused(/"Connection" header/)],
  [
    "HS-01",
    "a Connection that only contains the word",
    [replacing("Connection", "xupgrade")],
    refused(/"Connection" header/),
  ],
  [
    "HS-02",
    "a Connection that lists others",
    [replacing("Connection", "keep-alive, Upgrade"), hiAndBye],
    opened,
    // OkHttp wants the one word.
    tellsLess,
  ],
  [
    "HS-02",
    "a Connection in two fields",
    [replacing("Connection", "keep-alive", "upgrade"), hiAndBye],
    opened,
  ],
  ["HS-02", "odd case", [replacing("Upgrade", "WebSocket"), hiAndBye], opened],
  ["HS-02", "white space around a value", [replacing("Upgrade", "\t websocket \t"), hiAndBye], opened],
  [
    "HS-02",
    "names in odd case, and no space behind a colon",
    [head(status, "uPGRADE:websocket", "CONNECTION:Upgrade", "sec-websocket-accept:{accept}"), hiAndBye],
    opened,
  ],
];

const keys: readonly AnswerCase[] = [
  [
    "HS-03",
    "no accept",
    [replacing("Sec-WebSocket-Accept")],
    refused(/no "Sec-WebSocket-Accept"/, { status: 101 }),
  ],
  ["HS-03", "an accept for another key", [replacing("Sec-WebSocket-Accept", otherAccept)], doesNotAnswer],
  ["HS-03", "an empty accept", [replacing("Sec-WebSocket-Accept", "")], doesNotAnswer],
  [
    "HS-03",
    "an accept with more behind it",
    [replacing("Sec-WebSocket-Accept", "{accept} x")],
    doesNotAnswer,
  ],
  ["HS-03", "an accept in quotes", [replacing("Sec-WebSocket-Accept", '"{accept}"')], doesNotAnswer],
  ["HS-03", "the key itself", [replacing("Sec-WebSocket-Accept", "{key}")], doesNotAnswer],
  ["HS-04", "two Upgrade", [replacing("Upgrade", "websocket", "websocket")], twice],
  [
    "HS-04",
    "the right accept before a wrong one",
    [replacing("Sec-WebSocket-Accept", "{accept}", otherAccept)],
    twice,
  ],
  [
    "HS-04",
    "the right accept behind a wrong one",
    [replacing("Sec-WebSocket-Accept", otherAccept, "{accept}")],
    twice,
  ],
  ["HS-04", "the right accept twice", [replacing("Sec-WebSocket-Accept", "{accept}", "{accept}")], twice],
  ["HS-04", "a subprotocol twice", [subprotocol("a", "a")], twice, { subprotocols: ["a"], ...tellsLess }],
];

function extension(...values: readonly string[]): string {
  return agreeing(...values.map((value) => `Sec-WebSocket-Extensions: ${value}`));
}

function subprotocol(...values: readonly string[]): string {
  return agreeing(...values.map((value) => `Sec-WebSocket-Protocol: ${value}`));
}

const offering: AnswerMore = { offersDeflate: true };

/** What `ws` reads by Number(). */
const lenient = ["server_max_window_bits=08", "server_max_window_bits=0xf"];

const extensions: readonly AnswerCase[] = [
  [
    "HS-05",
    "an extension, though none was offered",
    [extension("x-other")],
    refused(/"x-other", which was not offered/),
  ],
  [
    "HS-05",
    "an extension beside the one that was offered",
    [extension("permessage-deflate, x")],
    refused(/"x", which was not/),
    offering,
  ],
  [
    "HS-05",
    "an extension twice",
    [extension("permessage-deflate, permessage-deflate")],
    refused(/twice/),
    { ...offering, ...accepts },
  ],
  ["HS-05", "extensions in two fields", [extension("permessage-deflate", "x")], twice, offering],
  ["HS-06", "an empty list of extensions", [extension("")], refused(/malformed/), offering],
  [
    "HS-06",
    "__proto__ as an extension",
    [extension("__proto__")],
    refused(/which was not offered/),
    offering,
  ],
  [
    "HS-06",
    "a quoted string without an end",
    [extension('permessage-deflate; server_max_window_bits="10')],
    refused(/malformed/),
    offering,
  ],
  ...[
    "x=1",
    "__proto__=1",
    "server_no_context_takeover; server_no_context_takeover",
    "server_no_context_takeover=1",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=1000",
    "server_max_window_bits=abc",
    "server_max_window_bits=08",
    "server_max_window_bits=0xf",
    "server_max_window_bits=9.5",
    "server_max_window_bits=-9",
    "server_max_window_bits=9999999999999999999999",
    "server_max_window_bits",
    "server_max_window_bits=10; server_max_window_bits=10",
  ].map((parameters): AnswerCase => {
    return [
      "HS-06",
      `permessage-deflate with ${parameters}`,
      [extension(`permessage-deflate; ${parameters}`)],
      refused(/permessage-deflate/),
      { ...offering, ...(lenient.includes(parameters) && accepts) },
    ];
  }),
];

const a: AnswerMore = { subprotocols: ["a", "b"] };

const subprotocols: readonly AnswerCase[] = [
  [
    "HS-07",
    "a subprotocol, though none was offered",
    [subprotocol("a")],
    refused(/"a", which was not offered/),
  ],
  [
    "HS-07",
    "a subprotocol that was not offered",
    [subprotocol("c")],
    refused(/"c", which was not offered/),
    a,
  ],
  ["HS-07", "a subprotocol in another case", [subprotocol("A")], refused(/"A", which was not offered/), a],
  ["HS-07", "a list of subprotocols", [subprotocol("a, b")], refused(/"a, b", which was not offered/), a],
  ["HS-07", "an empty subprotocol", [subprotocol("")], refused(/"", which was not offered/), a],
  [
    "HS-07",
    "constructor as a subprotocol",
    [subprotocol("constructor")],
    refused(/which was not offered/),
    a,
  ],
  [
    "HS-08",
    "none of the subprotocols that were offered",
    [agreeing()],
    refused(/none of the 2 subprotocols/),
    a,
  ],
];

const malformed: readonly AnswerCase[] = [
  ["HS-09", "a folded line", [agreeing("A: b", " c")], refused(/folded/)],
  ["HS-09", "white space before a colon", [agreeing("A : b")], refused(/./)],
  ["HS-09", "a line without a colon", [agreeing("bogus")], refused(/no colon/)],
  ["HS-09", "a header without a name", [agreeing(": b")], refused(/./)],
  ["HS-09", "a name that is no token", [agreeing("A(b): c")], refused(/./)],
  ["HS-09", "NUL in a value", [agreeing("A: b\0c")], refused(/control character 0x00/)],
  ["HS-09", "a control character in a value", [agreeing("A: b\x01c")], refused(/control character 0x01/)],
  ["HS-09", "a bare CR in a value", [agreeing("A: b\rc")], refused(/./)],
  ["HS-09", "a bare LF", [agreeing("A: b\nB: c")], refused(/LF without CR/), takes],
  ["HS-09", "LF for every CRLF", [agreeing().replaceAll("\r", "")], refused(/LF without CR/), takes],
  [
    "HS-09",
    "a header named __proto__ is one like others",
    [agreeing("__proto__: x", "constructor: y"), hiAndBye],
    opened,
  ],
  ["HS-10", "a status line without a version", [head("101 Switching Protocols")], refused(/not HTTP/)],
  ["HS-10", "HTTP/2", [head("HTTP/2 101 Switching Protocols")], refused(/status line/)],
  [
    "HS-10",
    "HTTP/1.0",
    [agreeing().replace("HTTP/1.1", "HTTP/1.0")],
    refused(/needs HTTP\/1\.1/),
    { ...accepts, ...takes },
  ],
  ["HS-10", "a status of four digits", [agreeing().replace("101", "1010")], refused(/status line/)],
  ["HS-10", "a status of two digits", [agreeing().replace("101", "10")], refused(/status line/)],
  ["HS-10", "a status that is no number", [agreeing().replace("101", "1o1")], refused(/status line/)],
  ["HS-10", "two spaces before the status", [agreeing().replace(" 101", "  101")], refused(/status line/)],
  ["HS-10", "a reason without an end", ["HTTP/1.1 101 ", pours("S".repeat(4_096))], refused(/limit of 8192/)],
];

const tooMuch: readonly AnswerCase[] = [
  [
    "HS-11",
    "a header of 9,000 bytes",
    [agreeing(`A: ${"b".repeat(9_000)}`)],
    refused(/limit of 8192/),
    { ...accepts, ...takes },
  ],
  [
    "HS-11",
    "a header without an end",
    [`${status}\r\nA: `, pours("b".repeat(4_096))],
    refused(/limit of 8192/),
  ],
  ["HS-11", "129 headers", [head(status, ...Array<string>(129).fill("A: b"))], refused(/limit of 128/)],
  ["HS-11", "headers without an end", [`${status}\r\n`, pours("A: b\r\n")], refused(/limit of 128/), waits],
  [
    "HS-11",
    "a head without an end",
    [`${status}\r\n`, pours(`A: ${"b".repeat(8_000)}\r\n`)],
    refused(/limit of 65536/),
  ],
];

const soon: AnswerMore = { config: { handshakeTimeout: 100 } };
const early = head("HTTP/1.1 103 Early Hints", "Link: </a>");

const waiting: readonly AnswerCase[] = [
  ["HS-12", "silence", [], timedOut, soon],
  ["HS-12", "silence inside the status line", ["HTTP/1.1 1"], timedOut, soon],
  ["HS-12", "silence inside the head", [`${status}\r\nUpgr`], timedOut, soon],
  ["HS-12", "silence behind an interim answer", [early], timedOut, soon],
  [
    "HS-13",
    "100 and 103 before the answer",
    [head("HTTP/1.1 100 Continue"), early, agreeing(), hiAndBye],
    opened,
  ],
  ["HS-13", "16 interim answers", [early.repeat(16), agreeing(), hiAndBye], opened],
  ["HS-12", "17 interim answers", [early.repeat(17)], refused(/more than 16 interim/)],
  ["HS-12", "interim answers without an end", [pours(early)], refused(/more than 16 interim/), waits],
];

const ends: readonly AnswerCase[] = (
  [
    ["before the answer", ""],
    ["inside the status line", "HTTP/1.1 1"],
    ["inside the head", `${status}\r\nUpgrade: web`],
    ["before the last byte of the head", agreeing().slice(0, -1)],
    ["behind an interim answer", early],
  ] as const
).flatMap(([where, text]): AnswerCase[] => [
  ["HS-16", `an end ${where}`, [text, end], refused(/closed the connection/)],
  ["HS-16", `a reset ${where}`, [text, reset], broken],
]);

const noAnswers: readonly AnswerCase[] = [
  ...ends,
  [
    "HS-16",
    "an end right behind the head",
    [agreeing(), end],
    { received: ["ConnectionError"], reason: 1006 },
  ],
  ["HS-16", "another protocol", ["220 smtp.example ESMTP\r\n"], refused(/not HTTP/)],
  ["HS-16", "garbage", ["\x00\xff\x17\x03\x03"], refused(/not HTTP/)],
  ["HS-16", "a TLS alert", ["\x15\x03\x03\x00\x02\x02\x28"], refused(/not HTTP/)],
  ["HS-16", "frames without an answer", [hiAndBye], refused(/not HTTP/)],
  [
    "HS-14",
    "a 101 with content",
    [agreeing("Content-Length: 5")],
    refused(/announces content/),
    { ...accepts, ...takes },
  ],
  [
    "HS-14",
    "a 101 with chunks",
    [agreeing("Transfer-Encoding: chunked")],
    refused(/announces content/),
    { ...accepts, ...takes },
  ],
  ["HS-14", "a 101 without content, which says so", [agreeing("Content-Length: 0"), hiAndBye], opened],
  ["HS-15", "frames right behind the head", [agreeing(), hiAndBye], opened],
];

const forbidden = "HTTP/1.1 403 Forbidden";

const refusals: readonly AnswerCase[] = [
  ...[200, 204, 301, 307, 400, 401, 404, 407, 426, 500, 503].map((code): AnswerCase => {
    return [
      "HS-18",
      `a status of ${code}`,
      [head(`HTTP/1.1 ${code} No`, "Content-Length: 0")],
      refused(/with status/, { status: code, body: "" }),
      // It must come from a proxy.
      code === 407 ? tellsLess : {},
    ];
  }),
  [
    "HS-18",
    "a body",
    [head(forbidden, "Content-Length: 2"), "no"],
    refused(/403/, { status: 403, body: "no" }),
  ],
  [
    "HS-18",
    "a body without a length, and no end",
    [head(forbidden), "no"],
    refused(/403/, { status: 403, body: "no" }),
  ],
  [
    "HS-18",
    "a body that never comes",
    [head(forbidden, "Content-Length: 9")],
    refused(/403/, { status: 403, body: "" }),
  ],
  [
    "HS-18",
    "a body without an end",
    [head(forbidden), pours("x".repeat(1_000))],
    refused(/403/, { body: "x".repeat(4_096) }),
  ],
  ["HS-18", "a body that drips", [head(forbidden), drips("x")], refused(/403/, { status: 403 })],
  [
    "HS-18",
    "chunks",
    [head(forbidden, "Transfer-Encoding: chunked"), "2\r\nno\r\n0\r\n\r\n"],
    refused(/403/, { body: "no" }),
  ],
  [
    "HS-18",
    "chunks that are none",
    [head(forbidden, "Transfer-Encoding: chunked"), "bogus\r\nno"],
    refused(/403/, { body: "" }),
  ],
  [
    "HS-18",
    "gzip that is none",
    [head(forbidden, "Content-Encoding: gzip", "Content-Length: 2"), "no"],
    refused(/403/, { body: "no" }),
    tellsLess,
  ],
  [
    "HS-18",
    "a body that is cut by a reset",
    [head(forbidden, "Content-Length: 9"), "no", reset],
    refused(/403/, { status: 403 }),
  ],
];

export const answers: readonly AnswerCase[] = [
  ...upgrade,
  ...keys,
  ...extensions,
  ...subprotocols,
  ...malformed,
  ...tooMuch,
  ...waiting,
  ...noAnswers,
  ...refusals,
];
