/* AssemblyScript: comparing and copying, 16 bytes at once. Positions are addresses. */

/** How many bytes are the same. Reads up to 15 bytes more of each. */
export function common(one: usize, other: usize, limit: usize): usize {
  let n: usize = 0;
  while (n < limit) {
    const differing = ~i8x16.bitmask(i8x16.eq(v128.load(one + n), v128.load(other + n))) & 0xffff;
    if (differing !== 0) return min(n + <usize>ctz(differing), limit);
    n += 16;
  }
  return limit;
}

export function same(one: usize, other: usize, length: usize): bool {
  return common(one, other, length) === length;
}

/**
 * Writes up to 15 bytes more. A call of `memory.copy` costs as much as some hundred bytes.
 * @param from at least 16 bytes before `to`, where the two overlap
 */
export function copy(to: usize, from: usize, length: usize): void {
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

export function min(a: usize, b: usize): usize {
  return a < b ? a : b;
}
