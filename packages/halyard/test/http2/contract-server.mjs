// SPDX-License-Identifier: Apache-2.0
// The servers of the engine contract: prints their ports and the certificate, as JSON, ends with its input, and by itself after some
// minutes.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { WebSocketServer } from "halyard/server";
import { contractRoutes, contractSubprotocols } from "halyard/testing";
import { writeCertificate } from "../../../../bench/server/certificate.mjs";

const folder = mkdtempSync(path.join(tmpdir(), "halyard-certificate-"));
const ca = readFileSync(writeCertificate(folder), "utf8");
const cert = readFileSync(path.join(folder, "certificate.pem"), "utf8");
const key = readFileSync(path.join(folder, "key.pem"), "utf8");
rmSync(folder, { recursive: true });

/** @param {import("halyard/server").WebSocketServerOptions} options */
async function listen(options) {
  const server = new WebSocketServer({ subprotocols: contractSubprotocols, ...options });
  contractRoutes(server);
  const { port } = await server.listen();
  return port;
}

const ports = {
  http1: await listen({}),
  http2: await listen({ http2: true }),
  tls: await listen({ http2: true, tls: { cert, key } }),
};
process.stdout.write(`${JSON.stringify({ ...ports, ca, cert, key })}\n`);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 15 * 60_000);
