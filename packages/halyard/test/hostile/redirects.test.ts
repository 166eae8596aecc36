// SPDX-License-Identifier: Apache-2.0
// Redirects of a handshake, and of plain HTTP, by servers that want what is not theirs. Real servers on loopback.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import { HandshakeError, HttpRedirect, RedirectError, type WebSocketRequest } from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { hostileServer } from "../support/hostile-server.ts";
import { type HttpServer, httpServer, redirect, type Seen } from "../support/http-server.ts";
import { checkLeaks, watchedController } from "../support/leaks.ts";
import { socketPath } from "../support/socket-path.ts";

checkLeaks();

const { ca, good } = certificates();
const secret = "s3cr3t-canary";
/** Every way to give a request a secret; `Proxy-Authorization` is refused from the start. */
const credentials = {
  Authorization: `Bearer ${secret}`,
  Cookie: `id=${secret}`,
  "X-Api-Key": secret,
};

function redirecting(config: HttpRedirect.Config = {}) {
  return testClient({}, { tls: { ca } }).install(HttpRedirect, config);
}

/** Opens and ends a session. */
async function visit(request: WebSocketRequest, config?: HttpRedirect.Config): Promise<string> {
  await using client = redirecting(config);
  return await client.webSocket(request, (session) => session.call.request.url.href);
}

/** What an error shows of itself in any way. */
function allOf(error: Error): string {
  return `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify((error as RedirectError).chain)}`;
}

describe("RD-01: another origin gets no credentials", () => {
  test.each([
    ["another port", (there: HttpServer) => there.ws],
    ["another spelling of the host", (there: HttpServer) => there.ws.replace("127.0.0.1", "localhost")],
    ["user information in the Location", (there: HttpServer) => there.ws.replace("//", `//u:${secret}@`)],
    ["a Location of http", (there: HttpServer) => there.http],
  ])("%s", async (_, locate) => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(`${locate(there)}/landing?x=1`));
    await visit({ url: `${here.ws}/start`, headers: credentials }, { credentialHeaders: ["x-api-KEY"] });
    expect(here.last.raw).toContain(secret);
    expect(there.last.target).toBe("/landing?x=1");
    expect(there.last.raw).not.toContain(secret);
    expect(there.last.raw).not.toMatch(/authorization|cookie|api-key/i);
  });

  test("the name of a virtual host is not that of another origin", async () => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(there.ws));
    await visit({ url: here.ws, headers: { Host: "internal.example" } });
    expect(here.last.headers.host).toBe("internal.example");
    expect(there.last.headers.host).toBe(new URL(there.ws).host);
  });

  test("user information of the first URL, cookies and auth of the request", async () => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(there.ws));
    await visit({ url: here.ws.replace("//", "//user:pass@"), cookies: { id: secret } });
    expect(here.last.headers).toMatchObject({ authorization: "Basic dXNlcjpwYXNz", cookie: `id=${secret}` });
    await visit({ url: here.ws, auth: { token: secret } });
    expect(here.last.headers.authorization).toBe(`Bearer ${secret}`);
    for (const { headers } of there.seen) expect(headers).not.toHaveProperty("authorization");
    for (const { headers } of there.seen) expect(headers).not.toHaveProperty("cookie");
  });

  test("the same origin keeps them, on every hop", async () => {
    await using here = await httpServer(({ target }) => (target === "/a" ? redirect("b?c") : "accept"));
    expect(await visit({ url: `${here.ws}/a`, headers: credentials })).toBe(`${here.ws}/b?c`);
    expect(here.last.headers).toMatchObject({
      authorization: credentials.Authorization,
      "x-api-key": secret,
    });
  });

  test("not even by way of another origin and back, in any order", async () => {
    await using there = await httpServer((request) => follow(request));
    await using here = await httpServer((request) => follow(request));
    const servers = [here, there];
    // Each hop is a digit in the path: which server comes next.
    function follow({ target }: Seen) {
      const [next, ...rest] = target.slice(1);
      return next === undefined ? "accept" : redirect(`${servers[Number(next)]?.ws}/${rest.join("")}`);
    }
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[01]{0,6}$/), async (hops) => {
        for (const server of servers) server.seen.length = 0;
        await visit({ url: `${here.ws}/${hops}`, headers: { Authorization: secret, Cookie: `a=${secret}` } });
        const before = hops.indexOf("1");
        expect(there.seen.some(({ raw }) => raw.includes(secret))).toBe(false);
        const seen = here.seen.filter(({ raw }) => raw.includes(secret));
        expect(seen).toHaveLength(before === -1 ? hops.length + 1 : before + 1);
      }),
      { numRuns: 15 },
    );
  });

  test("plain HTTP, too", async () => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(there.http));
    await using client = redirecting({ credentialHeaders: ["X-Api-Key"] });
    const response = await client.get({ url: here.http, headers: credentials });
    expect(await response.text()).toBe("ok");
    expect(here.last.raw).toContain(secret);
    expect(there.last.raw).not.toContain(secret);
  });
});

