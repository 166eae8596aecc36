// SPDX-License-Identifier: Apache-2.0
import { DefaultRequest, HandshakeError, HttpClient, HttpCookies, toughCookies, WebSockets } from "halyard";
import { CookieJar } from "tough-cookie";

/** Tries the door, logs in, and goes through it. */
export async function visit(port: number, print: (line: string) => void): Promise<void> {
  const client = new HttpClient()
    .install(WebSockets)
    .install(HttpCookies, { storage: toughCookies(new CookieJar()) })
    .install(DefaultRequest, { host: "127.0.0.1", port });
  try {
    await client
      .webSocket("/chat", () => undefined)
      .catch((error: unknown) => {
        if (error instanceof HandshakeError) print(`Without a log-in: ${error.status}`);
        else throw error;
      });
    for (const password of ["guess", "correct horse"]) {
      const body = new URLSearchParams({ name: "Ann", password });
      const response = await client.post({ path: "/login", body });
      print(`Log-in with "${password}": ${response.status}`);
    }
    await client.webSocket("/chat", async (session) => {
      const frame = await session.incoming.receive();
      if (frame.type === "text") print(`Server: ${frame.readText()}`);
    });
  } finally {
    await client.close();
  }
}
