// SPDX-License-Identifier: Apache-2.0
// What a program may have a say in, or a look at, of wss: identity, secrets, certificates of its own.
import { createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkServerIdentity, type TLSSocket } from "node:tls";
import forge from "node-forge";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Cio, type TlsOptions } from "../../src/engines/cio/index.ts";
import { HttpClient, InvalidArgumentError, type PluginInstance, TlsError } from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import {
  closeFrame,
  type HostileOptions,
  type HostileServer,
  hostileServer,
} from "../support/hostile-server.ts";
import { checkLeaks, turns } from "../support/leaks.ts";

checkLeaks();
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const { ca, good, client: ours, selfSigned, wrongHost } = certificates();

async function politeServer(tls: HostileOptions["tls"] = {}): Promise<HostileServer> {
  return await hostileServer(
    async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.end(closeFrame(1000).toString("latin1"));
    },
    { tls: { ...good, ...tls } },
  );
}

/** Opens and closes a session; gives the name in the certificate that we have shown. */
async function believed(tls: TlsOptions, serverTls: HostileOptions["tls"] = {}): Promise<string | undefined> {
  await using server = await politeServer(serverTls);
  await using client = testClient({}, { tls });
  const session = await client.webSocketSession(server.secureUrl);
  const { subject } = (server.peer.socket as TLSSocket).getPeerCertificate();
  expect((await session.close()).clean).toBe(true);
  return subject?.CN as string | undefined;
}

async function refused(tls: TlsOptions, serverTls: HostileOptions["tls"] = {}): Promise<TlsError> {
  await using server = await politeServer(serverTls);
  await using client = testClient({}, { tls });
  const error = await failure(client.webSocketSession(server.secureUrl), TlsError);
  await server.abandoned();
  await turns();
  for (const { size } of server.peers) expect(size).toBe(0);
  server.failures.length = 0;
  return error;
}

describe("verification is turned off by rejectUnauthorized: false alone (TL-03)", () => {
  test("not by the environment, of which the error says so", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    // Node warns of the variable, whether it obeys or not.
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { reason, message } = await refused({ ca }, selfSigned);
    expect(reason).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(message).toMatch(/NODE_TLS_REJECT_UNAUTHORIZED is not obeyed/);
  });

  test("not by a polluted prototype, nor by undefined", async () => {
    const prototype = Object.prototype as { rejectUnauthorized?: boolean };
    prototype.rejectUnauthorized = false;
    try {
      await refused({ ca }, selfSigned);
    } finally {
      delete prototype.rejectUnauthorized;
    }
    await refused({ ca, rejectUnauthorized: undefined }, selfSigned);
  });
});

test("where a request goes on to another server, that one is verified as the first was (TL-02)", async () => {
  await using first = await politeServer();
  await using second = await politeServer(selfSigned);
  const elsewhere: PluginInstance = {
    intercept: async (request, send) => {
      const answer = await send(request);
      await send({ ...request, url: new URL(second.secureUrl), safeUrl: second.secureUrl });
      return answer;
    },
  };
  await using client = testClient({}, { tls: { ca } }).install({
    name: "Elsewhere",
    prepare: () => elsewhere,
  });
  const error = await failure(client.webSocketSession(first.secureUrl), TlsError);
  expect(error).toMatchObject({ reason: "DEPTH_ZERO_SELF_SIGNED_CERT", url: second.secureUrl });
  await Promise.all([first.abandoned(), second.abandoned()]);
  await turns();
  for (const server of [first, second]) server.failures.length = 0;
  for (const { size } of second.peers) expect(size).toBe(0);
});

