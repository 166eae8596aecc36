// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { TlsClient } from "../../src/sockets/tls-client.ts";
import { certificates } from "../support/certificates.ts";

test.each([{}, { ca: certificates().ca }])("certificates are read once for all connections", (options) => {
  const client = new TlsClient(options);
  const { secureContext } = client.connectionOptions({ host: "a.test", port: 1 });
  expect(secureContext).toBeDefined();
  expect(client.connectionOptions({ host: "b.test", port: 2 }).secureContext).toBe(secureContext);
});

test.each([
  ["a.test", "a.test"],
  ["a.test.", "a.test"],
  ["127.0.0.1", ""],
  ["::1", ""],
])("%s is asked for by the name %j (TL-04)", (host, servername) => {
  expect(new TlsClient({}).connectionOptions({ host, port: 1 }).servername).toBe(servername);
  expect(new TlsClient({ servername: "x.test" }).connectionOptions({ host, port: 1 }).servername).toBe(
    "x.test",
  );
});
