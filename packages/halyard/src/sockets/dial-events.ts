// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { DialEvent } from "../session/dial-event.ts";

/** Tells of the addresses that are tried, as far as the platform does. */
export function tellOf(
  socket: Socket,
  socketPath: string | undefined,
  notice: (event: DialEvent) => void,
): void {
  socket.on("connectionAttempt", (address: string, port: number) =>
    notice({ type: "addressTried", address, port }),
  );
  socket.on("connectionAttemptFailed", (address: string, port: number, _family: number, error: Error) =>
    notice({ type: "addressFailed", address, port, code: (error as NodeJS.ErrnoException).code }),
  );
  socket.on("connectionAttemptTimeout", (address: string, port: number) =>
    notice({ type: "addressFailed", address, port, code: "ETIMEDOUT" }),
  );
  socket.once("connect", () => {
    const { remoteAddress, remotePort } = socket;
    const address = socketPath ?? remoteAddress;
    if (address === undefined) return;
    notice({ type: "addressConnected", address, port: socketPath === undefined ? remotePort : undefined });
  });
}

export function securedEvent(socket: TLSSocket): DialEvent {
  const { alpnProtocol } = socket;
  return {
    type: "secured",
    protocol: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().name,
    alpn: typeof alpnProtocol === "string" ? alpnProtocol : undefined,
    resumed: socket.isSessionReused(),
    fingerprint: (socket.getPeerCertificate() as { fingerprint256?: string }).fingerprint256,
  };
}
