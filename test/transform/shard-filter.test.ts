import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { fnv1a64 } from '../../src/model/hash.ts';
import { hashRange, inRange, type WatchShard } from '../../src/model/watch-shard.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { item, type Json, pod as podOf, podPlan, short, Transforming } from '../support/transforming.ts';

const shardPlan = (shard: WatchShard | undefined, more: Partial<StreamPlan> = {}): StreamPlan => {
  const plan = podPlan(more);
  return shard === undefined ? plan : { ...plan, stream: { ...plan.stream, shard } };
};
const half = (index: number, key: WatchShard['key'] = 'uid'): WatchShard => ({ index, count: 2, key });

function ownerOf(text: string): number {
  const bytes = Buffer.from(text);
  const hash = { high: 0, low: 0 };
  fnv1a64(bytes, 0, bytes.length, hash);
  return [0, 1].findIndex((i) => inRange(hash, hashRange(half(i))));
}
/** Like those of Kubernetes they differ from the first digit on: a range of FNV-1a hardly tells texts that differ at their end. */
const uid = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 36);
const pod = (name: string, version: number, more: Json = {}, id = uid(name)): Json => podOf(name, version, more, id);
const NAMES = Array.from({ length: 40 }, (_, i) => `p${i}`);
const of = (index: number): string[] => NAMES.filter((n) => ownerOf(uid(n)) === index);

