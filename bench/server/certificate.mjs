// SPDX-License-Identifier: Apache-2.0
// A certificate for 127.0.0.1 and the authority that has signed it, for the time of one run. Deno takes no certificate that is its
// own authority.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import forge from "node-forge";

const day = 24 * 60 * 60 * 1000;

function keys() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    pem: privateKey,
    private: forge.pki.privateKeyFromPem(privateKey),
    public: forge.pki.publicKeyFromPem(publicKey),
  };
}

/**
 * @param {object} wanted
 * @param {string} wanted.serial
 * @param {string} wanted.subject
 * @param {string} wanted.issuer
 * @param {forge.pki.rsa.PublicKey} wanted.publicKey
 * @param {forge.pki.rsa.PrivateKey} wanted.signedBy
 * @param {object[]} wanted.extensions
 */
function certificate({ serial, subject, issuer, publicKey, signedBy, extensions }) {
  const made = forge.pki.createCertificate();
  made.serialNumber = serial;
  made.publicKey = publicKey;
  made.validity.notBefore = new Date(Date.now() - day);
  made.validity.notAfter = new Date(Date.now() + day);
  made.setSubject([{ name: "commonName", value: subject }]);
  made.setIssuer([{ name: "commonName", value: issuer }]);
  made.setExtensions(extensions);
  made.sign(signedBy, forge.md.sha256.create());
  return forge.pki.certificateToPem(made);
}

/** Writes key.pem, certificate.pem and authority.pem, and returns the path of the last. @param {string} folder */
export function writeCertificate(folder) {
  const authority = keys();
  const server = keys();
  const authorityName = "authority of a benchmark";
  const authorityFile = path.join(folder, "authority.pem");
  writeFileSync(
    authorityFile,
    certificate({
      serial: "01",
      subject: authorityName,
      issuer: authorityName,
      publicKey: authority.public,
      signedBy: authority.private,
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, critical: true },
      ],
    }),
  );
  writeFileSync(
    path.join(folder, "certificate.pem"),
    certificate({
      serial: "02",
      subject: "127.0.0.1",
      issuer: authorityName,
      publicKey: server.public,
      signedBy: authority.private,
      extensions: [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, keyEncipherment: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
      ],
    }),
  );
  writeFileSync(path.join(folder, "key.pem"), server.pem);
  return authorityFile;
}
