/** One step of a path: a key of an object, an index of an array, or everything in either. */
export type PathToken = { readonly key: string } | { readonly index: number } | { readonly any: true };

/** What a scan does where a path ends: note the slice in a slot, or note an edit for one of its two lists. */
export interface PathTarget {
  readonly tokens: readonly PathToken[];
  readonly slot?: number;
  /** Sum of the flags below. */
  readonly flags?: number;
}

/** Left out of the fingerprint. */
export const IGNORE = 1;
/** Cut out of what is delivered. */
export const PRUNE = 2;
/** Replaced in what is delivered. */
export const REDACT = 4;

export interface TrieNode {
  /** -1 where there is none. */
  readonly slot: number;
  readonly flags: number;
  /** Whether any path goes on below. */
  readonly inner: boolean;
  /** Children by the length of their key in bytes, as JSON.stringify writes it without quotes. */
  readonly byLength: readonly (readonly TrieChild[] | undefined)[];
  readonly indexes: ReadonlyMap<number, TrieNode> | undefined;
  /** For keys and elements that no other child names. */
  readonly any: TrieNode | undefined;
}

export interface TrieChild {
  readonly bytes: Uint8Array;
  readonly node: TrieNode;
  /** The container in which it was last met, to notice a key that stands twice. */
  seenIn: number;
}

/** Merges paths into one tree over key bytes; a wildcard and a name that overlap both hold. */
export function compileTrie(targets: readonly PathTarget[]): TrieNode {
  return node(targets.map((target) => ({ target, rest: target.tokens })));
}

interface Pending {
  readonly target: PathTarget;
  readonly rest: readonly PathToken[];
}

function node(pending: readonly Pending[]): TrieNode {
  let slot = -1;
  let flags = 0;
  const onward: Pending[] = [];
  for (const p of pending) {
    if (p.rest.length > 0) onward.push(p);
    else {
      slot = p.target.slot ?? slot;
      flags |= p.target.flags ?? 0;
    }
  }
  const keys = new Set<string>();
  const numbers = new Set<number>();
  for (const { rest } of onward) {
    const token = rest[0] as PathToken;
    if ('key' in token) keys.add(token.key);
    else if ('index' in token) numbers.add(token.index);
  }
  const below = (matches: (token: PathToken) => boolean): TrieNode =>
    node(
      onward.filter((p) => matches(p.rest[0] as PathToken)).map((p) => ({ target: p.target, rest: p.rest.slice(1) })),
    );
  const byLength: TrieChild[][] = [];
  for (const key of keys) {
    const bytes = new Uint8Array(Buffer.from(JSON.stringify(key).slice(1, -1)));
    const child = { bytes, node: below((t) => 'any' in t || ('key' in t && t.key === key)), seenIn: 0 };
    byLength[bytes.length] = [...(byLength[bytes.length] ?? []), child];
  }
  return {
    slot,
    flags,
    inner: onward.length > 0,
    byLength: Array.from(byLength),
    indexes:
      numbers.size === 0
        ? undefined
        : new Map([...numbers].map((i) => [i, below((t) => 'any' in t || ('index' in t && t.index === i))])),
    any: onward.some((p) => 'any' in (p.rest[0] as PathToken)) ? below((t) => 'any' in t) : undefined,
  };
}

export function findChild(parent: TrieNode, b: Uint8Array, start: number, end: number): TrieChild | undefined {
  const length = end - start;
  if (length >= parent.byLength.length) return undefined;
  const candidates = parent.byLength[length];
  if (candidates === undefined) return undefined;
  next: for (let i = 0; i < candidates.length; i++) {
    const child = candidates[i] as TrieChild;
    const bytes = child.bytes;
    for (let j = 0; j < length; j++) if (b[start + j] !== bytes[j]) continue next;
    return child;
  }
  return undefined;
}
