import { MemoryStateStore } from '../../src/state/memory/store.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { stateContract } from '../support/state-contract.ts';

stateContract('memory', async () => {
  const store = new MemoryStateStore(createMetrics());
  return { store: () => store, wipe: async () => store.wipe(), expire: async () => store.expire(), keepsDeltas: true };
});
