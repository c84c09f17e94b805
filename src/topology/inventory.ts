import type { Config } from '../config/schema.ts';
import { errorMessage } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { pause } from './pause.ts';

/** Lists everything once into the table `inventory` of these exporters; true where all of it was delivered. */
export type TakeInventory = (config: Config) => Promise<boolean>;

/**
 * Takes inventories at the intervals that exporters ask for, beside the stream of changes and on a state of its own. One
 * that takes longer than the interval delays the next.
 */
export async function runInventories(
  config: Config,
  take: TakeInventory,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const schedules = new Map<number, Config['exporters']>();
  for (const exporter of config.exporters) {
    const interval = exporter.type === 'parquet' ? exporter.inventoryInterval : undefined;
    if (interval !== undefined) schedules.set(interval, [...(schedules.get(interval) ?? []), exporter]);
  }
  await Promise.all(
    [...schedules].map(async ([interval, exporters]) => {
      while (!signal.aborted) {
        const began = performance.now(); // a clock that is set back must not delay the next
        try {
          const complete = await take({ ...config, exporters, workers: 1 });
          if (!complete && !signal.aborted) logger.warn('an inventory is not complete');
        } catch (e) {
          logger.warn({ err: errorMessage(e) }, 'an inventory could not be taken; the next one is tried at its time');
        }
        await pause(Math.max(0, began + interval - performance.now()), signal);
      }
    }),
  );
}
