// SPDX-License-Identifier: Apache-2.0
// Tests of the sources that a runtime cannot pass, and why. Every other test has to pass there, and each of these lines must
// match something.

/**
 * @typedef {object} Rule
 * @property {string} file
 * @property {string} [test] a regular expression of names; without it the whole file
 * @property {string} reason
 */

const bunServer = "Bun's node:http or node:tls, of the server";
const bunHandles = "the test counts zlib's handles by async_hooks, which Bun does not tell";
const bunThreads = "the test disposes while zlib is at work, and Bun's is done sooner";
const bunCollector = "Bun's collector is not to be had by V8's flags";
const bunTls = "Bun's node:tls has no TLS 1.1, and other errors";
const denoZlib = "Deno's zlib ignores `dictionary`, and works within the call where it should on a thread";
const denoTls = "Deno's node:tls has no TLS 1.1, resumes no session, and tells less of a certificate";
const denoReset = "Deno tells of a connection that was reset as one that was ended";

const denoResolver = "Deno's node:net does not resolve by node:dns, which the test replaces";
const bunConnect = "Bun says that it is connected before it is";

const nodeResources = "the test counts sockets by process.getActiveResourcesInfo, where only Node has them";

const silentPeer = "integration/http2-silent-peer.test.ts";
const network = "integration/network.test.ts";
const proxies = "integration/proxies.test.ts";
const hostileProxies = "hostile/proxies.test.ts";
const fetches = "what this platform's fetch does not have, docs/http.md says so";

const http = "integration/plain-http.test.ts";
const httpProxies = "integration/plain-http-proxies.test.ts";
/** What needs the engine's own sockets. */
const ownWays =
  "is the environment's for http and https|is the request's before the engine's and the default's|is that of every hop of a redirect, to|are kept for requests that go the same way|what it answers is its own, and shows|one that is silent is left when|without undici the error says";
const tls = "integration/tls.test.ts";
const tlsHooks = "integration/tls-hooks.test.ts";
const tlsPins = "integration/tls-pins.test.ts";
const server = "integration/server.test.ts";
const dispose = "extensions/deflate/dispose.test.ts";
const args = "integration/arguments.test.ts";

