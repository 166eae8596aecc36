// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made when they are first asked for.
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import forge from "node-forge";

/** Certificate and private key, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The authority that signed all but `selfSigned`, PEM. */
  readonly ca: string;
  /** Another authority, which signed nothing. */
  readonly otherCa: string;
  /** For `localhost` and 127.0.0.1. */
  readonly good: Identity;
  /** For `localhost` only, not for an address. */
  readonly nameOnly: Identity;
  /** For 127.0.0.1 only, not for a name. */
  readonly addressOnly: Identity;
  /** For another host. */
  readonly wrongHost: Identity;
  readonly expired: Identity;
  readonly notYetValid: Identity;
  readonly selfSigned: Identity;
  /** Good for a client only. */
  readonly client: Identity;
}

const day = 24 * 60 * 60 * 1000;
const localhost = [
  { type: 2, value: "localhost" },
  { type: 7, ip: "127.0.0.1" },
];

interface Wanted {
  readonly name: string;
  readonly altNames?: readonly object[];
  /** In days from now. */
  readonly from?: number;
  readonly to?: number;
  readonly usage?: "serverAuth" | "clientAuth";
  readonly isAuthority?: true;
}

interface KeyPair {
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly pem: string;
}

/** The platform's own keys: those made in JavaScript take seconds. */
function keyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    privateKey: forge.pki.privateKeyFromPem(privateKey),
    pem: privateKey,
  };
}

let serialNumber = 1;

function certificate(wanted: Wanted, keys: KeyPair, issuer: string, issuerKeys: KeyPair): string {
  const { name, altNames = localhost, from = -2, to = 2, usage = "serverAuth", isAuthority } = wanted;
  const made = forge.pki.createCertificate();
  made.publicKey = keys.publicKey;
  made.serialNumber = (serialNumber++).toString(16).padStart(4, "0");
  made.validity.notBefore = new Date(Date.now() + from * day);
  made.validity.notAfter = new Date(Date.now() + to * day);
  made.setSubject([{ name: "commonName", value: name }]);
  made.setIssuer([{ name: "commonName", value: issuer }]);
  made.setExtensions(
    isAuthority
      ? [
          { name: "basicConstraints", cA: true, critical: true },
          { name: "keyUsage", keyCertSign: true, critical: true },
        ]
      : [
          { name: "basicConstraints", cA: false },
          { name: "extKeyUsage", [usage]: true },
          { name: "subjectAltName", altNames },
        ],
  );
  made.sign(issuerKeys.privateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(made);
}

function make(): Certificates {
  const [authority, leaf] = [keyPair(), keyPair()];
  const sign = (wanted: Wanted): Identity => ({
    cert: certificate(wanted, leaf, "Test Authority", authority),
    key: leaf.pem,
  });
  const root = (name: string) => certificate({ name, isAuthority: true }, authority, name, authority);
  return {
    ca: root("Test Authority"),
    otherCa: root("Other Authority"),
    good: sign({ name: "localhost" }),
    nameOnly: sign({ name: "localhost", altNames: [{ type: 2, value: "localhost" }] }),
    addressOnly: sign({ name: "address", altNames: [{ type: 7, ip: "127.0.0.1" }] }),
    wrongHost: sign({ name: "other.test", altNames: [{ type: 2, value: "other.test" }] }),
    expired: sign({ name: "localhost", from: -20, to: -10 }),
    notYetValid: sign({ name: "localhost", from: 10, to: 20 }),
    selfSigned: { cert: certificate({ name: "localhost" }, leaf, "localhost", leaf), key: leaf.pem },
    client: sign({ name: "a client", usage: "clientAuth" }),
  };
}

let made: Certificates | undefined;

/** The same ones for all tests of a file. */
export function certificates(): Certificates {
  made ??= make();
  return made;
}

/** What tests of pins need besides; `pins` are of the keys of each. */
export interface PinnedCertificates {
  /** The authority of both, PEM. */
  readonly ca: string;
  /** For `localhost`, by an intermediate of the authority, which comes with it. */
  readonly chained: Identity;
  /**
   * For `localhost`, by the authority; and behind it what says to be that authority, signed by the one whose key is
   * `wanted`, and that one: names match, signatures do not.
   */
  readonly forged: Identity;
  readonly pins: Readonly<Record<"leaf" | "intermediate" | "authority" | "wanted", string>>;
}

function makePinned(): PinnedCertificates {
  const [authority, leaf, intermediate, wanted] = [keyPair(), keyPair(), keyPair(), keyPair()];
  const issuer = "Pinned Authority";
  const root = certificate({ name: issuer, isAuthority: true }, authority, issuer, authority);
  const between = certificate({ name: "Between", isAuthority: true }, intermediate, issuer, authority);
  const below = certificate({ name: "localhost" }, leaf, "Between", intermediate);
  const misissued = certificate({ name: "localhost" }, leaf, issuer, authority);
  const pretender = certificate({ name: issuer, isAuthority: true }, leaf, "Wanted", leaf);
  const foreign = certificate({ name: "Wanted", isAuthority: true }, wanted, "Wanted", wanted);
  return {
    ca: root,
    chained: { cert: `${below}${between}`, key: leaf.pem },
    forged: { cert: `${misissued}${pretender}${foreign}`, key: leaf.pem },
    pins: {
      leaf: pinOf(below),
      intermediate: pinOf(between),
      authority: pinOf(root),
      wanted: pinOf(foreign),
    },
  };
}

/** The pin of a certificate's key. */
export function pinOf(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return `sha256/${createHash("sha256").update(key).digest("base64")}`;
}

let madePinned: PinnedCertificates | undefined;

export function pinnedCertificates(): PinnedCertificates {
  madePinned ??= makePinned();
  return madePinned;
}
