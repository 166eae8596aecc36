// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { acceptFor } from "../../src/protocol/handshake/accept-key.ts";
import { nodeSha1 } from "../../src/sockets/node-sha1.ts";

const sha1 = nodeSha1();

test.runIf(sha1 !== undefined)("Node's SHA-1 gives what the plain one does", () => {
  for (let at = 0; at < 200; at++) {
    const key = btoa(String(at).padStart(16, "k"));
    expect(acceptFor(key, sha1)).toBe(acceptFor(key));
  }
});
