// SPDX-License-Identifier: Apache-2.0
// The ways to a server that are tried, and those that must fail.
import { forbiddenPort, freePort, password, plainPassword, user } from "./programs.mjs";

const userInfo = `${user}:${encodeURIComponent(password)}@`;
const wrong = `${user}:wrong@`;

/**
 * @typedef {import("./programs.mjs").Ports} Ports
 * @typedef {{ title: string, program: string, proxy: (ports: Ports) => string | false }} Way
 */

/** @type {Way[]} */
export const ways = [
  { title: "direct", program: "", proxy: () => false },
  { title: "CONNECT", program: "squid", proxy: ({ squid }) => `http://127.0.0.1:${squid}` },
  {
    title: "CONNECT with credentials",
    program: "squid",
    proxy: ({ squidAuth }) => `http://${userInfo}127.0.0.1:${squidAuth}`,
  },
  { title: "CONNECT", program: "tinyproxy", proxy: ({ tinyproxy }) => `http://127.0.0.1:${tinyproxy}` },
  {
    title: "CONNECT with credentials",
    program: "tinyproxy",
    proxy: ({ tinyproxyAuth }) => `http://${user}:${plainPassword}@127.0.0.1:${tinyproxyAuth}`,
  },
  { title: "CONNECT over TLS", program: "squid", proxy: ({ squidTls }) => `https://localhost:${squidTls}` },
  {
    title: "CONNECT over TLS with credentials",
    program: "squid",
    proxy: ({ squidTlsAuth }) => `https://${userInfo}localhost:${squidTlsAuth}`,
  },
  { title: "SOCKS 4", program: "dante", proxy: ({ danted }) => `socks4://127.0.0.1:${danted}` },
  {
    title: "SOCKS 4 with a user",
    program: "dante",
    proxy: ({ danted }) => `socks4://${user}@127.0.0.1:${danted}`,
  },
  { title: "SOCKS 5", program: "dante", proxy: ({ danted }) => `socks5://127.0.0.1:${danted}` },
  {
    title: "SOCKS 5, names by the proxy",
    program: "dante",
    proxy: ({ danted }) => `socks5h://127.0.0.1:${danted}`,
  },
  { title: "SOCKS 5", program: "microsocks", proxy: ({ microsocks }) => `socks5://127.0.0.1:${microsocks}` },
  {
    title: "SOCKS 5, names by the proxy",
    program: "microsocks",
    proxy: ({ microsocks }) => `socks5h://127.0.0.1:${microsocks}`,
  },
  {
    title: "SOCKS 5 with credentials",
    program: "microsocks",
    proxy: ({ microsocksAuth }) => `socks5h://${userInfo}127.0.0.1:${microsocksAuth}`,
  },
];

/**
 * What must fail, and how: fields that the error has to have.
 * @typedef {{ title: string, proxy: (ports: Ports) => string | Promise<string>, port?: number, error: object, cause?: object, untrusted?: true, timeout?: number }} Refusal
 */

const refusedBy = { code: "ERR_HALYARD_PROXY", phase: "proxy" };

/** @type {Refusal[]} */
export const refusals = [
  {
    title: "squid, no credentials",
    proxy: ({ squidAuth }) => `http://127.0.0.1:${squidAuth}`,
    error: { ...refusedBy, status: 407 },
  },
  {
    title: "squid, wrong credentials",
    proxy: ({ squidAuth }) => `http://${wrong}127.0.0.1:${squidAuth}`,
    error: { ...refusedBy, status: 407 },
  },
  {
    title: "squid over TLS, wrong credentials",
    proxy: ({ squidTlsAuth }) => `https://${wrong}localhost:${squidTlsAuth}`,
    error: { ...refusedBy, status: 407 },
  },
  {
    title: "squid over TLS, a certificate that nobody trusts",
    proxy: ({ squidTls }) => `https://localhost:${squidTls}`,
    untrusted: true,
    error: { ...refusedBy, status: undefined },
    cause: { code: "ERR_HALYARD_TLS" },
  },
  {
    title: "squid, a port that it does not lead to",
    proxy: ({ squid }) => `http://127.0.0.1:${squid}`,
    port: forbiddenPort,
    error: { ...refusedBy, status: 403 },
  },
  {
    title: "squid, a server that is not there",
    proxy: ({ squid }) => `http://127.0.0.1:${squid}`,
    port: 1,
    error: { ...refusedBy, status: 503 },
  },
  {
    title: "tinyproxy, no credentials",
    proxy: ({ tinyproxyAuth }) => `http://127.0.0.1:${tinyproxyAuth}`,
    error: { ...refusedBy, status: 407 },
  },
  {
    title: "tinyproxy, wrong credentials",
    proxy: ({ tinyproxyAuth }) => `http://${wrong}127.0.0.1:${tinyproxyAuth}`,
    // Its own choice.
    error: { ...refusedBy, status: 401 },
  },
  {
    title: "tinyproxy, a server that is not there",
    proxy: ({ tinyproxy }) => `http://127.0.0.1:${tinyproxy}`,
    port: 1,
    error: { ...refusedBy, status: 500 },
  },
  {
    title: "microsocks, no credentials",
    proxy: ({ microsocksAuth }) => `socks5h://127.0.0.1:${microsocksAuth}`,
    error: { ...refusedBy, status: undefined },
  },
  {
    title: "microsocks, wrong credentials",
    proxy: ({ microsocksAuth }) => `socks5h://${wrong}127.0.0.1:${microsocksAuth}`,
    error: { ...refusedBy, status: undefined },
  },
  {
    title: "microsocks, a server that is not there",
    proxy: ({ microsocks }) => `socks5h://127.0.0.1:${microsocks}`,
    port: 1,
    error: { ...refusedBy, status: 5 },
  },
  {
    title: "dante with SOCKS 5, a port that it does not lead to",
    proxy: ({ danted }) => `socks5h://127.0.0.1:${danted}`,
    port: forbiddenPort,
    error: { ...refusedBy, status: 2 },
  },
  {
    title: "dante with SOCKS 4, a port that it does not lead to",
    proxy: ({ danted }) => `socks4://127.0.0.1:${danted}`,
    port: forbiddenPort,
    error: { ...refusedBy, status: 91 },
  },
  {
    title: "squid, spoken to as SOCKS",
    proxy: ({ squid }) => `socks5h://127.0.0.1:${squid}`,
    // It waits for the rest of what may become a request.
    timeout: 1_000,
    error: { code: "ERR_HALYARD_TIMEOUT", phase: "proxy" },
  },
  {
    title: "microsocks, spoken to as HTTP",
    proxy: ({ microsocks }) => `http://127.0.0.1:${microsocks}`,
    error: { ...refusedBy, status: undefined },
  },
  {
    title: "squid over TLS, spoken to without",
    proxy: ({ squidTls }) => `http://127.0.0.1:${squidTls}`,
    error: { ...refusedBy, status: undefined },
  },
  {
    title: "a proxy that is not there",
    proxy: async () => `http://${userInfo}127.0.0.1:${await freePort()}`,
    error: { ...refusedBy, status: undefined },
    cause: { code: "ERR_HALYARD_CONNECTION", phase: "connect" },
  },
];
