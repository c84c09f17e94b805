import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Batch, Exporter } from '../../src/exporters/exporter.ts';
import { mayGoOn } from '../../src/model/position.ts';
import { type Stream, streamScope } from '../../src/model/resource.ts';
import { Credits } from '../../src/shard/credits.ts';
import type { StateSession, StreamCommit } from '../../src/state/state.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { DeadLetters } from '../../src/topology/dead-letter.ts';
import { MemoryOutlet } from '../../src/topology/outlet.ts';
import type { ShardSet } from '../../src/topology/shard-set.ts';
import { StreamRun } from '../../src/topology/stream-run.ts';
import type { StreamRunContext } from '../../src/topology/stream-run-context.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { type Failure, SUPPRESSIONS, type Work, type WorkResult } from '../../src/transform/work.ts';

const stream: Stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};
const plan = { stream, extract: [], lanes: [] } as unknown as StreamPlan;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One stream between a shard that answers when told to, and an exporter that acknowledges when told to. */
function setUp(cuts = false) {
  const written: Batch[] = [];
  const cutAt: number[] = [];
  const works: Work[] = [];
  const answers: (() => void)[] = [];
  const failures: Failure[] = [];
  const letters: (() => void)[] = [];
  const shards = {
    control: async () => undefined,
    work: async (_: number, __: string, work: Work): Promise<WorkResult> => {
      works.push(work);
      await new Promise<void>((resolve) => answers.push(resolve));
      return {
        resourceVersion: '',
        lanes: [new ArrayBuffer(8)],
        delta: new ArrayBuffer(0),
        records: 1,
        seen: 1,
        suppressed: Object.fromEntries(SUPPRESSIONS.map((s) => [s, 0])) as WorkResult['suppressed'],
        failures: failures.splice(0),
        fieldErrors: [],
        knownObjects: 1,
        knownBytes: 1,
      };
    },
  } as unknown as ShardSet;
  const session = {
    epoch: 'e1',
    positions: async () => new Map(),
    known: () => [],
  } as unknown as StateSession;
  const exporter = {
    capabilities: { cuts },
    open: () => undefined,
    committed: () => undefined,
    cut: (_: string, sequence: number) => cutAt.push(sequence),
    write: (batch: Batch) => written.push(batch),
  } as unknown as Exporter;
  const metrics = createMetrics();
  const logger = createLogger('silent');
  const buffer = { bytes: 2 ** 20, overflow: 'drop-newest' } as const;
  const outlet = new MemoryOutlet(exporter, 0, { name: 'bus', type: 't', required: true, buffer }, metrics, logger);
  const context: StreamRunContext = {
    shards,
    outlets: [outlet],
    credits: new Credits(2 ** 20, 2 ** 20),
    session: () => session,
    isStarting: () => true,
    metrics,
    logger,
    table: 'changes',
    onProgress: () => undefined,
    onFailure: (_, error) => assert.fail(String(error)),
    onQuarantined: () => new Promise<void>((stored) => letters.push(stored)),
    former: undefined,
  };
  const answer = async (): Promise<void> => {
    for (const resolve of answers.splice(0)) resolve();
    await tick();
  };
  const commit = (run: StreamRun): StreamCommit | undefined => {
    const pending = run.takeCommit();
    pending?.done();
    return pending?.commit;
  };
  return { context, outlet, written, cutAt, works, answer, commit, failures, letters };
}
const frames = (resourceVersion: string) =>
  ({ type: 'frames', bytes: new Uint8Array(10), count: 1, resourceVersion, observedAt: 1, listing: false }) as const;
const LOSS = { reason: 'lost', observedAt: 1 };

describe('a stream that begins again', () => {
  test('in another version: answers and acknowledgements for the run before it count for nothing', async () => {
    const { context, outlet, written, answer, commit } = setUp();
    const first = new StreamRun(stream, [plan], [0], context);
    await first.begin(undefined);
    first.intake(frames('10'));
    await answer();
    first.intake(frames('11')); // with the shard when the stream is replaced
    await first.end();
    const second = new StreamRun(stream, [plan], [0], { ...context, former: first });
    await second.begin(undefined);
    second.intake(frames('12'));
    await answer();
    assert.deepEqual(
      written.map((b) => [b.incarnation, b.sequence]),
      [
        [1, 1],
        [3, 1],
      ],
    );
    second.acked(outlet, 1, 1);
    assert.equal(commit(second), undefined, 'what is stored is what the first run wrote');
    assert.equal(commit(first), undefined);
    second.acked(outlet, 3, 1);
    assert.equal(commit(second)?.position.resourceVersion, '12');
    assert.equal(second.records, 2, 'the count goes on');
  });

  test('before its gap marker was committed: the marker is sent again, and no more after that', async () => {
    const { context, outlet, works, answer, commit } = setUp();
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(LOSS);
    await answer();
    await run.begin(undefined);
    await answer();
    assert.deepEqual(
      works.map((w) => w.type),
      ['gap', 'gap'],
    );
    assert.notEqual(run.gap, undefined);
    run.acked(outlet, 2, 1);
    commit(run);
    assert.equal(run.gap, undefined);
    await run.begin(undefined);
    await answer();
    assert.equal(works.length, 2);
  });
});