describe("RD-02: never from TLS to none", () => {
  test.each(["ws", "http"] as const)("for a handshake, by a Location of %s", async (scheme) => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(`${there[scheme]}/?token=${secret}`), good);
    const error = await failure(visit(here.ws), RedirectError);
    expect(error).toMatchObject({ status: 302, chain: [`${here.ws}/`], url: `${here.ws}/` });
    expect(error.message).toContain("allowHttpsDowngrade");
    expect(allOf(error)).not.toContain(secret);
    expect(there.seen).toEqual([]);
    await visit(here.ws, { allowHttpsDowngrade: true });
    expect(there.seen).toHaveLength(1);
  });

  test("for plain HTTP", async () => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(there.http), good);
    await using client = redirecting();
    await failure(client.get(here.http), RedirectError);
    expect(there.seen).toEqual([]);
  });

  test("from none to TLS it may, and is another origin", async () => {
    await using there = await httpServer(() => "accept", good);
    await using here = await httpServer(() => redirect(there.http));
    expect(await visit({ url: here.ws, headers: credentials })).toBe(`${there.ws}/`);
    expect(there.last.raw).not.toContain(`Bearer ${secret}`);
  });
});

describe("RD-03: a Location that is none", () => {
  test.each([
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ftp://127.0.0.1/",
    "ws+unix:///tmp/socket:/",
    "wss+unix:///tmp/socket",
    "unix:/tmp/socket",
    "http://",
    "ws://127.0.0.1:99999/",
    "ws://[::1/",
    "ws://a b/",
    "http:///\\\\@",
    "//",
    "ws://h/\u0009x",
  ])("%j", async (location) => {
    await using here = await httpServer(() => redirect(`${location}?${secret}`.replace(/\t/, "\t")));
    const error = await failure(visit(here.ws), RedirectError);
    expect(error.code).toBe("ERR_HALYARD_REDIRECT");
    expect(allOf(error)).not.toContain(secret);
    expect(here.seen).toHaveLength(1);
  });
});

describe("RD-04: redirects without end, or without an aim", () => {
  test("a loop ends at the limit, with the way that it took", async () => {
    await using here = await httpServer(({ target }) => redirect(target === "/a?k=1" ? "/b?k=2" : "/a?k=1"));
    const error = await failure(visit(`${here.ws}/a?k=1`, { maxRedirects: 3 }), RedirectError);
    expect(error.chain).toEqual(["a", "b", "a", "b"].map((name) => `${here.ws}/${name}?...`));
    expect(error.message).toContain("maxRedirects, 3");
    expect(here.seen).toHaveLength(4);
  });

  test.each([0, 1, 10])("exactly %i are allowed", async (maxRedirects) => {
    await using here = await httpServer(({ target }) => {
      const left = Number(target.slice(1));
      return left === 0 ? "accept" : redirect(`/${left - 1}`);
    });
    await visit(`${here.ws}/${maxRedirects}`, { maxRedirects });
    await failure(visit(`${here.ws}/${maxRedirects + 1}`, { maxRedirects }), RedirectError);
  });

  test.each([
    [302, {}],
    [300, { Location: "/other" }],
    [304, { Location: "/other" }],
    [305, { Location: "/other" }],
  ])("%i with %j is a refusal", async (status, headers) => {
    await using here = await httpServer(() => ({ status, headers }));
    expect(await failure(visit(here.ws), HandshakeError)).toMatchObject({ status });
    expect(here.seen).toHaveLength(1);
    await using client = redirecting();
    expect((await client.get(here.http)).status).toBe(status);
  });

  test("without the plugin none is followed", async () => {
    await using here = await httpServer(() => redirect("/other"));
    await using client = testClient();
    expect(await failure(client.webSocketSession(here.ws), HandshakeError)).toMatchObject({ status: 302 });
    expect((await client.get(here.http)).headers.get("location")).toBe("/other");
  });
});

