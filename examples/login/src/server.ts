// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { upgradeWebSocket } from "halyard/server";

const passwords = new Map([["Ann", hash("correct horse")]]);

/** A server that gives a cookie for a password, and a session at `/chat` for the cookie. */
export function chatServer(): Server {
  /** Who has logged in, by the value of the cookie. */
  const members = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const name = request.method === "POST" && request.url === "/login" ? await nameOf(request) : undefined;
    if (name !== undefined) {
      const id = randomUUID();
      members.set(id, name);
      response.setHeader("Set-Cookie", `id=${id}; HttpOnly; SameSite=Strict; Path=/`);
    }
    response.writeHead(name === undefined ? 403 : 204, { Connection: "close" }).end();
  });
  server.on("upgrade", (request, socket, head) => {
    const [, id = ""] = /(?:^|; )id=([^;]*)/.exec(request.headers.cookie ?? "") ?? [];
    const name = members.get(id);
    if (name === undefined || request.url !== "/chat") {
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    void upgradeWebSocket(request, socket, head, (session) => session.send(`Welcome, ${name}!`));
  });
  return server;
}

/** The name of a form whose password is right. Real servers hash passwords slowly, and bound what they read. */
async function nameOf(request: IncomingMessage): Promise<string | undefined> {
  const form = new URLSearchParams(await text(request));
  const name = form.get("name") ?? "";
  const known = passwords.get(name);
  const isRight = timingSafeEqual(hash(form.get("password") ?? ""), known ?? hash(""));
  return known !== undefined && isRight ? name : undefined;
}

/** Of one length, whatever the password's: only then do times say nothing. */
function hash(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}