describe('a stream whose share of the objects was changed', () => {
  const shard = { index: 0, count: 2, key: 'uid' } as const;
  const sharded = { ...stream, shard };
  const committed = (of: Stream) => ({ resourceVersion: '7', sequence: 3, committedAt: 1, scope: streamScope(of) });
  const begin = async (from: Stream, to: Stream) => {
    const { context, outlet, works, answer, commit } = setUp();
    const session = { epoch: 'e1', positions: async () => new Map([['pods', committed(from)]]), known: () => [] };
    const run = new StreamRun(to, [{ ...plan, stream: to }], [0], {
      ...context,
      session: () => session as unknown as StateSession,
    });
    return { run, outlet, works, answer, commit, start: await run.begin(undefined) };
  };

  for (const [name, from, to] of [
    ['smaller', stream, sharded],
    ['larger', sharded, stream],
  ] as const)
    test(`a ${name} one is listed; a marker says so, and no commit before the list may be gone on from`, async () => {
      const { run, outlet, start, works, answer, commit } = await begin(from, to);
      assert.deepEqual(start, { resourceVersion: undefined, relist: name === 'smaller' });
      assert.deepEqual(
        works.map((w) => (w.type === 'gap' ? w.epoch : w.type)),
        ['e1:3'],
      );
      await answer();
      run.acked(outlet, 1, 1);
      const position = commit(run)?.position;
      assert.equal(position?.scope, streamScope(to));
      assert.equal(mayGoOn(position), false);
      assert.equal(run.gap, undefined);
    });

  test('the same one goes on', async () => {
    const { start } = await begin(sharded, sharded);
    assert.deepEqual(start, { resourceVersion: '7', relist: true });
  });
});

test('what a shard has not answered yet is late too', async () => {
  const { context, outlet, answer, commit } = setUp();
  const run = new StreamRun(stream, [plan], [0], context);
  await run.begin(undefined);
  assert.equal(run.oldestUnacked, undefined);
  run.intake(frames('10'));
  const since = run.oldestUnacked;
  assert.ok(since !== undefined && since <= Date.now() * 1000);
  run.intake(frames('11'));
  assert.equal(run.oldestUnacked, since);
  await answer();
  run.acked(outlet, 1, 2);
  assert.equal(run.oldestUnacked, undefined);
  assert.equal(commit(run)?.position.resourceVersion, '11');
});

describe('files of a stream', () => {
  test('a cut that is wanted where nothing is open does not hold up the next one', async () => {
    const { context, outlet, cutAt, answer, commit } = setUp(true);
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(undefined);
    run.cut();
    run.intake(frames('10'));
    await answer();
    run.cut();
    run.acked(outlet, 1, 1);
    assert.equal(commit(run)?.position.resourceVersion, '10');
    run.cut(); // the exporter's timer and its memory budget asked for the same file
    run.intake(frames('11'));
    await answer();
    run.cut();
    assert.deepEqual(cutAt, [1, 2]);
    run.acked(outlet, 1, 2);
    assert.equal(commit(run)?.position.resourceVersion, '11');
  });

  test('a cut that is wanted while one is under way follows it', async () => {
    const { context, outlet, cutAt, answer, commit } = setUp(true);
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(undefined);
    run.intake(frames('10'));
    await answer();
    run.cut();
    run.intake(frames('11'));
    await answer();
    run.cut();
    assert.deepEqual(cutAt, [1], 'not before the position of the last one is committed');
    run.acked(outlet, 1, 1);
    commit(run);
    assert.deepEqual(cutAt, [1, 2]);
  });
});