describe("RD-05: what a redirect may cost", () => {
  test("encoded line ends stay encoded", async () => {
    await using here = await httpServer(({ target }) =>
      target === "/" ? redirect("/x%0d%0aX-Injected:%201?y=%0a") : "accept",
    );
    await visit(here.ws);
    expect(here.last.target).toBe("/x%0d%0aX-Injected:%201?y=%0a");
    expect(here.last.headers).not.toHaveProperty("x-injected");
  });

  test("an endless body is not read", async () => {
    function* endless() {
      for (;;) yield Buffer.alloc(65_536, "x");
    }
    await using here = await httpServer(({ target }) =>
      target === "/" ? { status: 307, headers: { Location: "/next" }, body: endless() } : "accept",
    );
    await visit(here.ws);
    await using client = redirecting();
    expect(await (await client.get(here.http)).text()).toBe("ok");
  });

  test("a second hop that says nothing is within the one deadline, and an abort ends it (LC-01)", async () => {
    await using silent = await hostileServer(() => undefined);
    await using here = await httpServer(() => redirect(silent.url));
    await using client = redirecting();
    const timedOut = client.webSocketSession({ url: here.ws, timeout: 300 });
    await expect(timedOut).rejects.toMatchObject({ code: "ERR_HALYARD_TIMEOUT", milliseconds: 300 });
    const controller = watchedController();
    const reason = new Error("enough");
    const opening = client.webSocketSession({ url: here.ws, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(opening).rejects.toBe(reason);
    await silent.abandoned();
  });
});

describe("RD-06: each hop is a request of its own", () => {
  test.each([301, 302, 303, 307, 308])("%i: with GET, a fresh key and the same offers", async (status) => {
    await using there = await httpServer(() => "accept");
    await using here = await httpServer(() => redirect(`${there.ws}/x`, status));
    await using client = testClient({ extensions: [deflate()] }).install(HttpRedirect);
    const error = await client
      .webSocket({ url: here.ws, subprotocols: ["v1"] }, () => undefined)
      .catch((thrown: unknown) => thrown);
    // The test's server speaks no subprotocol; that it was asked is what counts.
    expect(error).toBeInstanceOf(HandshakeError);
    const offered = [
      "upgrade",
      "connection",
      "sec-websocket-version",
      "sec-websocket-protocol",
      "sec-websocket-extensions",
    ];
    for (const name of offered) expect(there.last.headers[name], name).toBe(here.last.headers[name]);
    expect(there.last.headers["sec-websocket-key"]).not.toBe(here.last.headers["sec-websocket-key"]);
    expect(there.last.headers.host).toBe(`127.0.0.1:${there.port}`);
    expect(there.last.method).toBe("GET");
  });

  test.each<[status: number, method: string, follows: string | undefined, config?: HttpRedirect.Config]>([
    [302, "GET", "GET"],
    [302, "HEAD", "HEAD"],
    [303, "POST", undefined],
    [307, "POST", undefined],
    [301, "POST", "GET", { checkHttpMethod: false }],
    [302, "PUT", "PUT", { checkHttpMethod: false }],
    [303, "PUT", "GET", { checkHttpMethod: false }],
    [307, "POST", "POST", { checkHttpMethod: false }],
    [308, "DELETE", "DELETE", { checkHttpMethod: false }],
  ])("plain HTTP: %i of a %s is followed by %s", async (status, method, follows, config) => {
    await using here = await httpServer(({ target }) => (target === "/" ? redirect("/x", status) : "accept"));
    await using client = redirecting(config);
    const hasBody = method === "POST" || method === "PUT";
    const response = await client.request({ url: here.http, method, ...(hasBody ? { json: { a: 1 } } : {}) });
    await response.text();
    if (follows === undefined) {
      expect(response.status).toBe(status);
      expect(here.seen).toHaveLength(1);
      return;
    }
    expect(here.last).toMatchObject({
      target: "/x",
      method: follows,
      body: hasBody && follows !== "GET" ? '{"a":1}' : "",
    });
    expect(here.last.headers["content-type"]).toBe(
      hasBody && follows !== "GET" ? "application/json" : undefined,
    );
  });

  test("plain HTTP: what was a stream is not sent again", async () => {
    await using here = await httpServer(() => redirect("/x", 307));
    await using client = redirecting({ checkHttpMethod: false });
    const body = new Blob(["once"]).stream();
    const error = await failure(client.post({ url: here.http, body }), RedirectError);
    expect(error.message).toContain("stream");
  });
});

test("RD-07: what a request overrides belongs to its own origin", async () => {
  await using there = await httpServer(() => "accept");
  await using path = await socketPath();
  await using _here = await hostileServer(
    async (peer) => {
      await peer.request();
      peer.end(`HTTP/1.1 302 Found\r\nLocation: ${there.ws}/\r\nContent-Length: 0\r\n\r\n`);
    },
    { socketPath: path.name },
  );
  expect(await visit({ url: "ws://unix.test/", socketPath: path.name })).toBe(`${there.ws}/`);
  expect(there.seen).toHaveLength(1);
});
