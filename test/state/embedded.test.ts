import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Thread } from '../../src/model/thread.ts';
import { WorkerThread } from '../../src/shard/threads.ts';
import type { StoreTask } from '../../src/state/embedded/protocol.ts';
import { sqliteError } from '../../src/state/embedded/sqlite-error.ts';
import { EmbeddedStateStore } from '../../src/state/embedded/store.ts';
import { StoreThread } from '../../src/state/embedded/store-thread.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { InThreadStore } from '../support/in-thread.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { commitOf, delta, identity, knownOf, position, stateContract } from '../support/state-contract.ts';
import { until } from '../support/until.ts';

const logger = createLogger('silent');
function storeIn(
  dataDir: string,
  openThread: () => Thread = () => new InThreadStore(),
  metrics = createMetrics(),
): EmbeddedStateStore {
  return new EmbeddedStateStore({ dataDir, openThread, logger, metrics });
}

for (const [name, openThread] of [
  ['embedded, in this thread', () => new InThreadStore()],
  ['embedded, in its thread', () => new WorkerThread('store')],
] as [string, () => Thread][]) {
  stateContract(name, async () => {
    const dataDir = temporaryFolder('state');
    const file = join(dataDir, 'state.db');
    return {
      store: () => storeIn(dataDir, openThread),
      wipe: async () => {
        for (const ending of ['', '-wal']) rmSync(file + ending, { force: true });
      },
      setSchema: async (version) => {
        const database = new DatabaseSync(file);
        database.prepare("UPDATE meta SET value = ? WHERE key = 'schema'").run(version);
        database.close();
      },
    };
  });
}

test('the store thread gives back the memory of the deltas that it was sent', () => {
  const store = new StoreThread();
  store.handle({ op: 'open', file: join(temporaryFolder('state'), 'state.db'), identity: identity() });
  const commit = commitOf('pods', 1, { 'ns/a': 'x'.repeat(10_000) });
  assert.equal(store.handle({ op: 'commit', commits: [commit], inDoubt: [] }).ok, true);
  assert.equal(commit.deltas[0]!.byteLength, 0);
  store.handle({ op: 'close', clean: true });
});

/** Of a store in this thread, what it answers to each fold; the first `failing` of them fail. */
function watched(failing = 0): { readonly answers: unknown[]; openThread(): Thread } {
  const answers: unknown[] = [];
  const openThread = (): Thread => {
    const store = new InThreadStore();
    return {
      run: async <Answer>(task: unknown): Promise<Answer> => {
        const isFold = (task as StoreTask).op === 'fold';
        if (isFold && failing-- > 0) {
          answers.push('failed');
          return { ok: false, code: 'STATE_FULL', message: 'there is no room' } as Answer;
        }
        const answer = await store.run<Answer>(task);
        if (isFold) answers.push((answer as { value: boolean }).value);
        return answer;
      },
      close: () => store.close(),
    };
  };
  return { answers, openThread };
}

/** More than a log has before it is folded. */
function large(keys: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: keys }, (_, i) => [`ns/${i}`, `${i}`.padEnd(1000, '.')]));
}

test('a log that is long enough is folded, though nothing more is committed', async () => {
  const dataDir = temporaryFolder('state');
  const { answers, openThread } = watched();
  const session = await storeIn(dataDir, openThread).open(identity());
  await session.commit([commitOf('pods', 1, { 'ns/a': 'short' })]);
  assert.deepEqual(answers, []);
  await session.commit([commitOf('pods', 2, large(40_000))]);
  await until('all is folded', async () => answers.at(-1) === false);
  assert.ok(answers.length > 1, 'in slices');
  await session.close(true);
  const database = new DatabaseSync(join(dataDir, 'state.db'));
  const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  assert.deepEqual([count('changes'), count('known')], [0, 40_001]);
  database.close();
});

test('what cannot be folded is in the log still, and commits go on', async () => {
  const dataDir = temporaryFolder('state');
  const { answers, openThread } = watched(1);
  const session = await storeIn(dataDir, openThread).open(identity());
  await session.commit([commitOf('pods', 1, large(40_000))]);
  await until('a fold has failed', async () => answers.length > 0);
  assert.equal(session.trouble(), undefined);
  await session.commit([commitOf('pods', 2, { 'ns/0': null, 'ns/a': 'short' })]);
  await session.close(true);
  assert.deepEqual(answers, ['failed']);
  const again = await storeIn(dataDir).open(identity());
  const known = await knownOf(again, 'pods');
  assert.equal(known.size, 40_000);
  assert.equal(known.get('ns/a'), 'short');
  await again.close();
});

test('the entry of the store thread refuses to run on the main thread', async () => {
  await assert.rejects(import('../../workers/store.ts'), { code: 'INTERNAL' });
});

test('a file of a version that knew no generations is read, and keeps them from then on', async () => {
  const dataDir = temporaryFolder('state');
  const open = () => storeIn(dataDir, () => new InThreadStore()).open(identity());
  let session = await open();
  await session.commit([commitOf('pods', 1)]);
  await session.close();
  const database = new DatabaseSync(join(dataDir, 'state.db'));
  database.exec('ALTER TABLE streams DROP COLUMN generation');
  database.close();
  session = await open();
  assert.equal((await session.positions()).get('pods')?.generation, undefined);
  await session.commit([{ stream: 'pods', position: position(2, { generation: 3 }), deltas: [] }]);
  assert.equal((await session.positions()).get('pods')?.generation, 3);
  await session.close();
});

