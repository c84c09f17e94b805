import {
  compileTrie,
  IGNORE,
  type PathTarget,
  type PathToken,
  PRUNE,
  REDACT,
  type TrieNode,
} from '../model/json-trie.ts';
import { parsePath } from './paths.ts';
import type { StreamPlan } from './plan.ts';

/** Slots of an object's identity. */
export const KIND = 0;
export const API_VERSION = 1;
export const METADATA = 2;
export const NAME = 3;
export const NAMESPACE = 4;
export const UID = 5;
export const RESOURCE_VERSION = 6;
export const LABELS = 7;
export const ANNOTATIONS = 8;
export const MANAGED_FIELDS = 9;
export const DELETION_TIMESTAMP = 10;
export const SLOTS = 11;

const meta = (key: string): PathToken[] => [{ key: 'metadata' }, { key }];

export const IDENTITY: readonly PathTarget[] = [
  { tokens: [{ key: 'kind' }], slot: KIND },
  { tokens: [{ key: 'apiVersion' }], slot: API_VERSION },
  { tokens: [{ key: 'metadata' }], slot: METADATA },
  { tokens: meta('name'), slot: NAME },
  { tokens: meta('namespace'), slot: NAMESPACE },
  { tokens: meta('uid'), slot: UID },
  { tokens: meta('resourceVersion'), slot: RESOURCE_VERSION, flags: IGNORE },
  { tokens: meta('labels'), slot: LABELS },
  { tokens: meta('annotations'), slot: ANNOTATIONS },
  { tokens: meta('managedFields'), slot: MANAGED_FIELDS, flags: IGNORE },
  { tokens: meta('deletionTimestamp'), slot: DELETION_TIMESTAMP },
];

/** Name and namespace only: enough to tell whose an object of a split stream is. */
export const KEY_TRIE = compileTrie([
  { tokens: meta('name'), slot: NAME },
  { tokens: meta('namespace'), slot: NAMESPACE },
]);
export const LABELS_TRIE = compileTrie([{ tokens: meta('labels'), slot: LABELS }]);
export const ANNOTATIONS_TRIE = compileTrie([{ tokens: meta('annotations'), slot: ANNOTATIONS }]);

const flagged = (paths: readonly string[], flags: number): PathTarget[] =>
  paths.map((path) => ({ tokens: parsePath(path), flags }));

/**
 * Identity, ignore, prune and redact of a plan.
 * @param more paths to be noted beside
 * @throws WatershardError PATH_INVALID
 */
export function objectTrie(
  plan: Pick<StreamPlan, 'ignore' | 'prune' | 'redact'>,
  more: readonly PathTarget[] = [],
): TrieNode {
  return compileTrie([
    ...IDENTITY,
    ...more,
    ...flagged(plan.ignore, IGNORE),
    ...flagged(plan.prune, PRUNE),
    ...flagged(plan.redact, REDACT),
  ]);
}

/** What extraction sees: redacted like what is delivered, but not pruned, so that a field may be taken of what is cut. */
export function extractionTrie(plan: Pick<StreamPlan, 'redact'>): TrieNode {
  return compileTrie([{ tokens: meta('managedFields'), flags: PRUNE }, ...flagged(plan.redact, REDACT)]);
}