describe('a server that sends everything', () => {
  test('each instance takes its share of a list, and the shares make the whole', () => {
    const both = [0, 1].map((i) => {
      const t = new Transforming(shardPlan(half(i)));
      const { records, page, end } = t.list(false, ...NAMES.map((n) => item(pod(n, 1))));
      assert.equal(page.suppressed['other-shard'], NAMES.length - records.length);
      assert.deepEqual([page.failures, end.failures], [[], []], 'it is no error');
      assert.equal(end.knownObjects, records.length);
      return records.map((r) => r.name as string);
    });
    assert.deepEqual(both, [of(0), of(1)]);
    assert.ok(both.every((names) => names.length > 5));
  });

  test('and of a watch, deletes too', () => {
    const t = new Transforming(shardPlan(half(0)));
    for (const type of ['ADDED', 'MODIFIED', 'DELETED']) {
      const { records, result } = t.watch(
        ...NAMES.map((n) => [type, pod(n, type.length, { spec: { type } })] as const),
      );
      assert.deepEqual(
        records.map((r) => r.name),
        of(0),
        type,
      );
      assert.equal(result.suppressed['other-shard'], of(1).length);
    }
    assert.equal(t.stored.size, 0);
  });

  test('a uid that is written with escapes, stands behind everything, or is missing', () => {
    const unicode = (text: string): string =>
      [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const line = (written: string, name: string): string =>
      `{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","spec":{"metadata":{"uid":"x"}},"metadata":{"name":"${name}","namespace":"ns",${written}"resourceVersion":"5"}}}\n`;
    const own = of(0)[0]!;
    const other = of(1)[0]!;
    for (const index of [0, 1]) {
      const t = new Transforming(shardPlan(half(index)));
      t.watch(...NAMES.map((n) => ['ADDED', pod(n, 1)] as const)); // from here on it is looked before an object is read
      const { records } = t.lines(
        line(`"uid":"${unicode(uid(own))}",`, 'e0') + line(`"uid":"${unicode(uid(other))}",`, 'e1') + line('', 'none'),
      );
      // The hash of nothing is cbf29ce484222325, in the upper half.
      assert.deepEqual(
        records.map((r) => r.name),
        index === 0 ? ['e0'] : ['e1', 'none'],
      );
    }
  });

  test('in a stream that is split over threads, each object is counted as left out once', () => {
    const results = [0, 1].map((part) => {
      const t = new Transforming(shardPlan(half(0), { split: { index: part, of: 2 } }));
      return t.watch(...[...NAMES, ...NAMES].map((n, i) => ['ADDED', pod(n, i + 1, { spec: { i } })] as const)).result;
    });
    const sum = (of: (r: (typeof results)[number]) => number): number => results.map(of).reduce((a, b) => a + b);
    assert.equal(
      sum((r) => r.suppressed['other-shard']),
      of(1).length * 2,
    );
    assert.equal(
      sum((r) => r.records),
      of(0).length * 2,
    );
  });

  test('by namespace: all of a namespace together, and what is outside of namespaces with one instance', () => {
    const spaces = ['default', 'team-a', 'team-b', 'team-c', 'test-namespace', ''];
    for (const index of [0, 1]) {
      const t = new Transforming(shardPlan(half(index, 'namespace')));
      const { records } = t.watch(
        ...spaces.flatMap((namespace) =>
          ['a', 'b'].map((n) => ['ADDED', pod(n, 1, { metadata: { namespace } })] as const),
        ),
      );
      const expected = spaces.filter((s) => ownerOf(s) === index);
      assert.deepEqual(
        records.map((r) => `${r.namespace}/${r.name}`),
        expected.flatMap((s) => [`${s}/a`, `${s}/b`]),
      );
    }
  });
});

describe('a relist', () => {
  test('deletes what has gone of its own share, and nothing else', () => {
    const t = new Transforming(shardPlan(half(0)));
    t.list(false, ...NAMES.map((n) => item(pod(n, 1))));
    const gone = [of(0)[1]!, of(1)[1]!] as const;
    // as a server sends it that honours the selector, and as one that does not
    for (const names of [of(0), NAMES]) {
      const next = t.restart();
      const { records } = next.list(true, ...names.filter((n) => !gone.includes(n)).map((n) => item(pod(n, 1))));
      assert.deepEqual(short(records), [`DELETED RELIST ns/${gone[0]} ${uid(gone[0])}:deleted`]);
    }
  });

  test('deletes an object of which another one of its name is of another share', () => {
    const t = new Transforming(shardPlan(half(0)));
    const name = of(0)[0]!;
    t.list(false, item(pod(name, 1)));
    const { records } = t.list(true, item(pod(name, 5, {}, uid(of(1)[0]!))));
    assert.deepEqual(short(records), [`DELETED RELIST ns/${name} ${uid(name)}:deleted`]);
    assert.equal(t.stored.size, 0);
  });
});

describe('a state that is of another share', () => {
  const whole = new Transforming(shardPlan(undefined));
  whole.list(false, ...NAMES.map((n) => item(pod(n, 1))));

  test('what is known and not of this share is forgotten, and no delete is told of it', () => {
    for (const index of [0, 1]) {
      const t = whole.restart(shardPlan(half(index)));
      const { records, end } = t.list(true, ...of(index).map((n) => item(pod(n, 1))));
      assert.deepEqual(records, []);
      assert.equal(end.knownObjects, of(index).length);
      assert.deepEqual(
        [...t.stored.keys()],
        of(index).map((n) => `ns/${n}`),
        'also by the state',
      );
    }
  });

  test('what is known of it goes on', () => {
    const t = whole.restart(shardPlan(half(1)));
    const [same, changed, ...rest] = of(1) as [string, string, ...string[]];
    const gone = rest.pop()!;
    const now = [item(pod(same, 1)), item(pod(changed, 9, { spec: {} })), ...rest.map((n) => item(pod(n, 1)))];
    assert.deepEqual(short(t.list(true, ...now).records), [
      `UPDATED RELIST ns/${changed} ${uid(changed)}:9`,
      `DELETED RELIST ns/${gone} ${uid(gone)}:deleted`,
    ]);
  });

  test('a larger share: what was not known is no news', () => {
    const part = new Transforming(shardPlan(half(0)));
    part.list(false, ...of(0).map((n) => item(pod(n, 1))));
    const { records } = part.restart(shardPlan(undefined)).list(false, ...NAMES.map((n) => item(pod(n, 1))));
    assert.deepEqual(
      short(records),
      of(1).map((n) => `SNAPSHOT LIST ns/${n} ${uid(n)}:1`),
    );
  });
});