/** @type {Partial<Record<import("../../../../runtimes/commands.mjs").Runtime, Rule[]>>} */
export const leftOut = {
  bun: [
    { file: "migrating.test.ts", reason: "Bun has classes of its own under the names `ws` and `undici`" },
    { file: "hostile/retained.test.ts", reason: bunCollector },
    { file: "hostile/crowds.test.ts", reason: bunCollector },
    { file: silentPeer, reason: nodeResources },
    {
      file: "hostile/handshake.test.ts",
      test: "Js, ws HS-(?:09: (?:a bare LF|LF for every CRLF)|10: two spaces before the status)",
      reason: "Bun's own `ws`, which it gives for the package, takes these heads",
    },
    {
      file: "hostile/prototypes.test.ts",
      test: "so that a URL of wss leads where it says",
      reason: "Bun's node:tls reads what it is to do from a polluted prototype itself",
    },
    { file: "simulation/simulation.test.ts", test: "nothing of a connection is kept", reason: bunCollector },
    {
      file: "integration/http2-fallback.test.ts",
      test: '\\["http/1.1"\\] is a HandshakeError that says what it lacks',
      reason: "Bun's TLS agrees to no protocol where Node's client and server agree to HTTP/1.1",
    },
    { file: "engines/platforms.test.ts", reason: "Bun's global `Bun` cannot be taken away for a test" },
    { file: server, test: "the target \\S+ in absolute form is served by its path", reason: bunServer },
    { file: server, test: "refuses handshakes meanwhile with 503", reason: bunServer },
    { file: server, test: "ends those that are in the middle of TLS, too", reason: bunServer },
    { file: tls, test: "that has only TLS 1.1", reason: bunTls },
    { file: tls, test: "that demands a certificate, with TLS 1.3", reason: bunTls },
    { file: tls, test: "garbage instead of a record is a TlsError", reason: bunTls },
    { file: network, test: "when one is a black hole", reason: bunConnect },
    { file: network, test: "all are told of that were tried in vain", reason: bunConnect },
    { file: network, test: "a host that swallows what it gets", reason: bunConnect },
    { file: http, test: "bodies text", reason: "Bun's fetch says nothing of the type of text" },
    { file: http, test: "servername is another name to verify|pins are held against", reason: fetches },
    {
      file: httpProxies,
      test: `to a server of http by a proxy of|by a proxy of (?:https|socks5h|socks4a), with credentials|${ownWays}`,
      reason: fetches,
    },
    {
      file: "integration/http2-proxies.test.ts",
      test: "is the server's, and its end is the connection's",
      reason: "Bun's node:http2 does not look for what was read from a socket before",
    },
    {
      file: tlsHooks,
      test: "keyLog that throws",
      reason: "Bun tells of the secrets when TLS stands, and something may be sent by then",
    },
    {
      file: "hostile/floods.test.ts",
      test: "MM-01: memory for their bytes and no more",
      reason: "Bun counts memory that its collector has not come to yet",
    },
    {
      file: "extensions/deflate/small-deflate.test.ts",
      test: "the size of anything else",
      reason: "the test compares with the sizes of Node's zlib, and Bun's makes others",
    },
    { file: dispose, test: "dispose\\(\\) .* rejects that at once", reason: bunThreads },
    { file: dispose, test: "between the chunks of a message leaves no handle", reason: bunHandles },
    { file: dispose, test: "more than four engines never exist at once", reason: bunHandles },
  ],
  deno: [
    // `deflate()` is refused there, and what is behind it cannot pass.
    ...["dispose", "interop", "codec", "hostile-data", "negotiation", "small-deflate", "small-inflate"].map(
      (name) => ({
        file: `extensions/deflate/${name}.test.ts`,
        reason: denoZlib,
      }),
    ),
    { file: "contract/js-deflate.test.ts", reason: denoZlib },
    { file: "hostile/deflate.test.ts", reason: denoZlib },
    { file: "hostile/lifecycle.test.ts", test: "compressIf: ends the session", reason: denoZlib },
    { file: "hostile/lifecycle.test.ts", test: "an error says .* a reset", reason: denoReset },
    { file: silentPeer, reason: nodeResources },
    {
      file: "hostile/requests.test.ts",
      test: "byte by byte HS-10: (?:a method that is none|HTTP/3.0)",
      reason: "Deno forgets an answer behind which the connection is reset",
    },
    {
      file: "hostile/prototypes.test.ts",
      test: "on the way plain, and|of headers, subprotocols, extensions and paths",
      reason: denoZlib,
    },
    { file: "hostile/server.test.ts", test: "of as many .+ as a head holds is answered", reason: denoZlib },
    {
      file: "hostile/handshake.test.ts",
      test: "(?:Cio(?:, byte by byte)?|ws) HS-0[56]: (?:.*permessage-deflate|an extension (?:beside|twice)|extensions in two|an empty list|.*as an ext|a quoted)",
      reason: denoZlib,
    },
    { file: "hostile/handshake.test.ts", test: "Cio(?:, byte by byte)? HS-16: a reset ", reason: denoReset },
    {
      file: "hostile/handshake.test.ts",
      test: "Cio, TLS HS-",
      reason:
        "the test's TLS server does not learn on Deno that the client has gone, once it has ended its own side",
    },
    { file: "integration/streams.test.ts", reason: denoZlib },
    { file: "integration/deflate.test.ts", reason: denoZlib },
    { file: "integration/deflate-hostile.test.ts", reason: denoZlib },
    {
      file: "hostile/redirects.test.ts",
      test: "with GET, a fresh key and the same offers",
      reason: denoZlib,
    },
    { file: http, test: "servername is another name to verify|pins are held against", reason: fetches },
    { file: http, test: "a Unix socket is connected to", reason: fetches },
    { file: httpProxies, test: `by a proxy of \\S+, with credentials|${ownWays}`, reason: fetches },
    {
      file: "hostile/event-loop.test.ts",
      test: "MM-09: serves a quiet connection",
      reason: "the test counts turns of the loop, of which Deno makes more",
    },
    { file: args, test: 'Cio {"tls":{"(?:cert|key)"', reason: denoTls },
    { file: args, test: 'the server {"tls":{"cert":"none"', reason: denoTls },
    { file: tls, test: "when it vouches for its address, which is not sent as a name", reason: denoTls },
    { file: tls, test: "by the ticket that it gave after it was verified", reason: denoTls },
    { file: tls, test: "a ticket is for one name", reason: denoTls },
    { file: tls, test: "with an expired certificate", reason: denoTls },
    { file: tls, test: "with one for (?:later|clients)", reason: denoTls },
    { file: tls, test: "that has only TLS 1.1", reason: denoTls },
    { file: proxies, test: "tickets shorten the second handshake", reason: denoTls },
    { file: proxies, test: '"proxyTls":{"cert":"none"}', reason: denoTls },
    { file: hostileProxies, test: "certificate that has expired is refused", reason: denoTls },
    { file: hostileProxies, test: "PX-01: .* RST", reason: denoReset },
    { file: network, test: "a resolver that is silent ", reason: denoResolver },
    { file: network, test: "of several addresses ", reason: denoResolver },
    { file: network, test: "a connection that stood and was lost", reason: denoReset },
    {
      file: tlsHooks,
      test: "keyLog (?:is given|that throws|takes)",
      reason: "Deno tells no secrets, and keyLog is refused there",
    },
    {
      file: tlsHooks,
      test: "PKCS #12 file$|behind a passphrase",
      reason: "Deno reads neither this PKCS #12 file nor keys at once",
    },
    { file: tlsPins, test: "sessions of a pinned server", reason: denoTls },
    {
      file: "integration/timings.test.ts",
      test: "each address that was tried",
      reason: "Deno tells of no address but the one that is connected",
    },
    { file: "integration/handshake.test.ts", test: "RST .* is a ConnectionError", reason: denoReset },
    {
      file: "integration/lifetimes.test.ts",
      test: "gets the error of it, and nothing else does",
      reason: denoReset,
    },
    {
      file: "integration/lifetimes.test.ts",
      test: "closes open sessions with 1001, the descendants' as well",
      reason: denoReset,
    },
  ],
};
