import type { Json, PatchOperation } from './diff.ts';

/** Above this many pairs (of what is left between the common start and end) elements are matched by their place. */
const MAX_PAIRS = 65_536;

/**
 * Appends the operations that make `after` of `before`. Elements that stayed are kept where a longest common subsequence
 * finds them; between those, elements are changed pairwise, and what is left over is removed or added.
 */
export function diffArrays(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  operations: PatchOperation[],
  diffElement: (before: Json, after: Json, path: string, operations: PatchOperation[]) => void,
): void {
  // Equality by text: members in another order count as changed here, and diffElement then finds no difference.
  const ids = new Map<string, number>();
  const idOf = (value: Json): number => {
    const text = JSON.stringify(value);
    let id = ids.get(text);
    if (id === undefined) {
      id = ids.size;
      ids.set(text, id);
    }
    return id;
  };
  const a = Int32Array.from(before, idOf);
  const b = Int32Array.from(after, idOf);

  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }

  let at = start;
  let i = start;
  let j = start;
  const gap = (toI: number, toJ: number): void => {
    while (i < toI && j < toJ) diffElement(before[i++] as Json, after[j++] as Json, `${path}/${at++}`, operations);
    for (; i < toI; i++) operations.push({ op: 'remove', path: `${path}/${at}` });
    for (; j < toJ; j++) operations.push({ op: 'add', path: `${path}/${at++}`, value: after[j] as Json });
  };
  if ((endA - start) * (endB - start) <= MAX_PAIRS) {
    for (const [matchA, matchB] of commonSubsequence(a.subarray(start, endA), b.subarray(start, endB))) {
      gap(start + matchA, start + matchB);
      i++;
      j++;
      at++;
    }
  }
  gap(endA, endB);
}

/** Index pairs of a longest common subsequence, ascending. Time and memory are the product of the lengths. */
function commonSubsequence(a: Int32Array, b: Int32Array): [number, number][] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const below = lengths[(i + 1) * width + j] as number;
      const right = lengths[i * width + j + 1] as number;
      lengths[i * width + j] =
        a[i] === b[j] ? (lengths[(i + 1) * width + j + 1] as number) + 1 : Math.max(below, right);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number)) i++;
    else j++;
  }
  return pairs;
}
