// SPDX-License-Identifier: Apache-2.0
import { reversed } from "./huffman";
import {
  distanceCount,
  distanceExtras,
  fixedDistances,
  fixedLiterals,
  lengthExtras,
  lengthSymbols,
} from "./memory";

prepare();

/** What is the same for all messages. */
function prepare(): void {
  let length: u32 = 0;
  for (let symbol: u32 = 0; symbol < 28; symbol++) {
    const extra = symbol < 8 ? 0 : (symbol >> 2) - 1;
    store<u8>(lengthExtras + symbol, extra);
    for (let index: u32 = 0; index < (<u32>1) << extra && length < 255; index++) {
      store<u8>(lengthSymbols + length++, symbol);
    }
  }
  // The longest has a symbol of its own, without anything that follows.
  store<u8>(lengthSymbols + 255, 28);
  for (let symbol: u32 = 0; symbol < distanceCount; symbol++) {
    store<u8>(distanceExtras + symbol, symbol < 4 ? 0 : (symbol >> 1) - 1);
    store<u32>(fixedDistances + symbol * 4, (5 << 16) | reversed(symbol, 5));
  }
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    let code = symbol + 0x30;
    let bits: u32 = 8;
    if (symbol >= 280) code = symbol - 280 + 0xc0;
    else if (symbol >= 256) {
      code = symbol - 256;
      bits = 7;
    } else if (symbol >= 144) {
      code = symbol - 144 + 0x190;
      bits = 9;
    }
    store<u32>(fixedLiterals + symbol * 4, (bits << 16) | reversed(code, bits));
  }
}

/** Of a distance (RFC 1951 section 3.2.5): its first bit and the one after it say which. */
export function symbolOf(distance: u32): u32 {
  const less = distance - 1;
  if (less < 2) return less;
  const bits = 31 - clz(less);
  return (bits << 1) | ((less >> (bits - 1)) & 1);
}
