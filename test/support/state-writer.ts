import { EmbeddedStateStore } from '../../src/state/embedded/store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { InThreadStore } from './in-thread.ts';
import { commitOf, identity } from './state-contract.ts';

/* A process that commits until it is killed, and prints the sequence of each commit that was acknowledged. */
const dataDir = process.argv[2] as string;
const store = new EmbeddedStateStore({
  dataDir,
  openThread: () => new InThreadStore(),
  logger: createLogger('silent'),
  metrics: createMetrics(),
});
const session = await store.open(identity({ owner: `host/${process.pid}/${dataDir}` }));
for (let sequence = ((await session.positions()).get('pods')?.sequence ?? 0) + 1; ; sequence++) {
  const values = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a/${i}`, String(sequence)]));
  await session.commit([commitOf('pods', sequence, values)]);
  process.stdout.write(`${sequence}\n`);
}
