// SPDX-License-Identifier: Apache-2.0
import { deflate } from "halyard/deflate";

const MiB = 2 ** 20;

/** On Deno it is refused, and the cases of compression are not run. */
const extensions = "Deno" in globalThis ? [] : [deflate({ threshold: 0 })];

/** What both testees are configured with: room for the longest case, and compression of every message. */
export const sessionOptions = {
  maxFrameSize: 64 * MiB,
  maxMessageSize: 64 * MiB,
  extensions,
};
