import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { RedisPair } from '../support/servers/redis-pair.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload, type Write } from '../support/workload.ts';

const SMALL = KINDS.filter((k) => ['configmaps', 'pods'].includes(k.name));

describe('a Redis primary is replaced by its replica while the program commits to it', () => {
  let rig: Rig;
  let pair: RedisPair;
  let workload: Workload;
  const config = (): Record<string, unknown> => rig.config({ state: { url: pair.url } });
  before(async () => {
    [rig, pair] = await Promise.all([Rig.start(), RedisPair.start()]);
    workload = new Workload(rig.kube, 23, ['alpha'], SMALL);
    await workload.prepare();
    await workload.create(200);
    await rig.program.start(config());
    await rig.program.ready();
    await rig.settled();
  });
  after(async () => {
    await rig.stop();
    await pair.stop();
  });

  async function counter(name: string, labels = ''): Promise<number> {
    const lines = (await rig.program.metrics()).split('\n').filter((l) => l.startsWith(`watershard_${name}${labels}`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }
  /** Writes to the cluster for as long as the work takes, and a little longer. */
  async function underLoad(work: () => Promise<void>): Promise<void> {
    let on = true;
    const load = (async () => {
      while (on) await workload.churn(30);
      await workload.churn(60);
    })();
    try {
      await work();
    } finally {
      on = false;
      await load;
    }
  }
  const commits = (): Promise<number> => counter('state_commits_total', '{result="ok"}');
  async function commitsMade(count: number): Promise<void> {
    const from = await commits();
    await until('some commits', async () => (await commits()) >= from + count);
  }
  /** Every write once, in the stream and in the table, and no gap marker. */
  async function allIsThere(): Promise<void> {
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'the stream');
    checkLiving(records, workload, ['alpha']);
    checkTable(await rig.rows(), records);
    assert.equal(records.filter((r) => r.operation === 'GAP').length, 0);
  }

  test('they change places and the address follows later: nothing begins again', async () => {
    const losses = await counter('state_losses_total');
    const lists = await counter('lists_total');
    await underLoad(async () => {
      await commitsMade(3);
      const before = rig.program.log.length;
      await pair.swap();
      await until('it says so', async () => (await rig.program.status()).state.trouble?.includes('READONLY') === true);
      // The lease is refused too, and perhaps first.
      await until('a commit is refused', () => rig.program.log.slice(before).includes('positions cannot be committed'));
      pair.proxy.retarget(pair.primary.server.port);
      await commitsMade(3);
    });
    await allIsThere();
    assert.equal(await counter('state_losses_total'), losses);
    assert.equal(await counter('lists_total'), lists);
    assert.match(rig.program.log, /the state can be written again/);
  });

  test('the primary dies, and its replica has everything: nothing begins again', async () => {
    await pair.rejoin();
    const losses = await counter('state_losses_total');
    await underLoad(async () => {
      await commitsMade(3);
      // What the primary acknowledges while this lasts, the replica has.
      await pair.primary.admin.call('CLIENT', 'PAUSE', '60000', 'WRITE');
      await pair.caughtUp();
      await pair.failOver();
      await commitsMade(3);
    });
    await allIsThere();
    assert.equal(await counter('state_losses_total'), losses);
  });

  test('the primary dies, and its replica lagged: everything since is delivered again with the same ids', async () => {
    await pair.rejoin();
    const losses = await counter('state_losses_total');
    const duplicates = await counter('exporter_duplicates_total');
    const lists = await counter('lists_total');
    const { epoch } = (await rig.program.status()).state;
    await underLoad(async () => {
      await commitsMade(3);
      await pair.cut();
      await commitsMade(6);
      await pair.failOver();
      await until('the loss is counted', async () => (await counter('state_losses_total')) === losses + 1);
      await until('it is ready again', async () => (await rig.program.status()).ready);
      await commitsMade(3);
    });
    await allIsThere();
    assert.ok((await counter('exporter_duplicates_total')) > duplicates);
    assert.equal(await counter('lists_total'), lists, 'the older position is still valid');
    assert.equal(await counter('state_losses_total'), losses + 1);
    assert.equal((await rig.program.status()).state.epoch, epoch);
    assert.match(rig.program.log, /an older state has come back/);
    assert.doesNotMatch(rig.program.log, /has come back empty/);
  });

  test('the lease too was taken in the lost part: the program goes on by itself', async () => {
    await pair.rejoin();
    await rig.program.stop();
    await pair.caughtUp();
    await pair.cut();
    await workload.churn(60);
    await rig.program.start(config());
    await rig.program.ready();
    await underLoad(async () => {
      await commitsMade(3);
      await pair.failOver();
      await until('the loss is counted', async () => (await counter('state_losses_total')) === 1);
      await until('it is ready again', async () => (await rig.program.status()).ready);
    });
    assert.ok(rig.program.alive);
    await allIsThere();
  });

  test('the replica lagged, and the older position has expired too: it is listed and compared', async () => {
    await pair.rejoin();
    await underLoad(() => commitsMade(2));
    await rig.settled();
    await pair.caughtUp();
    const known = new Set(workload.living.keys());
    await pair.cut();
    await workload.churn(150);
    await rig.settled();
    await rig.kube.compact();
    await rig.kube.restartApi('SIGKILL');
    const losses = await counter('state_losses_total');
    const lists = await counter('lists_total');
    const told = workload.writes.length;
    await pair.failOver();
    await workload.churn(60);
    await until('the loss is counted', async () => (await counter('state_losses_total')) === losses + 1);
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    const isGone = (w: Write): boolean => w.operation === 'DELETED';
    const isKnown = (w: Write): boolean => known.has(`${w.resource}/${w.key}`);
    checkStream(records);
    checkWrites(records, workload.writes.slice(0, told), 'the stream');
    // The others were written before or while everything was listed, as may be: then versions in between are missing, and the ends
    // of objects that the older state does not know (docs/operations.md).
    const meanwhile = workload.writes.slice(told);
    checkWrites(
      records,
      meanwhile.filter((w) => isGone(w) && isKnown(w)),
      'the stream',
    );
    const unknown = new Set(meanwhile.filter((w) => isGone(w) && !isKnown(w)).map((w) => w.uid));
    checkLiving(
      records.filter((r) => !unknown.has(r.uid)),
      workload,
      ['alpha'],
    );
    assert.ok((await counter('lists_total')) > lists);
    // What was created and deleted in the lost part is known to nobody, and each stream that was listed says so.
    const gaps = records.filter((r) => r.operation === 'GAP');
    assert.ok(gaps.length > 0);
    for (const { fields } of gaps) assert.match(String(fields?.reason), /^listed again after a crash/);
    // Files of the lost part are gone, and with them versions that can be had no more; what counts is there, once.
    const rows = await rig.rows();
    const ids = new Set(rows.map((r) => r.id));
    assert.equal(ids.size, rows.length);
    assert.deepEqual(
      [...workload.living.values()].filter((o) => !ids.has(`${o.uid}:${o.resourceVersion}`)),
      [],
    );
    const gone = workload.writes.filter((w) => isGone(w) && isKnown(w));
    assert.ok(gone.length > 0);
    assert.deepEqual(
      gone.filter((w) => !ids.has(`${w.uid}:deleted`)),
      [],
    );
  });
});
