// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../protocol/errors.ts";
import { type ContractCase, codeOf, expectEqual, rejectionOf } from "./contract-case.ts";

/** What is asked for, and what is told about it. */
export const handshake: readonly ContractCase[] = [
  {
    name: "headers of the request reach the server",
    needs: ["requestHeaders"],
    async run({ client, url }) {
      const headers = { "X-Team": "red", "X-Many": ["1", "2"] };
      await client().webSocket({ url: `${url}/headers`, headers }, async (session) => {
        const frame = await session.incoming.receive();
        const seen = JSON.parse(frame.type === "text" ? frame.readText() : "{}") as Record<string, string>;
        expectEqual([seen["x-team"], seen["x-many"]], ["red", "1, 2"], "the headers");
      });
    },
  },
  {
    name: "the server's choice of a subprotocol is the session's",
    async run({ client, url }) {
      const request = { url: `${url}/echo`, subprotocols: ["v1.contract", "v2.contract"] };
      const chosen = await client().webSocket(request, (session) => session.subprotocol);
      expectEqual(chosen, "v2.contract", "the subprotocol");
      expectEqual(
        await client().webSocket(`${url}/echo`, (session) => session.subprotocol),
        "",
        "without an offer",
      );
    },
  },
  {
    name: "a server that chooses none of the subprotocols fails the handshake",
    async run({ client, url }) {
      const error = await rejectionOf(
        client().webSocketSession({ url: `${url}/echo`, subprotocols: ["unknown"] }),
      );
      expectEqual(codeOf(error), "ERR_HALYARD_HANDSHAKE", "the error's code");
    },
  },
  {
    name: "a refusal is an error with status and headers",
    needs: ["handshakeResponse"],
    async run({ client, url }) {
      const error = await rejectionOf(client().webSocketSession(`${url}/nowhere`));
      if (!(error instanceof HandshakeError)) throw error;
      expectEqual([error.status, error.phase], [404, "upgrade"], "status and phase");
      expectEqual(
        error.headers?.get("content-type")?.startsWith("text/plain"),
        true,
        "the headers being there",
      );
    },
  },
  {
    name: "query and path are the server's to see",
    async run({ client, url }) {
      const request = { url: `${url}/count`, query: { messages: 1 } };
      await client().webSocket(request, async (session) => {
        const frame = await session.incoming.receive();
        expectEqual(frame.type === "text" && frame.readText(), "0", "the only message");
      });
    },
  },
];
