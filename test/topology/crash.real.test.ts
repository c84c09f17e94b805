import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { KINDS, seededRandom, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const SMALL = KINDS.filter((k) => ['configmaps', 'pods', 'secrets'].includes(k.name));
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/**
 * SIGKILL at each stage boundary: a server that is stopped by a signal holds everything up just before it, so the program
 * dies with work on one side of the boundary and none on the other.
 */
describe('promises 1, 2 and 3: SIGKILL under load loses nothing and stores nothing twice', () => {
  let rig: Rig;
  let workload: Workload;
  let snapshotWrites = 0;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 3, NAMESPACES, SMALL);
    await workload.prepare();
    await workload.create(600);
    snapshotWrites = workload.writes.length;
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
  });
  after(() => rig.stop());

  async function check(): Promise<void> {
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes.slice(snapshotWrites), 'the stream');
    checkLiving(records, workload, NAMESPACES);
    checkTable(await rig.rows(), records);
  }

  const boundaries = {
    'after reading, before JetStream has stored': () => rig.nats,
    'after JetStream, before the file is stored': () => rig.s3,
    'after everything is stored, before the commit': () => rig.redis,
  };
  for (const [name, server] of Object.entries(boundaries)) {
    test(name, async () => {
      server().signal('SIGSTOP');
      try {
        await workload.churn(400);
        await wait(3500); // longer than a rotation, so that files are on their way
        await rig.program.kill();
      } finally {
        server().signal('SIGCONT');
      }
      await rig.program.start(rig.config());
      await check();
    });
  }

  test('five times at random moments', async () => {
    const random = seededRandom(4);
    let on = true;
    const load = (async () => {
      while (on) await workload.churn(100);
    })();
    for (let i = 0; i < 5; i++) {
      await wait(500 + random() * 3000);
      await rig.program.kill();
      await rig.program.start(rig.config());
    }
    on = false;
    await load;
    await check();
    assert.ok(workload.writes.length > 1500);
  });

  test('promise 8: SIGTERM under load drains, and what did not fit is sent after the next start', async () => {
    let on = true;
    const load = (async () => {
      while (on) await workload.churn(100);
    })();
    await wait(1500);
    assert.equal(await rig.program.stop('SIGTERM'), 0);
    await wait(300);
    on = false;
    await load;
    await rig.program.start(rig.config());
    await check();
  });
});
