// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { proxyServer } from "../../../../src/engines/cio/proxy/proxy-server.ts";
import { InvalidArgumentError, type ProxyInput } from "../../../../src/index.ts";

const authorization = (text: string) => ["Proxy-Authorization", `Basic ${btoa(text)}`];
const agent = ["User-Agent", "halyard"];

describe("a proxy", () => {
  test.each<[input: Exclude<ProxyInput, false>, expected: object]>([
    ["http://p", { protocol: "http", host: "p", port: 80, safeUrl: "http://p:80", headers: [agent] }],
    ["https://p/", { protocol: "https", host: "p", port: 443 }],
    ["p:3128", { protocol: "http", host: "p", port: 3128 }],
    ["HTTP://P.Test:3128", { protocol: "http", host: "p.test", port: 3128 }],
    [new URL("http://p:1"), { protocol: "http", host: "p", port: 1 }],
    ["http://[2001:db8::1]:1", { host: "2001:db8::1", safeUrl: "http://[2001:db8::1]:1" }],
    [
      "http://u:p%40ss@p",
      {
        safeUrl: "http://p:80",
        userInfo: { username: "u", password: "p@ss" },
        headers: [agent, authorization("u:p@ss")],
      },
    ],
    ["http://u@p", { headers: [agent, authorization("u:")] }],
    ["u:p@p:1", { host: "p", headers: [agent, authorization("u:p")] }],
    [
      { url: "http://p", headers: { "User-Agent": "me", "X-Ticket": "t" } },
      {
        headers: [
          ["User-Agent", "me"],
          ["X-Ticket", "t"],
        ],
      },
    ],
    [
      { url: "http://u:p@p", headers: [["proxy-authorization", "Bearer t"]] },
      { headers: [agent, ["proxy-authorization", "Bearer t"]] },
    ],
    [
      "socks4://u@p",
      { protocol: "socks4", port: 1080, userInfo: { username: "u", password: "" }, headers: [] },
    ],
    ["socks4a://p:80", { protocol: "socks4a", port: 80, userInfo: null }],
    [
      "socks5://u:p@P.Test",
      { protocol: "socks5", host: "p.test", userInfo: { username: "u", password: "p" } },
    ],
    ["socks5h://a%3Ab:%C3%A9@p", { protocol: "socks5h", userInfo: { username: "a:b", password: "é" } }],
    ["socks://p", { protocol: "socks5h", port: 1080, safeUrl: "socks5h://p:1080" }],
  ])("%j", (input, expected) => {
    expect(proxyServer("proxy", input)).toMatchObject(expected);
  });

  test.each<[input: unknown]>([
    [""],
    ["ftp://secret"],
    ["ws://secret"],
    ["unix:///secret"],
    ["http://secret/path"],
    ["http://secret?query"],
    ["http://secret#hash"],
    ["http://secret:0x50"],
    ["http://secret:70000"],
    ["http://se cret"],
    ["http://secret\r\nX: y"],
    ["http://"],
    ["socks5://"],
    ["http://u%0d%0aX:secret@p"],
    ["http://u:secret%00@p"],
    ["http://u%3Av:secret@p"],
    ["http://u:secret%ff@p"],
    ["socks5://u:secret%0a@p"],
    ["socks4://u:secret@p"],
    [`socks5://u:secret${"x".repeat(250)}@p`],
    [`socks5://${"é".repeat(128)}:secret@p`],
    [{ url: "socks5://p", headers: { "X-Secret": "secret" } }],
    [{ url: "http://p", headers: { "X-A": "secret\r\nX: y" } }],
    [{ url: "http://p", headers: { "X A": "secret" } }],
    [{ url: "http://p", headers: { Host: "secret" } }],
    [{ url: "http://p", headers: { "Content-Length": "5" } }],
    [{ url: "http://p", uri: "secret" }],
    [{}],
    [5],
  ])("%j is refused, and not shown", (input) => {
    const make = () => proxyServer("proxy", input as string);
    expect(make).toThrow(InvalidArgumentError);
    expect(make).not.toThrow(/secret/);
  });
});
