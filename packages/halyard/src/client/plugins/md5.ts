// SPDX-License-Identifier: Apache-2.0

/** RFC 1321 section 3.4: by how many bits each round turns. */
const turns = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
const sines = Int32Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32));

/** MD5 (RFC 1321), which Web Crypto leaves out for good reasons and digest authentication still needs. */
export function md5(message: Uint8Array): Uint8Array {
  const blocks = new Uint8Array((((message.length + 8) >> 6) + 1) * 64);
  blocks.set(message);
  blocks[message.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 8, message.length * 8, true);
  view.setUint32(blocks.length - 4, Math.floor(message.length / 2 ** 29), true);

  let [a, b, c, d] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let block = 0; block < blocks.length; block += 64) {
    const before = [a, b, c, d] as const;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      const mixed =
        mix(round, b, c, d) + a + (sines[step] ?? 0) + view.getInt32(block + wordOf(round, step) * 4, true);
      const turn = turns[round]?.[step & 3] ?? 0;
      [a, d, c, b] = [d, c, b, (b + ((mixed << turn) | (mixed >>> (32 - turn)))) | 0];
    }
    [a, b, c, d] = [(a + before[0]) | 0, (b + before[1]) | 0, (c + before[2]) | 0, (d + before[3]) | 0];
  }

  const hash = new DataView(new ArrayBuffer(16));
  for (const [at, word] of [a, b, c, d].entries()) hash.setInt32(at * 4, word, true);
  return new Uint8Array(hash.buffer);
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (b & d) | (c & ~d);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function wordOf(round: number, step: number): number {
  if (round === 0) return step;
  if (round === 1) return (5 * step + 1) & 15;
  return (round === 2 ? 3 * step + 5 : 7 * step) & 15;
}
