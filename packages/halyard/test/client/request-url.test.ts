// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { basicAuthorization } from "../../src/client/credentials.ts";
import { partsOf } from "../../src/client/request-parts.ts";
import { buildUrl } from "../../src/client/request-url.ts";
import { InvalidArgumentError, type RequestTarget } from "../../src/index.ts";

/** A URL has no lone surrogates. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Any text, and text of what a host could be hidden in. */
const anyPath = fc.oneof(
  fc.string(),
  fc
    .array(fc.constantFrom("/", "\\", "..", ".", ":", "@", "evil.test", "http:", "%2f", "?"), {
      maxLength: 8,
    })
    .map((pieces) => pieces.join("")),
);

function urlOf(target: RequestTarget): string {
  return buildUrl(partsOf(target)).href;
}

describe("the URL of a request", () => {
  test.each<[target: RequestTarget, href: string]>([
    [{}, "ws://localhost/"],
    [{ host: "h" }, "ws://h/"],
    [{ protocol: "wss" }, "wss://localhost/"],
    [{ protocol: "https", host: "h" }, "wss://h/"],
    [{ protocol: "http", host: "h" }, "ws://h/"],
    // A port is a default only where nobody gave one.
    [{ host: "h", port: 80 }, "ws://h/"],
    [{ host: "h", port: 443 }, "ws://h:443/"],
    [{ protocol: "wss", host: "h", port: 443 }, "wss://h/"],
    [{ protocol: "wss", host: "h", port: 80 }, "wss://h:80/"],
    [{ url: "ws://h:8080/", protocol: "wss" }, "wss://h:8080/"],
    [{ url: "ws://h/", protocol: "wss" }, "wss://h/"],
    [{ url: "wss://h/", port: 81 }, "wss://h:81/"],
    [{ url: "ws://old:81/", host: "new" }, "ws://new:81/"],
    // Addresses, with brackets and without.
    [{ host: "127.0.0.1", port: 81 }, "ws://127.0.0.1:81/"],
    [{ host: "::1", port: 81 }, "ws://[::1]:81/"],
    [{ host: "[::1]" }, "ws://[::1]/"],
    [{ host: "BÜCHER.test" }, "ws://xn--bcher-kva.test/"],
    // Paths stay paths: none of them is another host.
    [{ path: "/a/../b" }, "ws://localhost/b"],
    [{ path: "a/b" }, "ws://localhost/a/b"],
    [{ path: "" }, "ws://localhost/"],
    [{ path: "//evil.test/x" }, "ws://localhost//evil.test/x"],
    [{ path: "/\\evil.test/x" }, "ws://localhost//evil.test/x"],
    [{ path: "\\\\evil.test/x" }, "ws://localhost//evil.test/x"],
    [{ path: "//double//slash" }, "ws://localhost//double//slash"],
    [{ url: "ws://h//double//slash" }, "ws://h//double//slash"],
    [{ path: "///" }, "ws://localhost///"],
    [{ path: "http://evil.test/x" }, "ws://localhost/http://evil.test/x"],
    [{ path: "javascript:alert(1)" }, "ws://localhost/javascript:alert(1)"],
    [{ path: "/a b/é%2F" }, "ws://localhost/a%20b/%C3%A9%2F"],
    // Queries.
    [{ path: "/p?a=1", query: { b: "2 3", c: "&" } }, "ws://localhost/p?a=1&b=2+3&c=%26"],
    [{ query: { "a=b": "#" } }, "ws://localhost/?a%3Db=%23"],
    [{ url: "ws://h/?a=1", path: "/p", query: { a: 2 } }, "ws://h/p?a=1&a=2"],
    [{ url: "ws://h/?flag&a=b%20c&sig=%2Fx+y~" }, "ws://h/?flag&a=b%20c&sig=%2Fx+y~"],
    [{ query: { a: [1, "2", true], b: [], c: undefined } }, "ws://localhost/?a=1&a=2&a=true"],
    [{ query: new URLSearchParams("a=1&b=2+3&a=%26") }, "ws://localhost/?a=1&b=2+3&a=%26"],
    [
      {
        query: [
          ["a", "1"],
          ["a", ""],
        ],
      },
      "ws://localhost/?a=1&a=",
    ],
    [{ query: new Map([["a", "1"]]) }, "ws://localhost/?a=1"],
    // User information travels in a header.
    [{ url: "ws://u:p@h/" }, "ws://h/"],
  ])("%j is %s", (target, href) => {
    expect(urlOf(target)).toBe(href);
  });

  test("has the host that was asked for, whatever the path and the query are", () => {
    fc.assert(
      fc.property(anyPath, fc.dictionary(fc.string(), fc.string()), (path, query) => {
        let url: URL;
        try {
          url = buildUrl(partsOf({ host: "h.test", port: 81, path, query }));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        expect([url.protocol, url.host, url.hash]).toEqual(["ws:", "h.test:81", ""]);
        for (const [name, value] of Object.entries(query)) {
          expect(url.searchParams.getAll(wellFormed(name))).toContain(wellFormed(value));
        }
      }),
    );
  });

  test.each([
    "",
    " ",
    "a b",
    "h:80",
    "h/",
    "u@h",
    "a?b",
    "a#b",
    "[::1",
    "::zz",
    "[::1]:80",
    "h\\x",
    "1.2.3.4.5",
  ])("refuses the host %j", (host) => {
    expect(() => urlOf({ host })).toThrow(InvalidArgumentError);
  });
});

describe("AU-03: user information as a header", () => {
  test.each([
    ["u", "p", "u:p"],
    ["u", "", "u:"],
    ["", "p", ":p"],
    ["a%20b", "c%3Ad", "a b:c:d"],
    ["%C3%A9", "%F0%9F%98%80", "é:😀"],
  ])("%s and %s", (username, password, plain) => {
    const [name, value] = basicAuthorization({ username, password });
    expect(name).toBe("Authorization");
    expect(Buffer.from(value.replace("Basic ", ""), "base64").toString()).toBe(plain);
  });

  test.each([
    ["a%3Ab", "p"],
    ["%ff", "p"],
    ["u", "%"],
  ])("refuses %s and %s", (username, password) => {
    expect(() => basicAuthorization({ username, password })).toThrow(InvalidArgumentError);
  });
});
