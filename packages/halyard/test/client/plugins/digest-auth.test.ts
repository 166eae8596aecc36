// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 7616 section 3.9 to the letter; what servers make of it is in ../../hostile/auth.test.ts.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../../src/client/plugins/challenges.ts";
import { md5 } from "../../../src/client/plugins/md5.ts";
import { type DigestAuthOptions, digestAuth, InvalidArgumentError } from "../../../src/index.ts";

/** The `Authorization` that answers a challenge. */
async function answer(
  options: DigestAuthOptions,
  challenge: string,
  url = "http://www.example.org/dir/index.html",
) {
  const { signal } = new AbortController();
  const request = { url: new URL(url), method: "GET", authorization: undefined, signal };
  return await digestAuth(options).answer(parseChallenges(challenge), request);
}

function field(header: string | undefined, name: string): string | undefined {
  return new RegExp(`[ ,]${name}="?([^",]*)`).exec(header ?? "")?.[1];
}

describe("digest", () => {
  const mufasa = { username: "Mufasa", password: "Circle of Life" };
  const example = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

  // The RFC's client nonce is text, ours is hexadecimal: the formula is checked with ours instead.
  test.each([
    ["MD5", "md5"],
    ["SHA-256", "sha256"],
  ])("section 3.9.1 with %s", async (algorithm, name) => {
    const header = await answer(mufasa, example(algorithm));
    const hash = (text: string) => createHash(name).update(text).digest("hex");
    const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const ha1 = hash("Mufasa:http-auth@example.org:Circle of Life");
    const ha2 = hash("GET:/dir/index.html");
    const cnonce = field(header, "cnonce") ?? "";
    expect(cnonce).toMatch(/^[0-9a-f]{32}$/);
    expect(field(header, "response")).toBe(hash(`${ha1}:${nonce}:00000001:${cnonce}:auth:${ha2}`));
    expect(header).toContain(`uri="/dir/index.html"`);
    expect(header).toContain(`algorithm=${algorithm}, qop=auth, nc=00000001`);
    expect(header).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
  });

  test("the example of RFC 2069, without qop, as corrected by its erratum", async () => {
    const header = await answer(
      { username: "Mufasa", password: "CircleOfLife" },
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      "http://h/dir/index.html",
    );
    expect(field(header, "response")).toBe("1949323746fe6a43ef61f9606e7febea");
    expect(header).not.toContain("cnonce");
  });

  test("user hashing (section 3.4.4), and a name that ASCII cannot hold", async () => {
    const jaesoen = { username: "J\u00e4s\u00f8n Doe", password: "Secret, or not?" };
    const challenge =
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-256, nonce="n", charset=UTF-8';
    const hashed = await answer(jaesoen, `${challenge}, userhash=true`);
    const name = createHash("sha256").update("J\u00e4s\u00f8n Doe:api@example.org").digest("hex");
    expect(field(hashed, "username")).toBe(name);
    expect(hashed).toContain("userhash=true");
    expect(await answer(jaesoen, challenge)).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
  });

  test("the source of client nonces is what is given", async () => {
    const header = await answer({ ...mufasa, randomBytes: (target) => void target.fill(7) }, example("MD5"));
    expect(field(header, "cnonce")).toBe("07".repeat(16));
  });

  test.each([
    { username: 1 },
    { username: "a" },
    { username: "a", password: "b", algorithms: ["SHA-1"] },
    { username: "a", password: "b", origins: ["x"] },
  ])("refuses %j", (options) => {
    expect(() => digestAuth(options as never)).toThrow(InvalidArgumentError);
  });
});

test("MD5 is what the platform computes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(md5(bytes)).toString("hex")).toBe(createHash("md5").update(bytes).digest("hex"));
    }),
  );
});
