import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hasFingerprint,
  hasResourceVersion,
  hasUid,
  isKnownValue,
  KnownValueWriter,
  knownResourceVersion,
  knownSnapshot,
  knownUid,
} from '../../src/transform/known-value.ts';
import { isDictionaryKey, Snapshots } from '../../src/transform/snapshot.ts';
import { fuzz } from '../support/fuzz.ts';

test('a known value gives back what was written', () => {
  const writer = new KnownValueWriter();
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.maxSafeInteger(),
      fc.maxSafeInteger(),
      fc.uint8Array(),
      (uid, version, a, b, snapshot) => {
        const uidText = JSON.stringify(uid.toWellFormed());
        const bytes = Buffer.from(`${uidText}${JSON.stringify(version.toWellFormed())}`);
        const middle = Buffer.byteLength(uidText);
        const value = Buffer.from(writer.write(bytes, 0, middle, middle, bytes.length, a | 0, b | 0, snapshot));
        assert.ok(isKnownValue(value));
        assert.equal(knownUid(value), uid.toWellFormed());
        assert.equal(knownResourceVersion(value), version.toWellFormed());
        assert.deepEqual(new Uint8Array(knownSnapshot(value)), snapshot);
        assert.ok(hasUid(value, bytes, 0, middle));
        assert.ok(hasResourceVersion(value, bytes, middle, bytes.length));
        assert.ok(hasFingerprint(value, { low: a | 0, high: b | 0 }));
        assert.ok(!hasFingerprint(value, { low: (a | 0) ^ 1, high: b | 0 }));
        assert.equal(hasUid(value, bytes, -1, -1), uid === '');
        assert.ok(!hasUid(value, Buffer.concat([Buffer.from('"x'), bytes.subarray(1)]), 0, middle + 1));
      },
    ),
  );
  const former = Buffer.from(writer.write(Buffer.from('"u""1"'), 0, 3, 3, 6, 7, 8, undefined));
  former[0] = 1;
  assert.ok(isKnownValue(former));
  assert.equal(knownUid(former), 'u');
  assert.ok(!hasFingerprint(former, { low: 7, high: 8 }), 'the fingerprint of version 1 is of another kind');
  assert.equal(isKnownValue(Buffer.from('something else')), false);
  assert.equal(isKnownValue(Buffer.alloc(0)), false);
});

test('snapshots survive a restart together with their dictionary, and are small', () => {
  const stored = new Map<string, Buffer>();
  const before = new Snapshots();
  const pod = (i: number) =>
    Buffer.from(
      JSON.stringify({
        metadata: { name: `web-${i}`, uid: `${i}-${i * 7919}` },
        spec: {
          containers: Array.from({ length: 20 }, (_, c) => ({
            name: `c${c}`,
            image: `registry.example.com/${c}`,
            env: [{ name: 'A', value: 'b' }],
          })),
        },
      }),
    );
  const packed = [0, 1, 2].map((i) => Buffer.from(before.pack(pod(i), (key, value) => stored.set(key, value))));
  assert.equal(stored.size, 1);
  assert.ok((packed[2] as Buffer).length < 150, `${(packed[2] as Buffer).length} bytes`);
  const after = new Snapshots();
  for (const [key, value] of stored) {
    assert.ok(isDictionaryKey(key) && !key.includes('/'));
    after.add(key, value);
  }
  for (const [i, p] of packed.entries()) assert.deepEqual(after.unpack(p), pod(i));
  assert.deepEqual(after.unpack(after.pack(pod(9), () => assert.fail('has one already'))), pod(9));
  assert.deepEqual(
    [...after.all()].map((d) => d.key),
    [...stored.keys()],
  );
});

test('a damaged snapshot, or one without its dictionary, is none', () => {
  const snapshots = new Snapshots();
  const packed = snapshots.pack(Buffer.from('{"a":"bcdefgh","n":1234567}'), () => undefined);
  assert.equal(new Snapshots().unpack(packed), undefined);
  assert.equal(snapshots.unpack(Buffer.alloc(0)), undefined);
  assert.equal(snapshots.unpack(packed.subarray(0, packed.length - 2)), undefined);
  for (let i = 4; i < packed.length; i++) {
    const damaged = Buffer.from(packed);
    damaged[i] = (damaged[i] as number) ^ 0x55;
    snapshots.unpack(damaged);
  }
});

test('objects larger than window and dictionary', () => {
  const snapshots = new Snapshots();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200_000, size: 'max' }), (bytes) => {
      assert.deepEqual(snapshots.unpack(snapshots.pack(Buffer.from(bytes), () => undefined)), Buffer.from(bytes));
    }),
    fuzz(20),
  );
});
