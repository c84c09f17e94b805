import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Exporter, Rejected } from '../../src/exporters/exporter.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { LaneReader } from '../../src/model/lane.ts';
import { Credits } from '../../src/shard/credits.ts';
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
const credits = (): Credits => new Credits(2 ** 20, 2 ** 20);

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

const letterIn = (batch: Batch | undefined, at = 0): Record<string, unknown> & { subject: string } => {
  const { payload, subject } = new LaneReader(batch!.lane).at(at);
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
  const letters = new DeadLetters(routes, 'demo', credits(), metrics, logger);
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
  const letters = new DeadLetters(new Map(), 'demo', credits(), metrics, logger);
  assert.equal(letters.take(refused('a', 1)), undefined);
  assert.equal(
    letters.quarantined(PODS, [{ code: 'FRAME_MALFORMED', key: '', message: 'no JSON', count: 1 }]),
    undefined,
  );
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
  letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', credits(), metrics, logger);
  const large = Buffer.alloc(900, 'x');
  const promises = [1, 2].map((n) => letters.take(refused('a', n, n === 1 ? undefined : large)));
  assert.deepEqual(await fulfilled(promises), [false, true]);
});

const failure = { code: 'OBJECT_POISONOUS', key: 'default/p', message: 'bad', count: 1 } as const;
const another = { ...failure, key: 'default/q' };

test('objects that were set aside are told of by key, code and reason, those of a batch together', async () => {
  const metrics = createMetrics();
  const { outlet, batches } = sink(metrics);
  const letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', credits(), metrics, logger);
  const told = letters.quarantined(PODS, [failure, another, failure]);
  assert.equal(batches.length, 1);
  assert.equal(batches[0]?.records, 2);
  const { at: _, id, ...first } = letterIn(batches[0]);
  assert.deepEqual(first, {
    subject: 'k8s.demo.watershard%2Edev.deadletters._.pods',
    stream: 'pods',
    key: 'default/p',
    code: 'OBJECT_POISONOUS',
    reason: 'bad',
  });
  assert.notEqual(letterIn(batches[0], 1).id, id);
  assert.deepEqual(await fulfilled([told]), [false]);
  letters.acked(outlet, 1);
  assert.deepEqual(await fulfilled([told]), [true]);
});

test('a letter that waits is not sent again; one that is stored is, by the same id', async () => {
  const metrics = createMetrics();
  const { outlet, batches } = sink(metrics);
  const letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', credits(), metrics, logger);
  const told = [[failure], [failure], [failure, another]].map((failures) => letters.quarantined(PODS, failures));
  assert.deepEqual(
    batches.map((b) => letterIn(b).key),
    ['default/p', 'default/q'],
  );
  letters.acked(outlet, 1);
  assert.deepEqual(await fulfilled(told), [true, true, false], 'the last one waits for both of its letters');
  letters.acked(outlet, 2);
  assert.deepEqual(await fulfilled(told), [true, true, true]);
  letters.quarantined(PODS, [failure]);
  assert.equal(batches.length, 3);
  assert.equal(letterIn(batches[2]).id, letterIn(batches[0]).id);
});

test('what waits for a required exporter uses up credits; an optional one has its buffer', async () => {
  const metrics = createMetrics();
  for (const required of [true, false]) {
    const { outlet } = sink(metrics, { required });
    const budget = credits();
    const letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', budget, metrics, logger);
    letters.quarantined(PODS, [failure, another]);
    const waiting = budget.inFlight;
    if (required) assert.ok(waiting > 2 * 1024, `${waiting} bytes`);
    else assert.equal(waiting, 0);
    letters.quarantined(PODS, [failure]);
    assert.equal(budget.inFlight, waiting, 'it waits already');
    letters.acked(outlet, 1);
    assert.equal(budget.inFlight, 0);
  }
});

test('letters about objects that an optional exporter has no room for are dropped, counted, and waited for no more', async () => {
  const metrics = createMetrics();
  let letters: DeadLetters | undefined;
  const { outlet } = sink(metrics, { required: false, buffer: { bytes: 500, overflow: 'drop-newest' } }, (batch) =>
    letters?.dropped(outlet, batch.sequence),
  );
  letters = new DeadLetters(new Map([['a', { outlet, subject: undefined }]]), 'demo', credits(), metrics, logger);
  const told = [[failure], [another, { ...failure, key: 'default/r' }]].map((f) => letters?.quarantined(PODS, f));
  assert.deepEqual(await fulfilled(told), [false, true]);
  assert.deepEqual(
    (await metrics.dropped.get()).values.map(({ labels, value }) => [labels.exporter, labels.reason, value]),
    [['letters', 'overflow', 2]],
  );
});

test('letters about what has no key have an id each, the same when it is read again', () => {
  const metrics = createMetrics();
  const ids = [['1', '2'], ['2', '1', ''], undefined].map((contents) => {
    const { outlet, batches } = sink(metrics);
    const routes = new Map([['a', { outlet, subject: undefined }]]);
    const letters = new DeadLetters(routes, 'demo', credits(), metrics, logger);
    const keyless = { code: 'FRAME_MALFORMED', key: '', message: 'no JSON', count: 3 } as const;
    letters.quarantined(PODS, [contents === undefined ? keyless : { ...keyless, contents }]);
    return Array.from({ length: batches[0]!.records }, (_, i) => letterIn(batches[0], i).id);
  });
  const [[one, two], again, [none]] = ids as [string[], string[], string[]];
  assert.notEqual(one, two);
  assert.deepEqual(again, [two, one, none]);
});
