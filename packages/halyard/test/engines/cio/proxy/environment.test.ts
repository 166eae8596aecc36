// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { environmentProxies } from "../../../../src/engines/cio/proxy/environment.ts";
import { InvalidArgumentError } from "../../../../src/index.ts";

const anywhere = { ws: "ws://example.com/", wss: "wss://example.com/" };

function chosen(environment: Record<string, string | undefined>, url: string): string | null {
  return environmentProxies(environment)(new URL(url))?.safeUrl ?? null;
}

describe("the environment", () => {
  test.each<[environment: Record<string, string>, ws: string | null, wss: string | null]>([
    [{}, null, null],
    [{ http_proxy: "http://p:1" }, "http://p:1", null],
    [{ https_proxy: "http://p:1" }, null, "http://p:1"],
    [{ HTTPS_PROXY: "http://p:1" }, null, "http://p:1"],
    [{ HTTPS_PROXY: "http://p:1", https_proxy: "http://q:2" }, null, "http://q:2"],
    [{ ws_proxy: "http://p:1", http_proxy: "http://q:2" }, "http://p:1", null],
    [{ WS_PROXY: "http://p:1", WSS_PROXY: "http://q:2" }, "http://p:1", "http://q:2"],
    [{ wss_proxy: "http://p:1", https_proxy: "http://q:2" }, null, "http://p:1"],
    [{ all_proxy: "socks5h://p:1" }, "socks5h://p:1", "socks5h://p:1"],
    [{ ALL_PROXY: "socks5h://p:1", https_proxy: "http://q:2" }, "socks5h://p:1", "http://q:2"],
    [{ http_proxy: "", https_proxy: "  ", all_proxy: "http://p:1" }, "http://p:1", "http://p:1"],
    [{ https_proxy: " http://p:1 " }, null, "http://p:1"],
    [{ https_proxy: "p:1" }, null, "http://p:1"],
    [{ https_proxy: "user:password@p" }, null, "http://p:80"],
    [{ all_proxy: "socks://p" }, "socks5h://p:1080", "socks5h://p:1080"],
  ])("%j", (environment, ws, wss) => {
    expect(chosen(environment, anywhere.ws)).toBe(ws);
    expect(chosen(environment, anywhere.wss)).toBe(wss);
  });

  test("has no HTTP_PROXY: where CGI programs run, anybody can set it by a header", () => {
    expect(chosen({ HTTP_PROXY: "http://evil.test:1" }, anywhere.ws)).toBeNull();
  });

  test.each(["ws://localhost:1/", "wss://127.0.0.1/", "ws://[::1]/"])("is not asked for %s", (url) => {
    expect(chosen({ all_proxy: "http://p:1" }, url)).toBeNull();
  });

  test.each([{ no_proxy: "example.com" }, { NO_PROXY: "example.com" }, { no_proxy: "*" }])(
    "excepts by %j",
    (more) => {
      expect(chosen({ all_proxy: "http://p:1", ...more }, anywhere.ws)).toBeNull();
    },
  );

  test("excepts by no_proxy alone where both are set", () => {
    const both = { all_proxy: "http://p:1", no_proxy: "other.test", NO_PROXY: "example.com" };
    expect(chosen(both, anywhere.ws)).toBe("http://p:1");
  });

  test("is read once", () => {
    const environment: Record<string, string | undefined> = { all_proxy: "http://p:1" };
    const choose = environmentProxies(environment);
    environment["all_proxy"] = undefined;
    expect(choose(new URL(anywhere.ws))?.safeUrl).toBe("http://p:1");
  });

  test("that may not be read is none", () => {
    const refuse = () => {
      throw new Error("not allowed");
    };
    expect(chosen(new Proxy({}, { get: refuse }), anywhere.ws)).toBeNull();
  });

  test.each(["ftp://secret:1", "http://user:secret@", "http://h/secret", "not a url secret"])(
    "with %j fails what it is for, and says where it comes from and not what it is",
    (value) => {
      const choose = environmentProxies({ https_proxy: value });
      expect(choose(new URL(anywhere.ws))).toBeNull();
      expect(choose(new URL("wss://localhost/"))).toBeNull();
      expect(() => choose(new URL(anywhere.wss))).toThrow(InvalidArgumentError);
      expect(() => choose(new URL(anywhere.wss))).toThrow(/^the environment's https_proxy (?!.*secret)/);
    },
  );
});
