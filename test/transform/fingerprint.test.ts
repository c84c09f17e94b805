import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Stream } from '../../src/model/resource.ts';
import { fingerprint } from '../../src/transform/fingerprint.ts';
import { ObjectFingerprint } from '../../src/transform/object-fingerprint.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import { fuzz } from '../support/fuzz.ts';

const stream: Stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};
const ignore = ["metadata.annotations['example.com/heartbeat']", 'status.conditions[*].lastHeartbeatTime'];
const print = new ObjectFingerprint();

function of(object: unknown, prefix = ''): string {
  const reader = new ObjectReader(objectTrie({ ignore, prune: ['metadata.managedFields'], redact: ['data'] }), stream);
  const b = Buffer.from(prefix + JSON.stringify(object));
  assert.equal(reader.read(b, prefix.length, b.length), b.length);
  const out = { low: 0, high: 0 };
  print.of(reader, out);
  return `${out.low >>> 0}:${out.high >>> 0}`;
}

const base = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'a',
    namespace: 'b',
    uid: 'u',
    resourceVersion: '1',
    annotations: { x: 'y' },
    managedFields: [{ a: 1 }],
  },
  data: { secret: 'one' },
  status: { conditions: [{ type: 'Ready', lastHeartbeatTime: 'then' }] },
};

test('what is ignored does not count', () => {
  const same = of(base);
  assert.equal(of(base, ' '), same);
  assert.equal(of({ ...base, metadata: { ...base.metadata, resourceVersion: '1234567' } }), same);
  assert.equal(of({ ...base, metadata: { ...base.metadata, managedFields: [] } }), same);
  const { managedFields: _, ...without } = base.metadata;
  assert.equal(of({ ...base, metadata: without }), same);
  assert.equal(
    of({ ...base, metadata: { ...base.metadata, annotations: { x: 'y', 'example.com/heartbeat': '9' } } }),
    same,
  );
  assert.equal(
    of({ ...base, metadata: { ...base.metadata, annotations: { 'example.com/heartbeat': '9', x: 'y' } } }),
    same,
  );
  assert.equal(of({ ...base, status: { conditions: [{ type: 'Ready', lastHeartbeatTime: 'now' }] } }), same);
});

test('a map that holds only what is ignored counts as absent', () => {
  const { annotations: _, ...bare } = base.metadata;
  const same = of({ ...base, metadata: bare });
  assert.equal(of({ ...base, metadata: { ...bare, annotations: { 'example.com/heartbeat': '9' } } }), same);
});

test('a list item without kind and apiVersion equals the watch event', () => {
  const { kind: _, apiVersion: __, ...item } = base;
  assert.equal(of(item), of(base));
});

test('everything else counts, a redacted value too', () => {
  const same = of(base);
  assert.notEqual(of({ ...base, data: { secret: 'two' } }), same);
  assert.notEqual(of({ ...base, metadata: { ...base.metadata, annotations: { x: 'z' } } }), same);
  assert.notEqual(
    of({ ...base, status: { conditions: [{ type: 'Ready', lastHeartbeatTime: 'then', status: 'True' }] } }),
    same,
  );
  assert.notEqual(of({ ...base, status: { conditions: [] } }), same);
  assert.notEqual(of({ ...base, spec: { resourceVersion: '1' } }), of({ ...base, spec: { resourceVersion: '2' } }));
});

function hash(bytes: Uint8Array, length: number): { low: number; high: number } {
  const out = { low: 0, high: 0 };
  fingerprint(new Int32Array(bytes.buffer), bytes, length, out);
  return out;
}

test('every bit of the input changes about half of the output', () => {
  const bits = (n: number) => [...(n >>> 0).toString(2)].filter((c) => c === '1').length;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (input, at) => {
      const bytes = new Uint8Array(256);
      bytes.set(input);
      const before = hash(bytes, input.length);
      assert.deepEqual(hash(bytes.slice(), input.length), before);
      const bit = at % (input.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      const after = hash(bytes, input.length);
      assert.ok(bits(before.low ^ after.low) + bits(before.high ^ after.high) >= 6);
    }),
    fuzz(2000),
  );
  const seen = new Set<string>();
  for (let length = 0; length < 100; length++) {
    const out = hash(new Uint8Array(256), length);
    seen.add(`${out.low}:${out.high}`);
  }
  assert.equal(seen.size, 100, 'zeros of different length differ');
});

test('two words of one lane are told apart from two others', () => {
  // As a counter and a time may stand a whole number of stripes apart.
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 300; j++) {
      const bytes = new Uint8Array(128);
      const words = new Int32Array(bytes.buffer);
      words[3] = i;
      words[19] = j;
      const { low, high } = hash(bytes, 128);
      seen.add(`${low}:${high}`);
    }
  }
  assert.equal(seen.size, 90_000);
});

test('the values are those that are kept', () => {
  const bytes = new Uint8Array(256);
  for (let i = 0; i < 200; i++) bytes[i] = i;
  const values = [0, 1, 63, 64, 65, 200].map((length) => {
    const { low, high } = hash(bytes.slice(), length);
    return [low, high];
  });
  assert.deepEqual(values, [
    [-1005898996, 2019494377],
    [1829496166, -1709297768],
    [-1517539663, -760395211],
    [897247621, 1849091726],
    [532308874, 1720329399],
    [2097913845, -1286965898],
  ]);
});
