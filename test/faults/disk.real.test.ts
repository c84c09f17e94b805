import assert from 'node:assert/strict';
import { copyFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CAN_MOUNT, SmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { FaultRig } from './fault-rig.ts';

describe('faults of the disk', { skip: CAN_MOUNT ? false : 'only root can mount a small file system' }, () => {
  let rig: FaultRig;
  let stateDisk: SmallDisk;
  let lakeDisk: SmallDisk;
  const dataDir = (): string => join(stateDisk.folder, 'data');
  const stateFile = (): string => join(dataDir(), 'state.db');
  before(async () => {
    stateDisk = new SmallDisk('state', 24);
    lakeDisk = new SmallDisk('lake', 24);
    rig = await FaultRig.start({
      seed: 9,
      table: join(lakeDisk.folder, 'lake'),
      settings: { dataDir: join(stateDisk.folder, 'data'), state: {} },
    });
    await rig.workload.create(200);
  });
  after(async () => {
    await rig?.stop();
    stateDisk.remove();
    lakeDisk.remove();
  });

  const fault = (name: string, body: () => Promise<void>): void => {
    test(name, async () => {
      rig.load.start();
      await rig.load.writes(30);
      await body();
    });
  };
  const gaps = async (): Promise<number> => (await rig.rig.records()).filter((r) => r.operation === 'GAP').length;

  fault('no room for the state at the first start: it waits, and begins when there is', async () => {
    stateDisk.fill();
    await rig.program.start(rig.config());
    await rig.notReady(/state/);
    assert.equal((await fetch(`${rig.program.url}/livez`)).status, 200);
    stateDisk.makeRoom();
    await rig.program.ready();
    await rig.load.writes(100);
    // What was before the first list is not seen.
    await rig.verdict({ relisted: ['*'] });
    assert.equal(await gaps(), 0);
  });

  fault('no room for the state under load, and then killed, and started again without room', async () => {
    stateDisk.fill();
    await rig.notReady(/state: STATE_FULL/);
    await rig.load.writes(150);
    stateDisk.makeRoom();
    await rig.program.ready();
    assert.match(rig.program.log, /positions cannot be committed; trying again/);
    assert.match(rig.program.log, /the state can be written again/);
    stateDisk.fill();
    await rig.notReady(/state: STATE_FULL/);
    await rig.program.kill();
    await rig.program.start(rig.config());
    await rig.notReady(/state/);
    await rig.load.writes(50);
    stateDisk.makeRoom();
    await rig.verdict();
    assert.equal(await gaps(), 0);
  });

  fault('no room for files, and then killed, and started again without room', async () => {
    lakeDisk.fill();
    await rig.notReady(/exporter lake: EXPORTER_FULL.*Make room/);
    await rig.load.writes(150);
    lakeDisk.makeRoom();
    await rig.program.ready();
    lakeDisk.fill();
    await rig.notReady(/exporter lake: EXPORTER_FULL/);
    await rig.program.kill();
    await rig.program.start(rig.config());
    await rig.load.writes(100);
    await rig.notReady(/exporter lake: EXPORTER_FULL/);
    lakeDisk.makeRoom();
    await rig.verdict();
  });

  fault('two instances on one state file: the second waits, and takes over when the first is killed', async () => {
    const second = new Watershard();
    try {
      await second.start(rig.config());
      await until('it says why it waits', async () => (await second.status()).reasons.join().includes('held by'));
      await rig.program.kill();
      await second.ready();
      await rig.load.writes(50);
      assert.equal(await second.stop(), 0);
      await rig.run();
      await rig.verdict();
    } finally {
      await second.kill();
    }
  });

  const damages = {
    'overwritten with something else': () => writeFileSync(stateFile(), 'garbage '.repeat(5000)),
    'cut off in the middle': () => truncateSync(stateFile(), Math.floor(statSync(stateFile()).size / 2)),
    'damaged in the middle': () => {
      const size = statSync(stateFile()).size;
      writeFileSync(stateFile(), Buffer.alloc(Math.floor(size / 2), 0xa5), { flag: 'r+' });
    },
  };
  fault('the state file is damaged: it ends with 2 and says what to do, and that helps', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = await gaps();
    const whole = `${stateFile()}.whole`;
    copyFileSync(stateFile(), whole);
    for (const [how, damage] of Object.entries(damages)) {
      copyFileSync(whole, stateFile());
      damage();
      const logged = rig.program.log.length;
      await rig.program.start(rig.config());
      assert.equal(await rig.program.exited(), 2, how);
      const said = rig.program.log.slice(logged);
      assert.match(said, /error STATE_CORRUPT: .*state\.db[\s\S]*what to do: Remove the file/, how);
      assert.doesNotMatch(said, /\n {4}at /, how);
    }
    rmSync(stateFile());
    await rig.run();
    await rig.verdict({ relisted: ['*'], deletesUnknown: true });
    assert.equal(await gaps(), before + 4, 'a gap marker for each stream');
  });

  fault('the state file is empty: everything is listed again, and a gap is said', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = await gaps();
    truncateSync(stateFile(), 0);
    await rig.run();
    await rig.verdict({ relisted: ['*'], deletesUnknown: true });
    assert.equal(await gaps(), before + 4);
  });
});
