import { test } from 'node:test';
import type { FaultRig } from './fault-rig.ts';

/** Makes the `fault(name, body)` of a file: a test that begins with nothing wrong, under load. @param rig asked when it runs */
export function scenarios(rig: () => FaultRig): (name: string, body: () => Promise<void>) => void {
  return (name, body) => {
    test(name, async () => {
      rig().heal();
      rig().load.start();
      await rig().load.writes(30);
      await body();
    });
  };
}
