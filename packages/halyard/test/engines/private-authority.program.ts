// SPDX-License-Identifier: Apache-2.0
// Opens a session on Js, sends a message and prints what came of it: private-authority.program.mjs '{"url":…,"ca":…}'
import { Js, type JsOptions, type WebSocketLike } from "../../src/engines/js/index.ts";
import { HalyardError, HttpClient, WebSockets } from "../../src/index.ts";

const { url, ca } = JSON.parse(process.argv[2] ?? "") as { url: string; ca?: string };

/** What the constructor of each platform takes for it. */
async function options(authority: string): Promise<object> {
  if ("Deno" in globalThis) {
    const { Deno } = globalThis as unknown as {
      Deno: { createHttpClient(options: { caCerts: string[] }): object };
    };
    return { client: Deno.createHttpClient({ caCerts: [authority] }) };
  }
  if ("Bun" in globalThis) return { tls: { ca: authority } };
  const { Agent } = await import("undici");
  return { dispatcher: new Agent({ connect: { ca: authority } }) };
}

async function jsOptions(): Promise<JsOptions> {
  if (ca === undefined) return {};
  const more = await options(ca);
  const Constructor = globalThis.WebSocket as unknown as new (url: string, options: object) => WebSocketLike;
  return {
    create: (request) => new Constructor(request.url, { protocols: [...request.subprotocols], ...more }),
  };
}

async function outcome(): Promise<object> {
  const client = new HttpClient(Js, await jsOptions()).install(WebSockets, { handshakeTimeout: 10_000 });
  try {
    return await client.webSocket(url, async (session) => {
      await session.send("over TLS");
      const frame = await session.incoming.receive();
      return { echo: frame.type === "text" ? frame.readText() : frame.type };
    });
  } catch (error) {
    return error instanceof HalyardError ? { code: error.code } : { error: String(error) };
  }
}

process.stdout.write(JSON.stringify(await outcome()), () => process.exit());