test('a commit whose answer was lost with its thread may be repeated, with more in it', async () => {
  const threads: InThreadStore[] = [];
  const dataDir = temporaryFolder('state');
  const metrics = createMetrics();
  const session = await storeIn(dataDir, () => threads[threads.push(new InThreadStore()) - 1]!, metrics).open(
    identity(),
  );
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  threads[0]!.crashAfterNext = true;
  await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), { code: 'STATE_UNAVAILABLE' });
  assert.match(session.trouble() ?? '', /STATE_UNAVAILABLE/);
  await session.commit([commitOf('pods', 2, { 'a/x': '2' }, { 'a/y': '3' })]);
  assert.equal(session.trouble(), undefined);
  assert.equal(threads.length, 2);
  assert.deepEqual(
    await knownOf(session, 'pods'),
    new Map([
      ['a/x', '2'],
      ['a/y', '3'],
    ]),
  );
  await assert.rejects(
    session.commit([commitOf('pods', 2)]),
    { code: 'STATE_LOST' },
    'without a doubt the same commit is not done twice',
  );
  const counted = Object.fromEntries((await metrics.commits.get()).values.map((v) => [v.labels.result, v.value]));
  assert.deepEqual(counted, { ok: 2, error: 1, lost: 1 });
  assert.equal((await metrics.stateLosses.get()).values[0]?.value, 1);
  await session.close();
});

test('a real thread that is ended is replaced, and the file is opened again', async () => {
  const threads: WorkerThread[] = [];
  const session = await storeIn(
    temporaryFolder('state'),
    () => threads[threads.push(new WorkerThread('store')) - 1]!,
  ).open(identity());
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  await threads[0]!.close();
  await assert.rejects(session.commit([commitOf('pods', 2)]), { code: 'STATE_UNAVAILABLE' });
  await session.commit([commitOf('pods', 2, { 'a/y': '2' })]);
  assert.equal((await session.positions()).get('pods')?.sequence, 2);
  assert.equal((await knownOf(session, 'pods')).size, 2);
  await session.close();
});

test('a damaged file is reported as such', async () => {
  const dataDir = temporaryFolder('state');
  const file = join(dataDir, 'state.db');
  const session = await storeIn(dataDir).open(identity());
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a/${i}`, 'value of some length']));
  await session.commit([{ stream: 'pods', position: position(1), deltas: [delta(many)] }]);
  await session.close();
  const bytes = readFileSync(file);
  writeFileSync(
    file,
    Buffer.concat([
      bytes.subarray(0, 20_000),
      Buffer.alloc(bytes.length - 40_000, 0xa5),
      bytes.subarray(bytes.length - 20_000),
    ]),
  );
  await assert.rejects(storeIn(dataDir).open(identity()), { code: 'STATE_CORRUPT' });
  writeFileSync(file, 'this is not a database, and long enough to be looked at'.repeat(100));
  await assert.rejects(storeIn(dataDir).open(identity()), { code: 'STATE_CORRUPT' });
});

test('a database of something else is left alone', async () => {
  const dataDir = temporaryFolder('state');
  const database = new DatabaseSync(join(dataDir, 'state.db'));
  database.exec('CREATE TABLE diary (day TEXT)');
  database.close();
  await assert.rejects(storeIn(dataDir).open(identity()), { code: 'STATE_SCHEMA' });
});

test('a full disk is told apart', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE t (x); PRAGMA max_page_count = 2');
  assert.throws(
    () => database.exec('INSERT INTO t VALUES (zeroblob(100000))'),
    (e) => sqliteError('committing', e).code === 'STATE_FULL',
  );
  assert.equal(sqliteError('committing', new Error('other')).code, 'STATE_UNAVAILABLE');
  database.close();
});

test('another process is kept out, and a killed one has lost no commit that it was told of', async () => {
  const dataDir = temporaryFolder('state');
  const script = fileURLToPath(new URL('../support/state-writer.ts', import.meta.url));
  for (let round = 0, before = 0; round < 3; round++) {
    const writer = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === before + 20) {
        await assert.rejects(storeIn(dataDir).open(identity()), {
          code: 'STATE_HELD',
          message: new RegExp(`/${writer.pid}/`),
        });
      }
      if (acknowledged >= before + 50 + round * 37 && writer.exitCode === null) writer.kill('SIGKILL');
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    assert.equal(writer.signalCode, 'SIGKILL');
    const session = await storeIn(dataDir).open(identity());
    const stored = (await session.positions()).get('pods')?.sequence ?? 0;
    assert.ok(stored >= acknowledged, `${acknowledged} were acknowledged, ${stored} are there`);
    // Each commit writes its number to every one of these keys.
    assert.deepEqual(new Set((await knownOf(session, 'pods')).values()), new Set([String(stored)]));
    before = stored;
    await session.close();
  }
  assert.ok(existsSync(join(dataDir, 'state.db')));
});