describe("checkServerIdentity", () => {
  test("decides instead of the check of the name, and is told the name", async () => {
    const asked: string[] = [];
    await believed(
      {
        ca,
        checkServerIdentity: (host, certificate) => {
          asked.push(host, certificate.fingerprint256.slice(2, 3));
          return undefined;
        },
      },
      wrongHost,
    );
    expect(asked).toEqual(["localhost", ":"]);
  });

  test("can go on with Node's own", async () => {
    const { reason } = await refused({ ca, checkServerIdentity }, wrongHost);
    expect(reason).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test.each<[what: string, check: () => unknown, message: RegExp]>([
    ["gives an error", () => new Error("not this one"), /refused the certificate: not this one$/],
    [
      "throws",
      () => {
        throw new Error("out of order");
      },
      /refused the certificate: out of order$/,
    ],
    ["gives something else", () => false, /it gave no Error but boolean$/],
    ["gives a promise", () => Promise.resolve(), /it gave no Error but object$/],
  ])("refuses when it %s", async (_, check, message) => {
    const error = await refused({ ca, checkServerIdentity: check as () => undefined });
    expect(error).toMatchObject({
      reason: "ERR_HALYARD_IDENTITY",
      phase: "tls",
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("keyLog", () => {
  test("is given the secrets of each connection, a line each", async () => {
    const lines: string[] = [];
    await believed({ ca, keyLog: (line) => void lines.push(line) });
    expect(lines.map((line) => line.split(" ").length)).toEqual(lines.map(() => 3));
    expect(lines.map((line) => line.split(" ")[0])).toEqual(
      expect.arrayContaining(["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"]),
    );
    expect(lines.join("")).not.toMatch(/\s$/m);
  });

  test("that throws is a TlsError, before anything is sent", async () => {
    const keyLog = () => {
      throw new Error("disk full");
    };
    const { reason, message } = await refused({ ca, keyLog });
    expect({ reason, message }).toEqual({
      reason: "ERR_HALYARD_KEY_LOG",
      message: expect.stringMatching(/tls\.keyLog threw: disk full$/) as string,
    });
  });

  test("takes the file of SSLKEYLOGFILE when it is told to, and never else", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "halyard-"));
    const file = path.join(folder, "keys");
    try {
      await believed({ ca, keyLog: "SSLKEYLOGFILE" });
      vi.stubEnv("SSLKEYLOGFILE", file);
      await believed({ ca });
      await expect(stat(file)).rejects.toThrow("ENOENT");
      await believed({ ca, keyLog: "SSLKEYLOGFILE" });
      expect(await readFile(file, "latin1")).toMatch(/^(?:[A-Z_0-9]+ [0-9a-f]+ [0-9a-f]+\n){4,}$/);
      expect((await stat(file)).mode & 0o077).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a certificate of our own (TL-06)", () => {
  const wanting = { requestCert: true, ca };
  const passphrase = "open sesame";

  /** Key and certificate in one, as PKCS #12. */
  function pfx(): Uint8Array {
    const key = forge.pki.privateKeyFromPem(ours.key);
    const made = forge.pkcs12.toPkcs12Asn1(key, forge.pki.certificateFromPem(ours.cert), passphrase, {
      algorithm: "aes256",
    });
    return Buffer.from(forge.asn1.toDer(made).getBytes(), "latin1");
  }

  test("is shown out of a PKCS #12 file", async () => {
    expect(await believed({ ca, pfx: pfx(), passphrase }, wanting)).toBe("a client");
  });

  test("is shown with a key behind a passphrase", async () => {
    const key = createPrivateKey(ours.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase,
    });
    expect(await believed({ ca, cert: ours.cert, key, passphrase }, wanting)).toBe("a client");
    for (const wrong of [undefined, "wrong"]) {
      expect(() => new HttpClient(Cio, { tls: { cert: ours.cert, key, passphrase: wrong } })).toThrow(
        InvalidArgumentError,
      );
    }
  });

  test.each<[what: string, tls: TlsOptions]>([
    ["a PKCS #12 file with another passphrase", { pfx: pfx(), passphrase: "wrong" }],
    ["a key of another certificate", { cert: ours.cert, key: otherKey() }],
  ])("is refused before anything is connected when it is %s", (_, tls) => {
    const make = () => new HttpClient(Cio, { tls });
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(/^one of (?:pfx, passphrase|cert, key) of tls cannot be used: /);
  });

  function otherKey(): string {
    return forge.pki.privateKeyToPem(forge.pki.rsa.generateKeyPair({ bits: 1024, workers: -1 }).privateKey);
  }
});
