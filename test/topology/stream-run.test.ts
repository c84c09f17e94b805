import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Batch, Exporter } from '../../src/exporters/exporter.ts';
import type { Stream } from '../../src/model/resource.ts';
import { Credits } from '../../src/shard/credits.ts';
import type { StateSession, StreamCommit } from '../../src/state/state.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { MemoryOutlet } from '../../src/topology/outlet.ts';
import type { ShardSet } from '../../src/topology/shard-set.ts';
import { StreamRun } from '../../src/topology/stream-run.ts';
import type { StreamRunContext } from '../../src/topology/stream-run-context.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { SUPPRESSIONS, type Work, type WorkResult } from '../../src/transform/work.ts';

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
        failures: [],
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
    metrics,
    logger,
    table: 'changes',
    onProgress: () => undefined,
    onFailure: (_, error) => assert.fail(String(error)),
    onQuarantined: () => undefined,
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
  return { context, outlet, written, cutAt, works, answer, commit };
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
