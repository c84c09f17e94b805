import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACK_BOUNDS, type StatusError } from '../../src/model/status.ts';
import { AckTimes } from '../../src/topology/ack-times.ts';
import { ErrorEpisodes } from '../../src/topology/error-episodes.ts';
import { History } from '../../src/topology/history.ts';

const error = (at: number, code: StatusError['code'] = 'API_FORBIDDEN'): StatusError => ({
  code,
  message: `${code} at ${at}`,
  remedy: 'do something',
  at,
});

test('an error that is over is still told, with when it began and when it was last met', () => {
  const episodes = new ErrorEpisodes();
  episodes.sample(new Map([['stream pods', error(1)]]));
  episodes.sample(new Map([['stream pods', error(5)]]));
  episodes.sample(new Map([['exporter bus', error(7, 'EXPORTER_UNREACHABLE')]]));
  assert.deepEqual(episodes.list(), [
    { ...error(7, 'EXPORTER_UNREACHABLE'), source: 'exporter bus', since: 7, over: false },
    { ...error(5), source: 'stream pods', since: 1, over: true },
  ]);
});

test('another error of the same source is another episode', () => {
  const episodes = new ErrorEpisodes();
  episodes.sample(new Map([['stream pods', error(1)]]));
  episodes.sample(new Map([['stream pods', error(4, 'API_UNREACHABLE')]]));
  assert.deepEqual(
    episodes.list().map(({ code, since, over }) => [code, since, over]),
    [
      ['API_UNREACHABLE', 4, false],
      ['API_FORBIDDEN', 1, true],
    ],
  );
});

test('errors that are over are bounded, and so are those that last', () => {
  const episodes = new ErrorEpisodes();
  for (let i = 0; i < 100; i++) episodes.sample(new Map([[`stream ${i}`, error(i)]]));
  assert.deepEqual(
    episodes
      .list()
      .slice(0, 2)
      .map((e) => [e.source, e.over]),
    [
      ['stream 99', false],
      ['stream 98', true],
    ],
  );
  assert.equal(episodes.list().length, 21);
  episodes.sample(new Map(Array.from({ length: 300 }, (_, i) => [`stream ${i}`, error(1000 + i)])));
  assert.equal(episodes.list().length, 40);
});

test('the history is a value a second of the last two minutes', () => {
  const history = new History();
  const sample = (i: number) => ({ records: i * 20, bytes: i * 1000, lagSeconds: i, inFlight: i });
  history.sample(0, sample(0));
  assert.deepEqual(history.report(), { records: [], bytes: [], lagSeconds: [], inFlight: [] });
  history.sample(2000, sample(1));
  assert.deepEqual(history.report(), { records: [10], bytes: [500], lagSeconds: [1], inFlight: [1] });
  history.sample(4000, { records: 0, bytes: 0, lagSeconds: 0, inFlight: 0 });
  assert.equal(history.report().records.at(-1), 0, 'counts that begin anew are no negative rate');
  for (let i = 5; i < 500; i++) history.sample(i * 1000, sample(i));
  const { records, lagSeconds } = history.report();
  assert.deepEqual([records.length, records.at(-1), lagSeconds.at(-1)], [120, 20, 499]);
});

test('times of acknowledgements are those of the last minute, by class', () => {
  const times = new AckTimes();
  times.observe(0.001, 0);
  times.observe(0.003, 30_000);
  times.observe(1000, 59_000);
  const filled = (counts: number[]) => counts.flatMap((count, i) => (count > 0 ? [[ACK_BOUNDS[i], count]] : []));
  assert.deepEqual(filled(times.counts(59_999)), [
    [0.001, 1],
    [0.005, 1],
    [undefined, 1],
  ]);
  assert.deepEqual(filled(times.counts(60_000)), [
    [0.005, 1],
    [undefined, 1],
  ]);
  times.observe(0.2, 61_000);
  assert.deepEqual(filled(times.counts(119_000)), [[0.2, 1]]);
});
