// SPDX-License-Identifier: Apache-2.0
// Public keys that are pinned, besides all that makes a server believed.
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import type { TlsOptions } from "../../src/engines/cio/index.ts";
import { TlsError } from "../../src/index.ts";
import { certificates, type Identity, pinnedCertificates, pinOf } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { closeFrame, type HostileServer, hostileServer, type Peer } from "../support/hostile-server.ts";
import { checkLeaks, turns } from "../support/leaks.ts";

checkLeaks();

const { ca, chained, forged, pins } = pinnedCertificates();
const foreign = `sha256/${"A".repeat(43)}=`;

/** Accepts the handshake, and closes once the client has sent a frame. Notes whether TLS began with a ticket. */
async function server(
  identity: Identity,
  reused?: boolean[],
  maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<HostileServer> {
  const script = async (peer: Peer): Promise<void> => {
    reused?.push((peer.socket as TLSSocket).isSessionReused());
    await peer.accept();
    await peer.frame();
    peer.end(closeFrame(1000).toString("latin1"));
  };
  return await hostileServer(script, { tls: { ...identity, maxVersion } });
}

async function isBelieved(identity: Identity, tls: TlsOptions, host = "localhost"): Promise<void> {
  await using peer = await server(identity);
  await using client = testClient({}, { tls });
  const session = await client.webSocketSession(`wss://${host}:${peer.port}/`);
  expect((await session.close()).clean).toBe(true);
}

/** Refused, and told nothing: the script waits for a request that must never come. */
async function refusal(peer: HostileServer, tls: TlsOptions, times = 1): Promise<TlsError> {
  await using client = testClient({}, { tls });
  const refuse = () => failure(client.webSocketSession(`${peer.secureUrl}?token=secret`), TlsError);
  for (let time = 1; time < times; time++) await refuse();
  const error = await refuse();
  await untold(peer);
  return error;
}

async function untold(peer: HostileServer): Promise<void> {
  await peer.abandoned();
  await turns();
  for (const { size } of peer.peers) expect(size).toBe(0);
  peer.failures.length = 0;
}

test.each<[what: string, list: string[]]>([
  ["its own key", [pins.leaf]],
  ["the key of an intermediate authority", [pins.intermediate]],
  ["the key of the authority", [pins.authority]],
  ["one key of several", [foreign, pins.leaf]],
])("a server is believed when %s is pinned", async (_, list) => {
  await isBelieved(chained, { ca, pins: list });
});

test("a server with another key is refused, told nothing, and the error names the keys it has", async () => {
  await using peer = await server(chained);
  const error = await refusal(peer, { ca, pins: [foreign] });
  expect(error).toMatchObject({
    code: "ERR_HALYARD_TLS",
    phase: "tls",
    reason: "ERR_HALYARD_PIN_MISMATCH",
    url: `${peer.secureUrl}?...`,
    message: `cannot establish TLS with ${peer.secureUrl}?...: none of its public keys is pinned: ${pins.leaf}, ${pins.intermediate}, ${pins.authority} (if its key was changed on purpose, add the new one to the engine's tls.pins)`,
  });
});

test("a certificate that did not sign, but is sent along, has no key that counts", async () => {
  await isBelieved(forged, { ca, pins: [pins.leaf] });
  await using peer = await server(forged);
  const { message } = await refusal(peer, { ca, pins: [pins.wanted] });
  expect(message).not.toContain(pins.wanted);
});

test.each([
  ["localhost", "localhost"],
  ["LOCALHOST", "localhost"],
  ["**.localhost", "localhost"],
  ["127.0.0.1", "127.0.0.1"],
])("the pins of %s are for %s", async (pattern, host) => {
  await isBelieved(chained, { ca, pins: { "other.test": [foreign], [pattern]: [pins.leaf] } }, host);
  await using peer = await server(chained);
  await using client = testClient({}, { tls: { ca, pins: { [pattern]: [foreign] } } });
  const { reason } = await failure(client.webSocketSession(`wss://${host}:${peer.port}/`), TlsError);
  await untold(peer);
  expect(reason).toBe("ERR_HALYARD_PIN_MISMATCH");
});

test("a host for which there are no pins is believed as it is without", async () => {
  await isBelieved(chained, { ca, pins: { "*.localhost": [foreign], "other.test": [foreign] } });
});

test("a server that is not verified is refused for that, whatever is pinned", async () => {
  await using peer = await server(chained);
  expect((await refusal(peer, { pins: [pins.leaf] })).reason).toMatch(/^(?:UNABLE|SELF_SIGNED)/);
});

test("pins are checked where nothing else is: rejectUnauthorized: false", async () => {
  const { selfSigned } = certificates();
  const own = pinOf(selfSigned.cert);
  await isBelieved(selfSigned, { rejectUnauthorized: false, pins: [own] });
  await using peer = await server(selfSigned);
  const error = await refusal(peer, { rejectUnauthorized: false, pins: [foreign] });
  expect(error.reason).toBe("ERR_HALYARD_PIN_MISMATCH");
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "with %s, sessions of a pinned server are resumed",
  async (version) => {
    const reused: boolean[] = [];
    await using peer = await server(chained, reused, version);
    await using client = testClient({}, { tls: { ca, pins: [pins.intermediate] } });
    for (let round = 0; round < 3; round++) await (await client.webSocketSession(peer.secureUrl)).close();
    expect(reused).toEqual([false, true, true]);
  },
);

test("those of a refused server never are, though TLS 1.2 gives the ticket before", async () => {
  const reused: boolean[] = [];
  await using peer = await server(chained, reused, "TLSv1.2");
  await refusal(peer, { ca, pins: [foreign] }, 3);
  expect(reused).toEqual([false, false, false]);
});
