import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Quarantine, QuarantinedObject } from '../../src/model/quarantine.ts';
import { WorkTrace } from '../../src/model/work-trace.ts';
import { KnownTable } from '../../src/transform/known-table.ts';
import { StreamTransform } from '../../src/transform/stream-transform.ts';
import type { Work, WorkResult } from '../../src/transform/work.ts';
import { item, type Json, NOW, pod, podPlan, recordsOf, short } from '../support/transforming.ts';

const set = (...objects: QuarantinedObject[]): Quarantine => ({ objects, texts: [], careful: false });
const version = (key: string, resourceVersion: string): QuarantinedObject => ({
  key,
  resourceVersions: [resourceVersion],
  until: 0,
});
const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));
const event = (type: string, object: Json): string => `${JSON.stringify({ type, object })}\n`;

class Run {
  readonly trace = new WorkTrace();
  readonly known: KnownTable = new KnownTable();
  transform: StreamTransform;

  constructor(quarantine?: Quarantine) {
    this.transform = new StreamTransform(podPlan(), this.known, quarantine, this.trace);
    this.trace.task('pods');
  }

  /** As after a crash: what is known stays, as it would be seeded. */
  with(quarantine: Quarantine): this {
    this.transform = new StreamTransform(podPlan(), this.known, quarantine, this.trace);
    return this;
  }

  apply(work: Work): { records: string[]; failures: string[]; result: WorkResult } {
    const result = this.transform.apply(work);
    return {
      records: short(recordsOf(result)),
      failures: result.failures.map((f) => `${f.code} ${f.key}`),
      result,
    };
  }

  watch(...events: string[]): ReturnType<Run['apply']> {
    const text = events.join('');
    return this.apply({
      type: 'frames',
      bytes: bytes(text),
      count: events.length,
      resourceVersion: '99',
      listing: false,
      observedAt: NOW,
    });
  }

  list(...objects: Json[]): { page: ReturnType<Run['apply']>; end: ReturnType<Run['apply']> } {
    this.apply({ type: 'list-begin', relist: true });
    const body = JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: objects.map(item) });
    const page = this.apply({ type: 'page', bytes: bytes(body), observedAt: NOW });
    return { page, end: this.apply({ type: 'list-end', resourceVersion: '100', observedAt: NOW }) };
  }
}

describe('an object that has ended a thread', () => {
  test('is set aside in its version, in a watch, and the rest goes on', () => {
    const run = new Run(set(version('ns/b', '2')));
    const { records, failures } = run.watch(
      event('ADDED', pod('a', 1)),
      event('ADDED', pod('b', 2)),
      event('ADDED', pod('c', 3)),
    );
    assert.deepEqual(records, ['CREATED WATCH ns/a uid-a:1', 'CREATED WATCH ns/c uid-c:3']);
    assert.deepEqual(failures, ['OBJECT_POISONOUS ns/b']);
    assert.deepEqual(run.watch(event('MODIFIED', pod('b', 4))).records, ['UPDATED WATCH ns/b uid-b:4']);
  });

  test('is set aside in every version until a moment', () => {
    const object = { key: 'ns/b', resourceVersions: ['2'], until: NOW + 1 };
    assert.deepEqual(new Run(set(object)).watch(event('MODIFIED', pod('b', 4))).records, []);
    assert.equal(new Run(set({ ...object, until: NOW })).watch(event('MODIFIED', pod('b', 4))).records.length, 1);
  });

  test('is not taken for deleted by a list', () => {
    const run = new Run();
    run.watch(event('ADDED', pod('a', 1)), event('ADDED', pod('b', 2)));
    const { page, end } = run.with(set(version('ns/b', '5'))).list(pod('a', 1), pod('b', 5, { spec: {} }));
    assert.deepEqual(page.failures, ['OBJECT_POISONOUS ns/b']);
    assert.deepEqual(end.records, []);
    assert.deepEqual(run.list(pod('a', 1)).end.records, ['DELETED RELIST ns/b uid-b:deleted']);
  });

  test('that has taken the name of another: the other one is told to be deleted', () => {
    const run = new Run();
    run.watch(event('ADDED', pod('b', 2)));
    run.with(set(version('ns/b', '5')));
    const { page, end } = run.list(pod('b', 5, {}, 'uid-new'));
    assert.deepEqual(page.records, ['DELETED RELIST ns/b uid-b:deleted']);
    assert.deepEqual(page.failures, ['OBJECT_POISONOUS ns/b']);
    assert.deepEqual(end.records, []);
  });

  test('its delete is told of what is known, and is not where it was never told of', () => {
    const run = new Run();
    run.watch(event('ADDED', pod('b', 2)));
    run.with(set(version('ns/b', '5'), version('ns/c', '6')));
    const { records, failures, result } = run.watch(event('DELETED', pod('b', 7)), event('DELETED', pod('c', 8)));
    assert.deepEqual(records, ['DELETED WATCH ns/b uid-b:deleted']);
    assert.equal(recordsOf(result)[0]?.object, undefined);
    assert.deepEqual(failures, ['OBJECT_POISONOUS ns/c']);
    assert.equal(result.knownObjects, 0);
  });

  test('the trace names each object while it is processed, and none behind the last', () => {
    const run = new Run();
    run.watch(event('ADDED', pod('a', 1)));
    assert.deepEqual(run.trace.read(), { stream: 'pods', object: undefined });
    const seen: unknown[] = [];
    const known = run.known;
    known.get = (key) => {
      seen.push(run.trace.read()?.object);
      return KnownTable.prototype.get.call(known, key);
    };
    run.watch(event('ADDED', pod('b', 2)), event('DELETED', pod('a', 3)));
    assert.deepEqual(seen, [
      { key: 'ns/b', resourceVersion: '2' },
      { key: 'ns/a', resourceVersion: '' },
    ]);
  });

  test('a text whose key cannot be read is set aside by its hash, and a list with it deletes nothing', () => {
    const hashes: string[] = [];
    class Noting extends WorkTrace {
      override text(low: number, high: number): void {
        super.text(low, high);
        const object = this.read()?.object;
        if (typeof object === 'object' && 'text' in object) hashes.push(object.text);
      }
    }
    const careful = { objects: [], texts: [], careful: true };
    const known = new KnownTable();
    const noting = new StreamTransform(podPlan(), known, careful, new Noting());
    const text = event('ADDED', pod('a', 1)) + event('ADDED', pod('b', 2));
    const frames = { type: 'frames', count: 2, resourceVersion: '2', listing: false, observedAt: NOW } as const;
    assert.equal(noting.apply({ ...frames, bytes: bytes(text) }).records, 2);
    const run = new Run({ ...careful, texts: [hashes[1] as string] });
    const watched = run.watch(event('ADDED', pod('a', 1)), event('ADDED', pod('b', 2)));
    assert.deepEqual(watched.records, ['CREATED WATCH ns/a uid-a:1']);
    assert.deepEqual(watched.failures, ['OBJECT_POISONOUS ']);
    hashes.length = 0;
    new StreamTransform(podPlan(), known, careful, new Noting()).apply({
      type: 'page',
      bytes: bytes(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [item(pod('c', 3))] })),
      observedAt: NOW,
    });
    const { page, end } = run.with({ ...careful, texts: hashes }).list(pod('c', 3));
    assert.deepEqual(page.failures, ['OBJECT_POISONOUS ']);
    assert.deepEqual(end.records, [], 'ns/a was not seen, but the text may have been it');
  });
});
