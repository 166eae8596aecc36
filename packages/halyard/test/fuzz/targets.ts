// SPDX-License-Identifier: Apache-2.0
import { addresses } from "./addresses.ts";
import { closing } from "./closing.ts";
import { frames } from "./frames.ts";
import { head } from "./head.ts";
import { header } from "./header.ts";
import { inflate } from "./inflate.ts";
import type { FuzzTarget } from "./target.ts";

export const targets: Readonly<Record<string, FuzzTarget>> = {
  addresses,
  closing,
  frames,
  head,
  header,
  inflate,
};
