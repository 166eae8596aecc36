// SPDX-License-Identifier: Apache-2.0
// What the documentation of Ktor and the tests of its clients say, asked of a Ktor server, besides the engine contract.
import { CloseReason, HttpClient, json, WebSockets } from "halyard";
import { deflate } from "halyard/deflate";

/**
 * Cases of the contract that Ktor's server does not let pass, and why.
 * @type {Record<string, string>}
 */
export const leftOut = {
  "messages sent before a close arrive before it":
    "Ktor's server answers a Close frame while its handler still echoes, and what it sends behind it is dropped there",
};

const jane = { id: 1, firstName: "Jane", lastName: "Smith" };

/**
 * @param {() => import("halyard").HttpClientEngine} makeEngine
 * @param {string} url
 * @returns {{ name: string, run: () => Promise<void> }[]}
 */
export function ktorCases(makeEngine, url) {
  const { capabilities } = makeEngine();
  /** @type {{ name: string, run: () => Promise<void> }[]} */
  const cases = [];

  /**
   * @param {string} name
   * @param {import("halyard").EngineCapability[]} needs
   * @param {(client: HttpClient<"WebSockets">) => Promise<void>} body
   * @param {() => import("halyard").WebSockets.Config} [config] only for engines that have what is needed
   */
  const ktor = (name, needs, body, config) => {
    if (!needs.every((capability) => capabilities.has(capability))) return;
    const run = async () => {
      const engine = makeEngine();
      const client = new HttpClient(engine).install(WebSockets, { contentConverter: json(), ...config?.() });
      try {
        await body(client);
      } finally {
        await client.close();
        await engine.close();
      }
    };
    cases.push({ name, run });
  };

  ktor("serialization: a customer is received, and one is sent", [], async (client) => {
    const customer = await client.webSocket(`${url}/customer/1`, (session) => session.receiveDeserialized());
    equal(customer, jane);
    const ann = { id: 2, firstName: "Ann", lastName: "Lee" };
    await client.webSocket(`${url}/customer`, (session) => session.sendSerialized(ann));
    const seen = await fetch(`${url.replace("ws:", "http:")}/received-customer`);
    equal(await seen.text(), "Customer(id=2, firstName=Ann, lastName=Lee)");
  });
  ktor("the chat: who joins is told how many there are, and all see every line", [], async (client) => {
    const ann = await client.webSocketSession(`${url}/chat?name=ann`);
    equal(await text(ann), "You are connected! There are 1 users here.");
    const bob = await client.webSocketSession(`${url}/chat?name=bob`);
    equal(await text(bob), "You are connected! There are 2 users here.");
    await bob.send("hello");
    equal([await text(ann), await text(bob)], ["[bob]: hello", "[bob]: hello"]);
    await ann.close();
    await bob.close();
  });
  ktor("testWebsocketSession, testEmptyFrame: an echo, also of nothing", [], async (client) => {
    const session = await client.webSocketSession(`${url}/echo`);
    for (const content of ["test", ""]) {
      await session.send(content);
      equal(await text(session), content);
    }
    await session.close();
  });
  ktor("testParallelWebsocketSessions: two at once, a hundred echoes each, in order", [], async (client) => {
    const talk = async (name) =>
      await client.webSocket(`${url}/echo`, async (session) => {
        for (let index = 0; index < 100; index++) {
          await session.send(`${name} ${index}`);
          equal(await text(session), `${name} ${index}`);
        }
      });
    await Promise.all([talk("first"), talk("second")]);
  });
  ktor("WebSockets with a query", [], async (client) => {
    const request = { url: `${url}/echo-query`, query: { param: "hello" } };
    await client.webSocket(request, async (session) => equal(await text(session), "hello"));
  });
  ktor("testReceiveLargeFrame: 24,000 characters arrive as one text", [], async (client) => {
    await client.webSocket(`${url}/text?size=24000`, async (session) =>
      equal(await text(session), "x".repeat(24_000)),
    );
  });
  ktor("testWebsocketRequiringSubProtocolWithSubProtocol", [], async (client) => {
    const request = { url: `${url}/sub-protocol`, subprotocols: ["test-protocol"] };
    await client.webSocket(request, async (session) => {
      equal(session.subprotocol, "test-protocol");
      await session.send("test");
      equal(await text(session), "test");
    });
  });
  ktor("testWebsocketRequiringSubProtocolWithoutSubProtocol: it is refused", [], async (client) => {
    await refused(
      client.webSocketSession(`${url}/sub-protocol`),
      "ERR_HALYARD_HANDSHAKE",
      "ERR_HALYARD_CONNECTION",
    );
  });
  ktor("testResponseContainsSecWebsocketProtocolHeader", ["handshakeResponse"], async (client) => {
    const request = { url: `${url}/sub-protocol`, subprotocols: ["test-protocol"] };
    await client.webSocket(request, (session) =>
      equal(session.call.response.headers.get("sec-websocket-protocol"), "test-protocol"),
    );
  });
  ktor("testCountPong: exactly one pong for one ping", ["pingPong"], async (client) => {
    await client.webSocket(`${url}/count-pong`, async (session) => {
      const count = async () => {
        await session.send("count pong");
        return await text(session);
      };
      // The first question may be there before the ping.
      while ((await count()) === "0");
      equal([await count(), await count()], ["1", "1"]);
    });
  });
  ktor("the server closes when it is told to, with its reason", [], async (client) => {
    const session = await client.webSocketSession(`${url}/close-on-end`);
    await session.send("End");
    for await (const frame of session.incoming) throw new Error(`an unexpected ${frame.type}`);
    const { code, message } = await session.closeReason;
    equal({ code, message }, { code: CloseReason.Codes.NORMAL, message: "End" });
  });
  ktor("testIncomingOverflow: a thousand sends without reading hang nothing", [], async (client) => {
    await client.webSocket(`${url}/echo`, async (session) => {
      for (let index = 0; index < 1000; index++) await session.send("test");
      for (let index = 0; index < 1000; index++) equal(await text(session), "test");
    });
  });
  ktor("the backpressure of incoming: 1,001 messages to a slow reader, in order", [], async (client) => {
    await client.webSocket(`${url}/receive-backpressure`, async (session) => {
      for (let index = 0; index <= 1000; index++) equal(await text(session), `message ${index}`);
    });
  });
  ktor(
    "testImmediateReceiveAfterConnect: what comes with the 101 is received, a hundred times at once",
    [],
    async (client) => {
      const first = async () => await client.webSocket(`${url}/greeting`, text);
      const greetings = await Promise.all(Array.from({ length: 100 }, first));
      equal([...new Set(greetings)], ["Please enter your name"]);
    },
  );
  ktor("testNotFound, and a status that is no 404", [], async (client) => {
    for (const path of ["/404", "/500"]) {
      await refused(client.webSocketSession(url + path), "ERR_HALYARD_HANDSHAKE", "ERR_HALYARD_CONNECTION");
    }
  });
  ktor("the status of a refusal is told", ["handshakeResponse"], async (client) => {
    const error = await refused(client.webSocketSession(`${url}/500`), "ERR_HALYARD_HANDSHAKE");
    equal([error.status, error.body], [500, "broken"]);
  });
  ktor("a header authorizes", ["requestHeaders"], async (client) => {
    const request = { url: `${url}/authorized`, headers: { Authorization: "Bearer valid" } };
    await client.webSocket(request, async (session) => equal(await text(session), "Hello from server"));
    const session = await client.webSocketSession(`${url}/authorized`);
    equal((await session.closeReason).code, CloseReason.Codes.VIOLATED_POLICY);
  });
  ktor(
    "testMaxFrameSizeSupported: over the limit is an error out of the block",
    ["frameLimits"],
    async (client) => {
      const block = client.webSocket(
        `${url}/text?size=1500`,
        async (session) => await session.incoming.receive(),
      );
      await refused(block, "ERR_HALYARD_FRAME_TOO_BIG");
    },
    () => ({ maxFrameSize: 1000 }),
  );
  ktor(
    "over Ktor's limit: its 1009 is our reason, or the reset behind it",
    ["closeCodes"],
    async (client) => {
      const session = await client.webSocketSession(`${url}/echo`);
      await session.send(incompressible((4 << 20) + 1));
      // Ktor ends the connection with our message half read, and TCP may then drop what it sent before.
      const { code } = await session.closeReason;
      equal([CloseReason.Codes.TOO_BIG, CloseReason.Codes.CLOSED_ABNORMALLY].includes(code), true);
    },
  );
  // deflate() cannot be used on Deno.
  if (!("Deno" in globalThis))
    ktor(
      "testWebSocketDeflateBinary: a hundred echoes, compressed both ways",
      ["extensions"],
      async (client) => {
        await client.webSocket(`${url}/extensions`, async (session) =>
          equal(await text(session), "WebSocketDeflateExtension"),
        );
        await client.webSocket(`${url}/echo`, async (session) => {
          equal(session.extensions.length, 1);
          for (let index = 0; index < 100; index++) {
            const bytes = new Uint8Array(index * 40).map((_, at) => (at * index) % 7);
            await session.send(bytes);
            const frame = await session.incoming.receive();
            equal([...frame.readBytes()], [...bytes]);
          }
        });
      },
      () => ({ extensions: [deflate({ threshold: 0 })] }),
    );
  ktor("testSessionTermination: cancel() in the block is no error of webSocket()", [], async (client) => {
    await client.webSocket(`${url}/echo`, (session) => session.cancel());
  });
  ktor("testErrorHandling: what the block throws comes out as it is", [], async (client) => {
    class Own extends Error {}
    const error = new Own("of the block");
    const outcome = await client
      .webSocket(`${url}/echo`, () => Promise.reject(error))
      .catch((thrown) => thrown);
    equal(outcome === error, true);
  });
  return cases;
}

/** Where the platform compresses, a frame is smaller than its message. @param {number} size */
function incompressible(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** @param {import("halyard").WebSocketSession} session */
async function text(session) {
  const frame = await session.incoming.receive();
  if (frame.type !== "text") throw new Error(`a ${frame.type} frame came, not a text frame`);
  return frame.readText();
}

/** @param {unknown} actual @param {unknown} expected */
function equal(actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`it is ${is} and should be ${should}`);
}

/** @param {Promise<unknown>} promise @param {string[]} codes any of them */
async function refused(promise, ...codes) {
  const error = await promise.then(
    () => new Error("it should have been refused"),
    (thrown) => thrown,
  );
  if (!codes.includes(error.code)) throw error;
  return error;
}
