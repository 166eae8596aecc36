// SPDX-License-Identifier: Apache-2.0

/**
 * A text from somebody else, as it may be written to a terminal: what would move the cursor, set the clipboard, change
 * colours or turn the direction of the line is shown as its number. The joiner that emoji are made with stays.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
