// SPDX-License-Identifier: Apache-2.0
// What messages hold: the same in every run, and different from message to message, so that no engine can keep an answer.

const latin = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.-";
const accented = "äöüßéèêñçøåæœıšžđαβγδεζηθ";
const cjk = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏";

/** A small generator of numbers that only need to look random (xorshift). @param {number} seed */
function generator(seed) {
  let state = (seed + 1) * 2_654_435_761;
  return (/** @type {number} */ below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Which characters a text of this kind has, and how many in a hundred are ASCII. */
const alphabets = {
  text: { letters: "", ascii: 100 },
  mixed: { letters: accented, ascii: 80 },
  cjk: { letters: cjk, ascii: 5 },
};

/**
 * A text of so many bytes of UTF-8, which ends with an ASCII character.
 * @param {keyof typeof alphabets} kind
 * @param {number} size
 * @param {number} seed
 */
export function textOf(kind, size, seed) {
  const next = generator(seed);
  const { letters, ascii } = alphabets[kind];
  /** @type {string[]} */
  const parts = [];
  let left = size;
  while (left > 0) {
    const character =
      left <= 4 || next(100) < ascii ? latin[next(latin.length)] : letters[next(letters.length)];
    parts.push(character);
    left -= Buffer.byteLength(character);
  }
  // Joined and decoded anew: one flat string, as if it came from elsewhere.
  return Buffer.from(parts.join("")).toString();
}

/** @param {number} size @param {number} seed */
export function binaryOf(size, seed) {
  const next = generator(seed);
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, () => next(2 ** 32));
  return new Uint8Array(words.buffer, 0, size);
}

/** A document of about 1 KiB, at least so much: the sort of thing that is worth compressing. @param {number} seed */
export function jsonOf(seed) {
  const next = generator(seed);
  const trades = [];
  let text = "";
  // 1,024 bytes is where ws and Halyard begin to compress.
  while (text.length < 1024) {
    trades.push({
      id: seed * 100 + trades.length,
      symbol: `${latin[26 + next(26)]}${latin[26 + next(26)]}${latin[26 + next(26)]}`,
      price: (next(1_000_000) / 100).toFixed(2),
      quantity: next(5_000),
      side: next(2) === 0 ? "buy" : "sell",
      time: `2026-11-${String(1 + next(28)).padStart(2, "0")}T${String(next(24)).padStart(2, "0")}:00:00Z`,
    });
    text = JSON.stringify({ channel: "trades", sequence: seed, trades });
  }
  return text;
}

/**
 * @param {{ type: string, size: number }} row
 * @param {number} seed
 * @returns {string | Uint8Array}
 */
export function messageOf({ type, size }, seed) {
  if (type === "binary") return binaryOf(size, seed);
  if (type === "json") return jsonOf(seed);
  return textOf(/** @type {keyof typeof alphabets} */ (type), size, seed);
}
