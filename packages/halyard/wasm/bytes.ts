// SPDX-License-Identifier: Apache-2.0
// Bytes by the vector instructions of WebAssembly: masking and UTF-8. AssemblyScript; `npm run wasm` compiles it. The
// memory is two areas: what the host has copied in from `source` on, and what it fetches from `target` on.
// Pages: 4

/** How many bytes are worked on at once. */
const pieceBytes: i32 = 64 * 1024;

/** Behind what the compiler might put at the beginning, and aligned to a vector. */
const source: usize = 1024;
/** A UTF-16 unit for each byte. The vector that is read past the end of a piece, and written past it, lies between. */
const target: usize = source + pieceBytes + 64;

export function sourceAt(): usize {
  return source;
}

export function targetAt(): usize {
  return target;
}

/** Exclusive or with the key, over and over (RFC 6455 section 5.3), of `size` bytes in place. */
export function mask(size: i32, key: u32): void {
  const keys = i32x4.splat(key);
  const end = source + size;
  // What lies behind the end in the last vector is nobody's.
  for (let at = source; at < end; at += 64) {
    v128.store(at, v128.xor(v128.load(at), keys));
    v128.store(at, v128.xor(v128.load(at, 16), keys), 16);
    v128.store(at, v128.xor(v128.load(at, 32), keys), 32);
    v128.store(at, v128.xor(v128.load(at, 48), keys), 48);
  }
}

/**
 * UTF-8 (RFC 3629) to UTF-16, or to Latin-1 where that is enough: a string of it takes half the memory.
 * @returns twice the number of units, plus one if each has two bytes; or -1 if the bytes are not UTF-8 from the first to
 * the last
 */
export function transcode(size: i32): i32 {
  const end = source + size;
  let at = source;
  let to = target;
  let all: u32 = 0;
  while (at < end) {
    const first = <u32>load<u8>(at);
    if (first < 0x80) {
      // Runs of ASCII are common in any script, and this is what a vector widens.
      if (at + 16 <= end) {
        const bytes = v128.load(at);
        const ascii = ctz(i8x16.bitmask(bytes) | 0x10000);
        v128.store(to, i16x8.extend_low_i8x16_u(bytes));
        v128.store(to, i16x8.extend_high_i8x16_u(bytes), 16);
        at += ascii;
        to += (<usize>ascii) << 1;
      } else {
        store<u16>(to, first);
        at += 1;
        to += 2;
      }
    } else if (first < 0xe0) {
      const second = <u32>load<u8>(at + 1);
      // C0 and C1 would be an overlong form of ASCII.
      if (first < 0xc2 || at + 2 > end || (second & 0xc0) != 0x80) return -1;
      const unit = ((first & 0x1f) << 6) | (second & 0x3f);
      store<u16>(to, unit);
      all |= unit;
      at += 2;
      to += 2;
    } else if (first < 0xf0) {
      // Four characters of three bytes, as in Chinese and Japanese, a quarter of the time.
      if (at + 16 <= end) {
        const units = fourOfThree(v128.load(at));
        if (i32x4.all_true(units)) {
          v128.store(to, i16x8.narrow_i32x4_u(units, units));
          all |= 0x800;
          at += 12;
          to += 8;
          continue;
        }
      }
      const second = <u32>load<u8>(at + 1);
      const third = <u32>load<u8>(at + 2);
      const unit = ((first & 0xf) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
      if (at + 3 > end || (second & 0xc0) != 0x80 || (third & 0xc0) != 0x80) return -1;
      // Overlong, or a surrogate.
      if (unit < 0x800 || (unit & 0xf800) == 0xd800) return -1;
      store<u16>(to, unit);
      all |= unit;
      at += 3;
      to += 2;
    } else {
      const rest = load<u32>(at) >>> 8;
      const point =
        ((first & 0x7) << 18) | ((rest & 0x3f) << 12) | ((rest & 0x3f00) >>> 2) | ((rest >>> 16) & 0x3f);
      if (first > 0xf4 || at + 4 > end || (rest & 0xc0c0c0) != 0x808080) return -1;
      if (point < 0x10000 || point > 0x10ffff) return -1;
      store<u16>(to, 0xd7c0 + (point >>> 10));
      store<u16>(to, 0xdc00 | (point & 0x3ff), 2);
      all |= point;
      at += 4;
      to += 4;
    }
  }
  const units = <i32>((to - target) >>> 1);
  if (all > 0xff) return (units << 1) | 1;
  narrow(to);
  return units << 1;
}

/** The units of four characters of three bytes each, a lane each; zeros unless all of them are such, and allowed. */
function fourOfThree(bytes: v128): v128 {
  const zero = i32x4.splat(0);
  const lanes = v128.shuffle<u8>(bytes, zero, 2, 1, 0, 16, 5, 4, 3, 16, 8, 7, 6, 16, 11, 10, 9, 16);
  const isThree = i32x4.eq(v128.and(lanes, i32x4.splat(0xf0c0c0)), i32x4.splat(0xe08080));
  const upper = v128.and(i32x4.shr_u(lanes, 4), i32x4.splat(0xf000));
  const middle = v128.and(i32x4.shr_u(lanes, 2), i32x4.splat(0x0fc0));
  const units = v128.or(v128.or(upper, middle), v128.and(lanes, i32x4.splat(0x3f)));
  // Below U+0800 they are overlong, and surrogates are no characters.
  const isLarge = i32x4.gt_s(units, i32x4.splat(0x7ff));
  const isSurrogate = i32x4.eq(v128.and(units, i32x4.splat(0xf800)), i32x4.splat(0xd800));
  const isAllowed = v128.and(isThree, v128.andnot(isLarge, isSurrogate));
  return i32x4.all_true(isAllowed) ? units : zero;
}

/** Leaves out the upper byte of each unit up to `end`. */
function narrow(end: usize): void {
  let to = target;
  for (let at = target; at < end; at += 32) {
    v128.store(to, i8x16.narrow_i16x8_u(v128.load(at), v128.load(at, 16)));
    to += 16;
  }
}
