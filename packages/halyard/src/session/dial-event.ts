// SPDX-License-Identifier: Apache-2.0

/**
 * What can be told of a connection that is being opened:
 *
 * - `addressTried`, `addressFailed`, `addressConnected`: with an IP address, or the path of a Unix socket
 * - `secured`: TLS stands; `fingerprint` is the SHA-256 of the server's certificate, undefined where a session was
 *   resumed and the platform does not show it
 */
export type DialEvent =
  | {
      readonly type: "addressTried" | "addressConnected";
      readonly address: string;
      readonly port: number | undefined;
    }
  | {
      readonly type: "addressFailed";
      readonly address: string;
      readonly port: number | undefined;
      /** As the platform names it, for example `ECONNREFUSED`. */
      readonly code: string | undefined;
    }
  | {
      readonly type: "secured";
      /** For example `TLSv1.3`. */
      readonly protocol: string | undefined;
      readonly cipher: string | undefined;
      /** What was agreed on by ALPN. */
      readonly alpn: string | undefined;
      readonly resumed: boolean;
      readonly fingerprint: string | undefined;
    };
