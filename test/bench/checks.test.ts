import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ENVIRONMENT, NODE_OPTIONS } from '../../bench/pipeline/as-in-image.ts';
import { checkIds, type StoredMessage } from '../../bench/pipeline/check-jetstream.ts';
import { type Expected, Replica } from '../../bench/pipeline/replica.ts';
import { DEFAULT_SETTINGS, simulatorOptions } from '../../bench/pipeline/settings.ts';
import { spent, type Usage } from '../../bench/pipeline/usage.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

const expected: Expected[] = ['a:1', 'b:2', 'a:3', 'b:deleted'].map((id) => ({
  id,
  operation: 'UPDATED',
  key: `pods/ns/${id[0]}`,
}));

async function* stored(...ids: string[]): AsyncGenerator<StoredMessage> {
  for (const [i, id] of ids.entries()) yield { id, key: `pods/ns/${id[0]}`, sequence: i + 1, storedAt: 0 };
}

test('each record once, and each object in its order, is right; anything else is told', async () => {
  const problems = (...ids: string[]): Promise<string[]> => checkIds(expected, stored(...ids));
  assert.deepEqual(await problems('b:2', 'a:1', 'b:deleted', 'a:3'), []);
  assert.deepEqual(await problems('a:1', 'a:3', 'b:deleted'), [
    '3 messages are stored, and 4 had to be',
    '1 missing: b:2',
  ]);
  assert.deepEqual(await problems('a:1', 'b:2', 'a:3', 'a:3', 'b:deleted'), [
    '5 messages are stored, and 4 had to be',
    '1 stored twice: a:3',
  ]);
  assert.deepEqual(await problems('a:3', 'b:2', 'a:1', 'b:deleted'), ['1 out of order: a:1']);
  assert.match(
    (await problems('a:1', 'b:2', 'a:3', 'c:9')).join('\n'),
    /1 unexpected: pods\/ns\/c c:9\n1 missing: b:del/,
  );
});

test('the replica makes the changes that the simulator makes', async () => {
  const settings = {
    ...DEFAULT_SETTINGS,
    objects: 200,
    turnover: 0.2,
    heartbeats: 0.1,
    touches: 0.1,
    resources: { pods: 2, events: 1 },
  };
  const simulator = await startSimulator({ ...simulatorOptions(settings), paused: true });
  const truth = async () =>
    (await (await fetch(`${simulator.url}/__simulator/truth?objects=false`)).json()) as Parameters<
      Replica['disagreements']
    >[0];
  const replica = new Replica(settings);
  assert.equal([...replica.listed()].length, 200);
  assert.deepEqual(replica.disagreements(await truth()), []);
  await fetch(`${simulator.url}/__simulator/change?count=500`);
  assert.equal(replica.disagreements(await truth()).length, 2);
  const changes = [...replica.changed(500)];
  const { resources } = await truth();
  const sum = (name: 'created' | 'updated' | 'deleted' | 'heartbeats'): number =>
    resources.pods![name] + resources.events![name];
  assert.deepEqual(replica.disagreements(await truth()), []);
  assert.equal(changes.filter((c) => c.operation === 'CREATED').length, sum('created'));
  assert.equal(changes.filter((c) => c.operation === 'DELETED').length, sum('deleted'));
  assert.equal(changes.filter((c) => c.operation === 'UPDATED').length, sum('updated') + sum('heartbeats'));
  assert.ok([...replica.objects()].every(([, object]) => object.metadata.managedFields === undefined));
  await simulator.close();
});

test('threads that came and went count', () => {
  const usage = (user: number, threadIds: Usage['threadIds']): Usage => ({
    user,
    system: 1,
    threads: {},
    threadIds,
    rss: 0,
    peakRss: 0,
    written: 0,
  });
  const from = usage(2, { 1: ['main', 1], 2: ['other', 0.5] });
  const to = usage(5, { 1: ['main', 2], 2: ['transform', 1.5], 3: ['v8', 0.25] });
  assert.deepEqual(spent(from, to), { cpu: 3, user: 3, system: 0, threads: { main: 1, transform: 1, v8: 0.25 } });
});

test('what is measured is started as the image starts it', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, entry = ''] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
  const [, ...options] = JSON.parse(entry) as string[];
  assert.deepEqual(options.slice(0, -1), NODE_OPTIONS.split(' '));
  const [, variables = ''] = /^ENV ((?:.+\\\n)*.+)$/m.exec(dockerfile) ?? [];
  const set = Object.fromEntries(variables.split(/[\s\\]+/).map((variable) => variable.split('=')));
  assert.deepEqual(set, { NODE_ENV: 'production', ...ENVIRONMENT });
});