describe('a batch with objects that were set aside', () => {
  const failure: Failure = { code: 'OBJECT_POISONOUS', key: 'default/p', message: 'bad', count: 1 };

  test('is committed when its letters are stored; the stream goes on meanwhile, and keeps its credit', async () => {
    const { context, outlet, written, answer, commit, failures, letters } = setUp();
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(undefined);
    run.intake(frames('10'));
    await answer();
    failures.push(failure);
    run.intake(frames('11'));
    await answer();
    run.intake(frames('12'));
    await answer();
    run.acked(outlet, 1, 3);
    assert.equal(written.length, 3);
    assert.equal(commit(run)?.position.resourceVersion, '10', 'what came before it does not wait');
    assert.equal(commit(run), undefined);
    assert.equal(run.idle, false, 'a drain waits for it');
    assert.equal(run.oldestUnacked, 1);
    assert.equal(context.credits.inFlight, 20, 'what is behind it is bounded');
    letters[0]?.();
    await tick();
    assert.equal(context.credits.inFlight, 0);
    assert.equal(commit(run)?.position.resourceVersion, '12');
    assert.equal(run.idle, true);
  });

  test('a letter for the run before a restart is no letter for this one', async () => {
    const { context, outlet, answer, commit, failures, letters } = setUp();
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(undefined);
    for (const incarnation of [1, 2]) {
      if (incarnation === 2) await run.begin(undefined);
      failures.push(failure);
      run.intake(frames('10'));
      await answer();
      run.acked(outlet, incarnation, 1);
    }
    letters[0]?.();
    await tick();
    assert.equal(commit(run), undefined);
    letters[1]?.();
    await tick();
    assert.equal(commit(run)?.position.resourceVersion, '10');
  });

  test('one after the other while nothing takes letters: reading stops, and nothing is dropped or sent twice', async () => {
    const { context, outlet, answer, commit, failures } = setUp();
    const credits = new Credits(64 * 1024, 64 * 1024);
    const sent: Batch[] = [];
    const sink = { ...outlet.exporter, write: (batch: Batch) => sent.push(batch) } as unknown as Exporter;
    const buffer = { bytes: 2 ** 20, overflow: 'drop-newest' } as const;
    const options = { name: 'letters', type: 't', required: true, buffer };
    const away = new MemoryOutlet(sink, -1, options, context.metrics, context.logger);
    const routes = new Map([['bus', { outlet: away, subject: undefined }]]);
    const deadLetters = new DeadLetters(routes, 'demo', credits, context.metrics, context.logger);
    const run = new StreamRun(stream, [plan], [0], {
      ...context,
      credits,
      onQuarantined: (of, list) => deadLetters.quarantined(of, list),
    });
    /** @returns how many batches were read until reading had to wait */
    const readOn = async (): Promise<number> => {
      for (let n = 1; n < 1000; n++) {
        failures.push({ ...failure, key: `default/p${n}` });
        const wait = run.intake(frames(String(n)));
        await answer();
        run.acked(outlet, 1, n);
        if (wait !== undefined) return n;
      }
      return assert.fail('it was read without end');
    };
    await run.begin(undefined);
    const read = await readOn();
    assert.ok(read > 10 && read < 64, `${read} batches`);
    assert.equal(sent.length, read);
    await run.begin(undefined); // again and again: what is replayed waits already
    assert.equal(sent.length, read);
    failures.push({ ...failure, key: 'default/p1' });
    const wait = run.intake(frames('1'));
    await answer();
    assert.notEqual(wait, undefined, 'what waits still counts');
    assert.equal(sent.length, read);
    deadLetters.acked(away, read);
    await wait;
    assert.equal(commit(run), undefined, 'the bus has not stored it');
    run.acked(outlet, 2, 1);
    await tick();
    assert.equal(commit(run)?.position.resourceVersion, '1');
    assert.deepEqual((await context.metrics.dropped.get()).values, []);
  });

  test('of which a file was cut: the cut is committed when the letters are stored', async () => {
    const { context, outlet, cutAt, answer, commit, failures, letters } = setUp(true);
    const run = new StreamRun(stream, [plan], [0], context);
    await run.begin(undefined);
    failures.push(failure);
    run.intake(frames('10'));
    await answer();
    run.cut();
    run.acked(outlet, 1, 1);
    run.intake(frames('11'));
    await answer();
    run.cut();
    assert.equal(commit(run), undefined);
    assert.deepEqual(cutAt, [1], 'the next file begins at a committed position');
    letters[0]?.();
    await tick();
    assert.equal(commit(run)?.position.resourceVersion, '10');
    assert.deepEqual(cutAt, [1, 2]);
  });
});
