// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import { ownOptions } from "../../../protocol/given.ts";
import type { AnswerLimits } from "../../../protocol/handshake/client-handshake.ts";
import { ConnectionError, ProxyError, type ProxyErrorContext, TlsError } from "../../../session/errors.ts";
import { type DialContext, type DialOptions, dial, startTls } from "../../../sockets/dial.ts";
import type { SocketStream } from "../../../sockets/socket-stream.ts";
import type { TlsClient } from "../../../sockets/tls-client.ts";
import type { Dialogue, ProxyFailure, ProxyTarget } from "./dialogue.ts";
import { httpConnect } from "./http-connect.ts";
import type { ProxyServer } from "./proxy-server.ts";
import { resolve } from "./resolve.ts";
import { socks4 } from "./socks4.ts";
import { socks5 } from "./socks5.ts";

export interface TunnelOptions {
  readonly proxy: ProxyServer;
  /** For proxies of https. */
  readonly proxyTls: TlsClient;
  /** What is accepted of the answer to CONNECT. */
  readonly answerLimits: AnswerLimits;
}

/**
 * Opens a socket to the server, directly or through a proxy. Should the proxy fail, nobody tries without it.
 *
 * @param tunnel - null for the direct way
 * @throws {@link ProxyError} for all that is the proxy's; {@link ConnectionError} or {@link TlsError} for the rest; the reason of an
 * abort. Nothing is left open then.
 */
export function dialThrough(
  tunnel: TunnelOptions | null,
  options: DialOptions,
  context: DialContext,
): Promise<SocketStream> {
  return tunnel === null ? dial(options, context) : openTunnel(tunnel, options, context);
}

async function openTunnel(
  tunnel: TunnelOptions,
  options: DialOptions,
  context: DialContext,
): Promise<SocketStream> {
  const { proxy } = tunnel;
  const target = await targetFor(proxy, options, context);
  context.entered("proxy");
  const stream = await reach(tunnel, options, context);
  const failed = failureOf(proxy, context);
  const rest = await hold(dialogueWith(tunnel, target, failed), stream, context, failed);
  if (options.tls === null) return stream;
  if (rest === 0) return await startTls(stream, options.tls, options, context);
  stream.destroy();
  throw failed("it sent something before TLS had begun");
}

/** What the proxy is told; SOCKS proxies without a letter behind their version are given addresses. */
async function targetFor(
  { protocol }: ProxyServer,
  { host, port }: DialOptions,
  context: DialContext,
): Promise<ProxyTarget> {
  if (protocol === "socks4") return { host: await resolve(host, 4, context), port };
  if (protocol === "socks5" && isIP(host) === 0) return { host: await resolve(host, 0, context), port };
  return { host, port };
}

async function reach(
  { proxy, proxyTls }: TunnelOptions,
  options: DialOptions,
  context: DialContext,
): Promise<SocketStream> {
  const { tls: tlsAbove, noDelay, keepAlive, addressTimeout, isReleasable = false } = ownOptions(options);
  const { host, port, protocol } = proxy;
  const { notice } = context;
  const tls = protocol === "https" ? proxyTls : null;
  try {
    return await dial(
      {
        host,
        port,
        tls,
        noDelay,
        keepAlive,
        addressTimeout,
        isReleasable: isReleasable || tlsAbove !== null,
      },
      // What happens on the way to the proxy is all of the phase "proxy".
      {
        url: proxy.safeUrl,
        entered: () => undefined,
        // Whoever is told that a connection is secured takes it for that to the server.
        notice: notice && ((event) => (event.type === "secured" ? undefined : notice(event))),
        onAbort: (callback) => context.onAbort(callback),
      },
    );
  } catch (cause) {
    if (!(cause instanceof ConnectionError)) throw cause;
    const { addresses } = cause;
    const where = cause instanceof TlsError ? "; its TLS is the engine's proxyTls" : "";
    throw proxyError(proxy, context, `${cause.message}${where}`, { cause, addresses });
  }
}

function dialogueWith(
  { proxy, answerLimits }: TunnelOptions,
  target: ProxyTarget,
  failed: ProxyFailure,
): Dialogue {
  const { protocol, headers, userInfo } = proxy;
  if (protocol === "http" || protocol === "https") return httpConnect(target, headers, answerLimits, failed);
  if (protocol === "socks5" || protocol === "socks5h") return socks5(target, userInfo, failed);
  return socks4(target, userInfo?.username ?? "", failed);
}

/**
 * Holds the dialogue, and leaves the stream where the server's first byte is, or will be.
 * @returns how many bytes of the server have come
 */
function hold(
  dialogue: Dialogue,
  stream: SocketStream,
  context: DialContext,
  failed: ProxyFailure,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = () => {
      isOver = true;
      context.onAbort(null);
    };
    const fail = (error: unknown) => {
      if (isOver) return;
      finish();
      reject(error);
      stream.destroy();
    };
    const goOn = (chunk?: Uint8Array) => {
      try {
        const { done, value } = chunk === undefined ? dialogue.next() : dialogue.next(chunk);
        if (done === true) {
          finish();
          stream.detach(value);
          resolve(value.length);
        } else if (value.length > 0) {
          stream.write([value], () => undefined);
        }
      } catch (error) {
        fail(error);
      }
    };
    context.onAbort(fail);
    if (!isOver) goOn();
    if (isOver) return;
    stream.attach({
      received(chunk) {
        goOn(chunk);
        return !isOver;
      },
      ended: () => fail(failed("it ended the connection")),
      closed: (cause) =>
        fail(failed(cause === undefined ? "it ended the connection" : cause.message, { cause })),
    });
    if (!isOver) stream.resume();
  });
}

function failureOf(proxy: ProxyServer, context: DialContext): ProxyFailure {
  return (reason, more) => proxyError(proxy, context, reason, more);
}

function proxyError(
  { safeUrl }: ProxyServer,
  { url }: DialContext,
  reason: string,
  context: ProxyErrorContext = {},
): ProxyError {
  return new ProxyError(`the proxy ${safeUrl} did not lead to ${url}: ${reason}`, safeUrl, {
    ...context,
    url,
  });
}
