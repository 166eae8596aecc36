// SPDX-License-Identifier: Apache-2.0
import dns from "node:dns";
import type { DialContext } from "../../../sockets/dial.ts";
import { socketError } from "../../../sockets/socket-errors.ts";

/**
 * The address of a host, for a proxy that takes no names.
 *
 * @param family - 4 for IPv4 alone, 0 for any
 * @throws {@link ConnectionError}; the reason of an abort, after which the platform may go on for a while
 */
export function resolve(host: string, family: 0 | 4, context: DialContext): Promise<string> {
  return new Promise((settle, reject) => {
    let isAborted = false;
    context.onAbort((reason) => {
      isAborted = true;
      reject(reason);
    });
    if (isAborted) return;
    context.entered("dns");
    dns.lookup(host, { family }, (error, address) => {
      if (isAborted) return;
      context.onAbort(null);
      if (error === null) settle(address);
      else reject(socketError(error, "dns", context.url));
    });
  });
}
