import { after, before, describe, test } from 'node:test';
import { chaos } from './chaos.ts';
import { FaultRig } from './fault-rig.ts';
import { SEEDS } from './seeds.ts';

const SECONDS = 20;

describe('faults in random combination', () => {
  let rig: FaultRig;
  before(async () => {
    rig = await FaultRig.start({ seed: SEEDS[0] as number });
    await rig.begin();
  });
  after(() => rig.stop());

  for (const seed of SEEDS) {
    test(`seed ${seed}`, async (t) => {
      rig.load.start();
      const { allowance, happened } = await chaos(rig, seed, SECONDS);
      t.diagnostic(happened.join('; '));
      await rig.verdict(allowance);
    });
  }
});
