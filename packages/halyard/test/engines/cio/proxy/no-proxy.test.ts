// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isLoopback, NoProxy } from "../../../../src/engines/cio/proxy/no-proxy.ts";

describe("an exception (PX-05)", () => {
  test.each<[list: string, url: string, isExcepted: boolean]>([
    ["", "ws://example.com/", false],
    [" , ,", "ws://example.com/", false],
    ["*", "ws://example.com/", true],
    ["*", "ws://[2001:db8::1]/", true],
    ["other.test,*", "wss://example.com:8443/", true],
    // Domains.
    ["example.com", "ws://example.com/", true],
    ["example.com", "ws://sub.example.com/", true],
    ["example.com", "ws://a.b.example.com/", true],
    ["example.com", "ws://evilexample.com/", false],
    ["example.com", "ws://example.com.evil.test/", false],
    ["example.com", "ws://example.co/", false],
    ["example.com", "ws://com/", false],
    ["sub.example.com", "ws://example.com/", false],
    [".example.com", "ws://example.com/", true],
    [".example.com", "ws://sub.example.com/", true],
    [".example.com", "ws://evilexample.com/", false],
    ["*.example.com", "ws://sub.example.com/", true],
    ["*.example.com", "ws://evilexample.com/", false],
    ["*ample.com", "ws://example.com/", false],
    [".", "ws://example.com/", false],
    ["*.", "ws://example.com/", false],
    // Case and a final dot.
    ["EXAMPLE.com", "ws://Example.COM/", true],
    ["example.com.", "ws://example.com/", true],
    ["example.com", "ws://example.com./", true],
    // Several, by commas and white space.
    ["a.test,example.com", "ws://example.com/", true],
    ["a.test example.com\tb.test", "ws://example.com/", true],
    ["a.test, example.com ,b.test", "ws://b.test/", true],
    // Ports, the default ones included.
    ["example.com:8080", "ws://example.com:8080/", true],
    ["example.com:8080", "ws://sub.example.com:8080/", true],
    ["example.com:8080", "ws://example.com/", false],
    ["example.com:80", "ws://example.com/", true],
    ["example.com:443", "wss://example.com/", true],
    ["example.com:443", "ws://example.com/", false],
    ["example.com:", "ws://example.com/", false],
    ["example.com:x", "ws://example.com/", false],
    ["*:80", "ws://example.com/", false],
    // Addresses and blocks of them.
    ["192.0.2.1", "ws://192.0.2.1/", true],
    ["192.0.2.1", "ws://192.0.2.10/", false],
    ["192.0.2.1:81", "ws://192.0.2.1:81/", true],
    ["192.0.2.1:81", "ws://192.0.2.1/", false],
    ["2.1", "ws://192.0.2.1/", false],
    [".1", "ws://192.0.2.1/", false],
    ["192.0.2.1", "ws://192.0.2.1.example.com/", false],
    ["10.0.0.0/8", "ws://10.1.2.3/", true],
    ["10.0.0.0/8", "ws://11.1.2.3/", false],
    ["10.0.0.0/9", "ws://10.128.0.1/", false],
    ["10.1.2.3/0", "ws://192.0.2.1/", true],
    ["10.0.0.0/33", "ws://10.0.0.0/", false],
    ["10.0.0.0/", "ws://10.0.0.0/", false],
    ["10.0.0.0/x", "ws://10.0.0.0/", false],
    ["10.0.0.0/8", "ws://example.com/", false],
    ["2001:db8::1", "ws://[2001:db8::1]/", true],
    ["2001:db8::1", "ws://[2001:db8:0:0:0::1]:81/", true],
    ["[2001:db8::1]", "ws://[2001:db8::1]/", true],
    ["[2001:db8::1]:81", "ws://[2001:db8::1]:81/", true],
    ["[2001:db8::1]:81", "ws://[2001:db8::1]/", false],
    ["2001:db8::/32", "ws://[2001:db8:ffff::1]/", true],
    ["2001:db8::/32", "ws://[2001:db9::1]/", false],
    ["2001:db8::/129", "ws://[2001:db8::]/", false],
    ["10.0.0.0/8", "ws://[::ffff:10.0.0.1]/", true],
  ])("of %j for %s: %s", (list, url, isExcepted) => {
    expect(new NoProxy(list).excepts(new URL(url))).toBe(isExcepted);
  });

  test("in a list of 100,000 is found without delay", () => {
    const list = new NoProxy(Array.from({ length: 100_000 }, (_, at) => `host${at}.test`).join(","));
    const began = performance.now();
    expect(list.excepts(new URL("ws://host99999.test/"))).toBe(true);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

test.each([
  ["ws://localhost/", true],
  ["ws://localhost./", true],
  ["ws://db.localhost:1/", true],
  ["ws://127.0.0.1/", true],
  ["ws://127.255.0.1/", true],
  ["ws://[::1]/", true],
  ["ws://[::ffff:127.0.0.1]/", true],
  ["ws://128.0.0.1/", false],
  ["ws://notlocalhost/", false],
  ["ws://localhost.example.com/", false],
  ["ws://127.0.0.1.example.com/", false],
  ["ws://[::2]/", false],
])("%s is this machine: %s", (url, is) => {
  expect(isLoopback(new URL(url))).toBe(is);
});
