// SPDX-License-Identifier: Apache-2.0
// TL-02: whichever way leads to a server, and whichever version of HTTP is spoken with it, its TLS is verified alike.
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import type { CioOptions, TlsOptions } from "../../src/engines/cio/index.ts";
import { TlsError } from "../../src/index.ts";
import { certificates, pinOf } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { connectProxy, socks5Proxy } from "../support/forward-proxies.ts";
import { closeFrame, type HostileOptions, hostileServer, type Peer } from "../support/hostile-server.ts";
import { accept, http2Server } from "../support/http2-server.ts";
import { checkLeaks, turns } from "../support/leaks.ts";

checkLeaks();

const { ca, otherCa, good, wrongHost, client: ours } = certificates();

type Way = "directly" | "http" | "https" | "socks5h";
const ways: Way[] = ["directly", "http", "https", "socks5h"];
const versions = ["http/1.1", "h2"] as const;
const cases = ways.flatMap((way) => versions.map((version) => [way, version] as const));

/** A proxy to a server of this machine, and the options to use it; the proxy itself is trusted. */
async function wayTo(port: number, way: Way): Promise<{ options: CioOptions } & AsyncDisposable> {
  if (way === "directly")
    return { options: { proxy: false }, [Symbol.asyncDispose]: () => Promise.resolve() };
  const script = way === "socks5h" ? socks5Proxy(port, []) : connectProxy(port, []);
  const proxy = await hostileServer(script, way === "https" ? { tls: { ...good } } : {});
  return {
    options: { proxy: `${way}://localhost:${proxy.port}`, proxyTls: { ca } },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

function http2Of(version: (typeof versions)[number]): CioOptions {
  return version === "h2" ? { http2: "require" } : {};
}

describe.each(cases)("%s, %s (TL-02)", (way, version) => {
  test.each<[what: string, server: HostileOptions["tls"], tls: TlsOptions, reason: string]>([
    ["of another authority", good, { ca: otherCa }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["for another name", wrongHost, { ca }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    [
      "with another key than is pinned",
      good,
      { ca, pins: [`sha256/${"A".repeat(43)}=`] },
      "ERR_HALYARD_PIN_MISMATCH",
    ],
  ])("a certificate %s is refused, and its server told nothing", async (_, identity, tls, reason) => {
    await using server = await hostileServer(() => undefined, {
      tls: { ...identity, ALPNProtocols: [version] },
    });
    await using path = await wayTo(server.port, way);
    await using client = testClient({}, { ...path.options, ...http2Of(version), tls });
    const error = await failure(client.webSocketSession(`${server.secureUrl}?token=secret`), TlsError);
    expect(error).toMatchObject({ phase: "tls", reason });
    expect(error.message).not.toContain("secret");
    await server.abandoned();
    await turns();
    for (const { size } of server.peers) expect(size).toBe(0);
  });

  test("a server that demands a certificate is shown ours, and says when there is none", async () => {
    const shown: unknown[] = [];
    const note = (socket: TLSSocket) => shown.push(socket.getPeerCertificate().subject.CN);
    const tls = { ...good, requestCert: true, ca };
    await using server = await (version === "h2"
      ? http2Server((stream) => [note(stream.session?.socket as TLSSocket), accept(stream)], { tls })
      : hostileServer(
          async (peer: Peer) => {
            note(peer.socket as TLSSocket);
            await peer.accept();
            await peer.frame();
            peer.end(closeFrame(1000).toString("latin1"));
          },
          { tls },
        ));
    const { port } = new URL(server.url);
    await using path = await wayTo(Number(port), way);
    const options = { ...path.options, ...http2Of(version) };
    await using known = testClient({}, { ...options, tls: { ca, ...ours, pins: [pinOf(good.cert)] } });
    const session = await known.webSocketSession(`wss://localhost:${port}/`);
    expect((await session.close()).clean).toBe(true);
    await using unknown = testClient({}, { ...options, tls: { ca } });
    const error = await failure(unknown.webSocketSession(`wss://localhost:${port}/`), TlsError);
    expect(error.reason).toMatch(/_ALERT_CERTIFICATE_REQUIRED$/);
    expect(shown).toEqual(["a client"]);
  });
});
