import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fnv1a64 } from '../../src/model/hash.ts';
import { scanList } from '../../src/model/list-scan.ts';
import { coversShard, hashRange, inRange, isSelectorOf, shardSelector } from '../../src/model/watch-shard.ts';
import { fuzz } from '../support/fuzz.ts';

function hash(text: string): { high: number; low: number } {
  const bytes = Buffer.from(`<${text}>`);
  const out = { high: 0, low: 0 };
  fnv1a64(bytes, 1, bytes.length - 1, out);
  return out;
}
const hex = ({ high, low }: { high: number; low: number }): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
const shard = (index: number, count: number, key: 'uid' | 'namespace' = 'uid') => ({ index, count, key });

describe('the hash of shardRange', () => {
  /** What sharding.HashField of k8s.io/apimachinery 0.36.3 gives; the texts are those of its own tests, and some more. */
  const KNOWN: readonly (readonly [string, string])[] = [
    ['', 'cbf29ce484222325'],
    ['abc', 'e71fa2190541574b'],
    ['test-uid-12345', 'd4c53b72f9287c28'],
    ['aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '93754b7248a00eb9'],
    ['test-uid-123', 'd0ba679834556c0b'],
    ['test-namespace', '54e7df36f7aafbf7'],
    ['default', 'ebada5168620c5fe'],
    ['kube-system', 'df65c7bc1d82b35e'],
    ['0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11', '59c78f0dd9d1d92a'],
    ['ünïcode', 'b1b0d40350a25beb'],
  ];

  test('is that of Kubernetes', () => {
    for (const [text, known] of KNOWN) assert.equal(hex(hash(text)), known, text);
  });

  test('is 64-bit FNV-1a for all bytes', () => {
    const slow = (bytes: Uint8Array): bigint =>
      bytes.reduce((h, b) => BigInt.asUintN(64, (h ^ BigInt(b)) * 0x100000001b3n), 0xcbf29ce484222325n);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const out = { high: 0, low: 0 };
        fnv1a64(bytes, 0, bytes.length, out);
        assert.equal(hex(out), slow(bytes).toString(16).padStart(16, '0'));
      }),
      fuzz(),
    );
  });
});

describe('shards', () => {
  test('are asked for as the documentation of the API has it', () => {
    assert.deepEqual([shard(0, 2), shard(1, 2)].map(shardSelector), [
      "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')",
      "shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')",
    ]);
    assert.deepEqual(
      [0, 1, 2].map((i) => shardSelector(shard(i, 3, 'namespace'))),
      [
        "shardRange(object.metadata.namespace, '0x0000000000000000', '0x5555555555555555')",
        "shardRange(object.metadata.namespace, '0x5555555555555555', '0xaaaaaaaaaaaaaaaa')",
        "shardRange(object.metadata.namespace, '0xaaaaaaaaaaaaaaaa', '0x10000000000000000')",
      ],
    );
  });

  test('have each hash once, also at their ends', () => {
    const ends = [
      { high: 0, low: 0 },
      { high: 0x7fffffff, low: 0xffffffff },
      { high: 0x80000000, low: 0 },
      { high: 0x55555555, low: 0x55555554 },
      { high: 0x55555555, low: 0x55555555 },
      { high: 0xffffffff, low: 0xffffffff },
    ];
    const one = fc.nat({ max: 0xffffffff });
    const some = fc.oneof(fc.constantFrom(...ends), fc.record({ high: one, low: one }));
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 40 }), (value, count) => {
        const owners = Array.from({ length: count }, (_, i) => hashRange(shard(i, count))).filter((r) =>
          inRange(value, r),
        );
        assert.equal(owners.length, 1);
      }),
      fuzz(),
    );
    assert.deepEqual(
      ends.map((end) => [0, 1].findIndex((i) => inRange(end, hashRange(shard(i, 2))))),
      [0, 0, 1, 0, 0, 1],
    );
  });

  test('know an echo, whatever its spaces, quotes and zeros, from that of another one', () => {
    assert.ok(isSelectorOf(shardSelector(shard(1, 2)), shard(1, 2)));
    assert.ok(isSelectorOf('shardRange(object.metadata.uid,"0x0","0x8000000000000000")', shard(0, 2)));
    assert.ok(!isSelectorOf(shardSelector(shard(0, 2)), shard(1, 2)));
    assert.ok(!isSelectorOf(shardSelector(shard(0, 2, 'namespace')), shard(0, 2)));
    assert.ok(!isSelectorOf(`${shardSelector(shard(0, 2))} || ${shardSelector(shard(1, 2))}`, shard(0, 2)));
  });

  test('cover a part of themselves', () => {
    assert.ok(coversShard(undefined, shard(1, 3)));
    assert.ok(coversShard(shard(1, 2), shard(3, 4)));
    assert.ok(coversShard(shard(1, 2), shard(1, 2)));
    assert.ok(!coversShard(shard(1, 2), shard(1, 3)));
    assert.ok(!coversShard(shard(0, 2), shard(0, 2, 'namespace')));
    assert.ok(!coversShard(shard(0, 2), undefined));
  });
});

test('a list says which shard it is of, in the two orders in which API servers write', () => {
  const metadata = `"metadata":{"resourceVersion":"7","shardInfo":{"selector":"shardRange(object.metadata.uid, '0x0', '0x1')"}}`;
  for (const body of [
    `{"kind":"PodList","apiVersion":"v1",${metadata},"items":[{"metadata":{"name":"a"}}]}\n`,
    `{"apiVersion":"v1","items":[{"metadata":{"name":"a"}}],"kind":"PodList",${metadata}}\n`,
    `{ "items":[], ${metadata} }`,
  ])
    assert.equal(scanList(Buffer.from(body))?.shardSelector, "shardRange(object.metadata.uid, '0x0', '0x1')", body);
  assert.equal(scanList(Buffer.from('{"metadata":{"resourceVersion":"7"},"items":[]}'))?.shardSelector, '');
});
