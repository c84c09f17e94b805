import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownTable } from '../../src/transform/known-table.ts';
import { StreamTransform } from '../../src/transform/stream-transform.ts';
import { NOW, podPlan } from '../support/transforming.ts';

/** Hashes of what was set aside without a key, when these lines come in batches of this size. */
function contents(lines: readonly string[], size: number): string[] {
  const transform = new StreamTransform(podPlan(), new KnownTable());
  const found = new Set<string>();
  for (let at = 0; at < lines.length; at += size) {
    const part = lines.slice(at, at + size);
    const bytes = new Uint8Array(Buffer.from(part.join('')));
    const common = { count: part.length, resourceVersion: '1', observedAt: NOW };
    const { failures } = transform.apply({ type: 'frames', bytes, listing: false, ...common });
    for (const content of failures.flatMap((f) => f.contents ?? [])) found.add(content);
  }
  return [...found].sort();
}

test('what has no key is told apart by its text, the same however it is cut into batches', () => {
  const lines = ['nonsense 1\n', 'nonsense 2\n', '{"type":"ADDED","object":{"metadata":{}}}\n', 'nonsense 1\n', '{}\n'];
  const all = contents(lines, lines.length);
  assert.equal(all.length, 4);
  for (const size of [1, 2, 3]) assert.deepEqual(contents(lines, size), all);
});

test('of one piece of work a hundred are told apart, and the rest together', () => {
  const lines = Array.from({ length: 300 }, (_, i) => `nonsense ${i}\n`);
  const found = contents(lines, lines.length);
  assert.equal(found.length, 101);
  assert.ok(found.includes(''));
});
