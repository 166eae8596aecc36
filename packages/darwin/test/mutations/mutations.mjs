// SPDX-License-Identifier: Apache-2.0
// Faults of the binding that the tests must find: each is one a person could make who reads Apple's documentation.

/** @typedef {{ what: string, file: string, from: string, to: string, tests: string }} Mutation */

/**
 * @param {string} file
 * @param {readonly (readonly [tests: string, what: string, from: string, to: string])[]} rows
 * @returns {Mutation[]}
 */
const inFile = (file, rows) => rows.map(([tests, what, from, to]) => ({ file, tests, what, from, to }));

/** @type {readonly Mutation[]} */
export const mutations = [
  ...inFile("task-socket.ts", [
    [
      "contract/contract",
      "receive is not armed again",
      "      this.#receive();\n      this.#stopSettling();",
      "      this.#stopSettling();",
    ],
    [
      "messages",
      "receive is armed while nobody reads",
      "this.#isOver || this.#isPaused || this.#isReceiving",
      "this.#isOver || this.#isReceiving",
    ],
    [
      "messages",
      "receive is not armed when somebody reads again",
      "    this.#isPaused = false;\n    this.#receive();",
      "    this.#isPaused = false;",
    ],
    [
      "socket",
      "receive is armed twice",
      "this.#isPaused || this.#isReceiving || this.#isDrained",
      "this.#isPaused || this.#isDrained",
    ],
    [
      "socket",
      "receive is armed after our close",
      "this.#isDrained || this.#isClosedByUs) return;\n    this.#isReceiving = true;",
      "this.#isDrained) return;\n    this.#isReceiving = true;",
    ],
    [
      "endings",
      "a receive that fails is the end",
      "        return this.#settle();\n      }\n      if (this.#isOver)",
      "        return this.#tell();\n      }\n      if (this.#isOver)",
    ],
    ["endings", "didComplete is ignored", "    this.#completion = { error };\n", "    void error;\n"],
    [
      "endings",
      "didClose is ignored",
      "    this.#close = { code, message: reasonText(this.#options.foundation, reason) };\n",
      "    void [code, reason];\n",
    ],
    [
      "endings",
      "the task's closeCode is not looked at",
      "const close = this.#close ?? this.#closeOfTask();",
      "const close = this.#close;",
    ],
    [
      "endings",
      "the end is told before the messages",
      "if (isTold && (this.#isDrained || this.#isClosedByUs))",
      "if (isTold)",
    ],
    [
      "endings",
      "nothing is told until a receive has failed",
      "    if (isTold || this.#failure !== null || this.#isDrained) {",
      "    if (isTold && this.#isDrained) {",
    ],
    [
      "endings",
      "a failed receive alone ends nothing",
      "    if (isTold || this.#failure !== null || this.#isDrained) {",
      "    if (isTold) {",
    ],
    [
      "socket",
      "a wait for the end goes on while messages come",
      "      this.#stopSettling();\n      this.#settle();\n    });",
      "      this.#settle();\n    });",
    ],
    ["endings", "a close is sent before what was sent", " || this.#unsentMessages > 0) return;", ") return;"],
    [
      "endings",
      "the reason of a close is lost",
      "reasonData(this.#options.foundation, message));\n    this.#settle",
      "null);\n    this.#settle",
    ],
    ["endings", "an empty close goes out as 1005", "const { code = 1000,", "const { code = 1005,"],
    [
      "contract/contract",
      "a close without an answer that is told is never clean",
      "this.#isClosedByUs && this.#isCompletedAsAsked()",
      "this.#isClosedByUs && false",
    ],
    [
      "endings",
      "an end that was not asked for is clean",
      "this.#isClosedByUs && this.#isCompletedAsAsked()",
      "true",
    ],
    [
      "endings",
      "1006 is a Close frame",
      "return code !== 0 && code !== 1006 && code !== 1015;",
      "return code !== 0;",
    ],
    [
      "endings",
      "faults are told as losses",
      "if (fault !== null) listener?.failed(fault);\n    else if",
      "if",
    ],
    [
      "endings",
      "what the delegate is told hides a fault",
      "if (fault !== null) listener",
      "if (fault !== null && close === null) listener",
    ],
    [
      "pings",
      "several pings are under way",
      "    if (this.#ping !== null) {\n      this.#nextPing = payload;\n      return;\n    }\n",
      "",
    ],
    [
      "pings",
      "a ping that waits is forgotten",
      "      this.#listener?.pong?.(payload);\n      this.#sendNextPing();",
      "      this.#listener?.pong?.(payload);",
    ],
    [
      "pings",
      "the second call of a pong's handler counts",
      "if (isAnswered || this.#isOver) return;",
      "if (this.#isOver) return;",
    ],
    ["pings", "pongs are not told", "      this.#listener?.pong?.(payload);\n", ""],
    [
      "pings",
      "a ping is sent with another one's payload",
      "this.#listener?.pong?.(payload);",
      "this.#listener?.pong?.(new Uint8Array(4));",
    ],
    ["messages", "what waits to be written is not counted", "    this.bufferedAmount += size;\n", ""],
    [
      "endings",
      "what was not sent counts as sent",
      "if (error === null) this.bufferedAmount -= size;",
      "this.bufferedAmount -= size;",
    ],
    [
      "socket",
      "a session that is dropped leaves its task",
      "    if (this.#completion === null) this.#task.cancel();\n",
      "",
    ],
    ["socket", "events are told after the end", "    this.#isOver = true;\n", ""],
  ]),
  ...inFile("task-session.ts", [
    ["opening", "the app's cookies are sent", "    configuration.HTTPCookieStorage = null;\n", ""],
    [
      "endings",
      "the session's time-out ends idle connections",
      "    configuration.timeoutIntervalForRequest = never;\n",
      "",
    ],
    ["endings", "the request's time-out ends idle connections", "    request.timeoutInterval = never;\n", ""],
    [
      "endings",
      "the resource's time-out ends old connections",
      "    configuration.timeoutIntervalForResource = never;\n",
      "",
    ],
    [
      "opening",
      "redirects are followed",
      "    handler(null);\n  },\n  URLSessionTaskDidReceiveChallenge",
      "    handler(_next);\n  },\n  URLSessionTaskDidReceiveChallenge",
    ],
    [
      "contract/contract",
      "the delegate is called on any thread",
      "      NSOperationQueue.mainQueue,\n",
      "      null,\n",
    ],
    [
      "opening",
      "Apple's limit of 1 MiB is left",
      "    task.maximumMessageSize = maximumMessageSize === Infinity ? 0 : maximumMessageSize;\n",
      "",
    ],
    [
      "opening",
      "no limit is Infinity",
      "maximumMessageSize === Infinity ? 0 : maximumMessageSize",
      "maximumMessageSize",
    ],
    [
      "opening",
      "a challenge is trusted by default",
      "const performDefaultHandling = 1;",
      "const performDefaultHandling = 0;",
    ],
    ["opening", "a handler that throws leaves the challenge", "      answer(cancelChallenge, null);\n", ""],
    ["opening", "a second answer goes on to Apple", "      if (isAnswered) return;\n", ""],
    [
      "opening",
      "what a handler throws is lost",
      "      this.eventsOf(task)?.challengeFailed?.(error);\n",
      "      void error;\n",
    ],
    [
      "contract/contract",
      "the session is left when the engine is closed",
      "    this.#session.invalidateAndCancel();\n",
      "",
    ],
    [
      "contract/contract",
      "a delegate serves the first engine for ever",
      "  owners.set(delegate, owner);\n",
      "  if (!owners.has(delegateClass)) owners.set(delegateClass, owner);\n",
    ],
  ]),
  ...inFile("darwin-binding.ts", [
    [
      "opening",
      "a refusal that is told as open is open",
      "if (response !== undefined && response.status !== 101) return fail(refused(safeUrl, response));",
      "void refused;",
    ],
    [
      "contract/contract",
      "the subprotocol is taken from the delegate alone",
      'protocol ?? response?.headers.get("Sec-WebSocket-Protocol") ?? ""',
      'protocol ?? ""',
    ],
    [
      "opening",
      "an attempt that is given up leaves its task",
      "        session.forget(task);\n        task.cancel();\n",
      "        session.forget(task);\n",
    ],
    ["opening", "an attempt is not given up", "      attempt.onAbort(fail);\n", ""],
    [
      "opening",
      "the engine has a session for each connection",
      "this.#session ??= new TaskSession",
      "this.#session = new TaskSession",
    ],
  ]),
  ...inFile("headers.ts", [
    ["opening", "of several values of a header the last is sent", 'values.join(", ")', 'values.at(-1) ?? ""'],
    ["opening", "subprotocols are not offered", "[...headers, ...offer]", "[...headers]"],
    [
      "opening",
      "headers of the handshake go to Apple",
      "  refuseReserved(headers, { url });\n",
      "  void refuseReserved;\n",
    ],
    [
      "opening",
      "line breaks in headers go to Apple",
      "!token.test(name) || !fieldValue.test(value)",
      "!token.test(name)",
    ],
    [
      "opening",
      "what is no header of an answer is taken for one",
      "token.test(name) && fieldValue.test(value)",
      "true",
    ],
  ]),
  ...inFile("bytes.ts", [
    [
      "contract/contract",
      "the memory of a message is not copied",
      "return NSData.dataWithData((isWhole ? buffer : new Uint8Array(bytes).buffer) as unknown as FoundationData);",
      "void NSData;\n  return (isWhole ? buffer : new Uint8Array(bytes).buffer) as unknown as FoundationData;",
    ],
    [
      "messages",
      "of a view the memory is sent from its beginning",
      "const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;",
      "const isWhole = buffer instanceof ArrayBuffer;",
    ],
    [
      "contract/contract",
      "data of no bytes is made a buffer",
      "data === null || data.length === 0",
      "data === null",
    ],
    [
      "endings",
      "no reason is a reason",
      'return message === "" ? null',
      'return message === "" ? (message as never)',
    ],
  ]),
  ...inFile("errors.ts", [
    [
      "endings",
      "errors of the Network framework are not known",
      "(NSPOSIXErrorDomain|kNWErrorDomainPOSIX)",
      "(NSPOSIXErrorDomain)",
    ],
    ["endings", "a message that is too long is a loss", "error.code === 40", "error.code === 90"],
    ["endings", "a breach of the protocol is a loss", "error.code === 100", "error.code === 71"],
    ["contract/contract", "that we have cancelled is an error", "? code === -999", "? code === -1"],
    [
      "opening",
      "an untrusted certificate is any error",
      '  [-1202, "NSURLErrorServerCertificateUntrusted"],\n',
      "",
    ],
    [
      "opening",
      "a refusal is any error",
      "if (answer !== undefined && answer.status !== 101) return refused(url, answer, cause);",
      "",
    ],
  ]),
];
