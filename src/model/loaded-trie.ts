import type { TrieNode } from './json-trie.ts';

/** Beside the flags of json-trie.ts: a path goes on below. */
const INNER = 8;
/** Words of a node in front of its children, of a child, and of an index. */
const NODE = 5;
const CHILD = 4;
const INDEX = 3;

/**
 * A trie as assembly/json-scan.ts reads it, which describes the form.
 * @param address where it will stand: it refers to itself
 */
export function trieWords(trie: TrieNode, address: number): number[] {
  const words: number[] = [];
  node(trie, address, words);
  return words;
}

/** @returns its address */
function node(trie: TrieNode, address: number, words: number[]): number {
  const at = words.length;
  words.push(trie.slot, trie.flags | (trie.inner ? INNER : 0), 0, 0, trie.byLength.length);
  for (let i = 0; i < trie.byLength.length; i++) words.push(0);
  for (const children of trie.byLength) {
    for (const { bytes, node: below } of children ?? []) {
      const child = words.length;
      const head = at + NODE + bytes.length;
      words.push(words[head] as number, address + (child + CHILD) * 4, 0, 0);
      words[head] = address + child * 4;
      const padded = new Uint8Array((bytes.length + 3) & ~3);
      padded.set(bytes);
      words.push(...new Int32Array(padded.buffer));
      words[child + 2] = node(below, address, words);
    }
  }
  for (const [index, below] of trie.indexes ?? []) {
    const place = words.length;
    words.push(words[at + 3] as number, index, 0);
    words[at + 3] = address + place * 4;
    words[place + INDEX - 1] = node(below, address, words);
  }
  if (trie.any !== undefined) words[at + 2] = node(trie.any, address, words);
  return address + at * 4;
}
