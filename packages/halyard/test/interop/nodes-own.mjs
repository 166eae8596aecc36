// SPDX-License-Identifier: Apache-2.0
// Which event comes first of a platform's own WebSocket, as a line of JSON: node nodes-own.mjs URL
const socket = new WebSocket(process.argv[2]);
for (const event of ["open", "error"]) {
  socket.addEventListener(event, () => {
    process.stdout.write(`${JSON.stringify({ event })}\n`, () => process.exit());
  });
}
