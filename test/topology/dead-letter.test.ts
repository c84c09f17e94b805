import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Exporter, Rejected } from '../../src/exporters/exporter.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { LaneReader } from '../../src/model/lane.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { DEAD_LETTERS, DeadLetters } from '../../src/topology/dead-letter.ts';
import { MemoryOutlet, type Outlet, type OutletOptions } from '../../src/topology/outlet.ts';
import { PODS } from '../support/batches.ts';

interface Sink {
  readonly outlet: Outlet;
  readonly batches: Batch[];
}

const OPTIONS: OutletOptions = {
  name: 'letters',
  type: 'file',
  required: true,
  buffer: { bytes: 2 ** 20, overflow: 'drop-newest' },
};
const logger = createLogger('silent', false);

function sink(metrics: Metrics, options: Partial<OutletOptions> = {}, onDropped?: (batch: Batch) => void): Sink {
  const batches: Batch[] = [];
  const exporter = {
    capabilities: { cuts: false },
    open: () => undefined,
    write: (batch: Batch) => batches.push(batch),
  } as unknown as Exporter;
  return { outlet: new MemoryOutlet(exporter, -1, { ...OPTIONS, ...options }, metrics, logger, onDropped), batches };
}

const refused = (exporter: string, n: number, payload: Uint8Array = Buffer.from(`{"n":${n}}`)): Rejected => ({
  exporter,
  key: `pods/default/p${n}`,
  id: `uid-${n}:1`,
  error: new WatershardError('RECORD_TOO_LARGE', 'too large'),
  payload,
});

/** What of these promises is fulfilled. */
async function fulfilled(promises: readonly (Promise<void> | undefined)[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, i) => {
    void promise?.then(() => {
      done[i] = true;
    });
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

const letterIn = (batch: Batch | undefined): Record<string, unknown> & { subject: string } => {
  const { payload, subject } = new LaneReader(batch!.lane).at(0);
  return { ...(JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>), subject };
};

test('a letter is stored when its own exporter acknowledges it; sequences have no holes', async () => {
  const metrics = createMetrics();
  const [one, two] = [sink(metrics), sink(metrics)];
  const routes = new Map([
    ['a', { outlet: one.outlet, subject: undefined }],
    ['b', { outlet: two.outlet, subject: 'x.{cluster}.{name}' }],
    ['c', { outlet: one.outlet, subject: undefined }],
  ]);
  const letters = new DeadLetters(routes, 'demo', metrics, logger);
  const promises = [
    letters.take(refused('a', 1)),
    letters.take(refused('b', 2)),
    letters.take(refused('c', 3, Buffer.from([0xff, 0]))),
  ];
  assert.deepEqual(
    [one, two].map(({ batches }) => batches.map((b) => [b.stream, b.sequence])),
    [
      [
        [DEAD_LETTERS, 1],
        [DEAD_LETTERS, 2],
      ],
      [[DEAD_LETTERS, 1]],
    ],
  );
  assert.deepEqual(await fulfilled(promises), [false, false, false]);
  letters.acked(one.outlet, 1);
  assert.deepEqual(await fulfilled(promises), [true, false, false]);
  letters.acked(two.outlet, 1);
  letters.acked(one.outlet, 2);
  assert.deepEqual(await fulfilled(promises), [true, true, true]);

  const { at, ...first } = letterIn(one.batches[0]);
  assert.match(String(at), /^\d{4}-/);
  assert.deepEqual(first, {
    subject: 'k8s.demo.watershard%2Edev.deadletters._.a',
    exporter: 'a',
    key: 'pods/default/p1',
    id: 'uid-1:1',
    code: 'RECORD_TOO_LARGE',
    reason: 'too large',
    record: '{"n":1}',
  });
  assert.equal(letterIn(two.batches[0]).subject, 'x.demo.b');
  assert.equal(letterIn(one.batches[1]).recordBase64, '/wA=', 'what is no text stays what it is');
});

test('without a dead-letter exporter a record is dropped and counted at once', async () => {
  const metrics = createMetrics();
  const letters = new DeadLetters(new Map(), 'demo', metrics, logger);
  assert.equal(letters.take(refused('a', 1)), undefined);
  letters.quarantined(PODS, { code: 'FRAME_MALFORMED', key: '', message: 'no JSON' });
  assert.deepEqual(
    (await metrics.dropped.get()).values.map(({ labels, value }) => [labels.exporter, labels.reason, value]),
    [['a', 'RECORD_TOO_LARGE', 1]],
  );
});

test('a letter that an optional exporter has no room for is waited for no more', async () => {
  const metrics = createMetrics();
  let letters: DeadLetters | undefined;
  const { outlet } = sink(metrics, { required: false, buffer: { bytes: 1000, overflow: 'drop-newest' } }, (batch) =>
    letters?.dropped(outlet, batch.sequence),
  );
  letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', metrics, logger);
  const large = Buffer.alloc(900, 'x');
  const promises = [1, 2].map((n) => letters.take(refused('a', n, n === 1 ? undefined : large)));
  assert.deepEqual(await fulfilled(promises), [false, true]);
});

test('objects that were set aside are told of by key, code and reason, the same one by the same id, and not without bound', async () => {
  const metrics = createMetrics();
  const { outlet, batches } = sink(metrics);
  const letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', metrics, logger);
  const failure = { code: 'OBJECT_POISONOUS', key: 'default/p', message: 'bad' } as const;
  letters.quarantined(PODS, failure);
  letters.quarantined(PODS, failure);
  letters.quarantined(PODS, { ...failure, key: 'default/q' });
  const { at: _, id, ...first } = letterIn(batches[0]);
  assert.deepEqual(first, {
    subject: 'k8s.demo.watershard%2Edev.deadletters._.pods',
    stream: 'pods',
    key: 'default/p',
    code: 'OBJECT_POISONOUS',
    reason: 'bad',
  });
  assert.equal(letterIn(batches[1]).id, id);
  assert.notEqual(letterIn(batches[2]).id, id);
  for (let i = 0; i < 10_000; i++) letters.quarantined(PODS, failure);
  assert.equal(batches.length, 10_000);
  assert.equal((await metrics.dropped.get()).values[0]?.value, 3);
});
