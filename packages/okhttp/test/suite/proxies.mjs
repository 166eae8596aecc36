// SPDX-License-Identifier: Apache-2.0
// The least of two proxies that a client can go through.
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";

function join(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
    from.pipe(to);
  }
}

/** A tunnel by CONNECT (RFC 9110 section 9.3.6) for whoever gives user and password. */
export function httpProxy(user, password) {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return createHttpServer().on("connect", (request, socket) => {
    if (request.headers["proxy-authorization"] !== wanted) {
      socket.end('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="test"\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const [host, port] = request.url.split(":");
    const server = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Yes\r\n\r\n");
      join(socket, server);
    });
    server.on("error", () => socket.destroy());
  });
}

/** SOCKS 5 without user and password (RFC 1928), to names and addresses of version 4. */
export function socksProxy() {
  return createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request) => {
        const isName = request[3] === 3;
        const host = isName
          ? request.toString("latin1", 5, 5 + request[4])
          : request.subarray(4, 8).join(".");
        const server = connect(request.readUInt16BE(isName ? 5 + request[4] : 8), host, () => {
          socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
          join(socket, server);
        });
        server.on("error", () => socket.destroy());
      });
    });
  });
}
