// SPDX-License-Identifier: Apache-2.0

/**
 * Validates UTF-8 (RFC 3629) as it arrives and fails at the first byte that cannot be right, not at the end of the
 * message: overlong forms, surrogates and what lies above U+10FFFF are excluded by the range of the second byte.
 */
export class Utf8Validator {
  /** How many continuation bytes the character in progress still needs. */
  #missing = 0;
  /** What the next continuation byte may be. */
  #lowest = 0x80;
  #highest = 0xbf;

  /** @returns false at the first bad byte; the validator is then of no further use until {@link reset} */
  push(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    let missing = this.#missing;
    let lowest = this.#lowest;
    let highest = this.#highest;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (missing !== 0) {
        if (byte < lowest || byte > highest) return false;
        lowest = 0x80;
        highest = 0xbf;
        missing--;
      } else if (byte >= 0x80) {
        if (byte < 0xc2 || byte > 0xf4) return false;
        if (byte < 0xe0) {
          missing = 1;
        } else if (byte < 0xf0) {
          missing = 2;
          if (byte === 0xe0) lowest = 0xa0;
          else if (byte === 0xed) highest = 0x9f;
        } else {
          missing = 3;
          if (byte === 0xf0) lowest = 0x90;
          else if (byte === 0xf4) highest = 0x8f;
        }
      }
    }
    this.#missing = missing;
    this.#lowest = lowest;
    this.#highest = highest;
    return true;
  }

  /** Whether what was pushed ends between two characters. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  reset(): void {
    this.#missing = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /** A second validator in the same state. */
  fork(): Utf8Validator {
    const fork = new Utf8Validator();
    fork.#missing = this.#missing;
    fork.#lowest = this.#lowest;
    fork.#highest = this.#highest;
    return fork;
  }
}

export function isUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
  const validator = new Utf8Validator();
  return validator.push(bytes, start, end) && validator.isComplete;
}
