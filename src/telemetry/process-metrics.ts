import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics } from 'prom-client';
import type { Metrics } from './metrics.ts';

/** Milliseconds between the samples of the event loop; the histogram's values contain it. */
const RESOLUTION = 20;

export interface ProcessMetrics {
  /** Brings `main_thread_lag_seconds` up to date; to be called before each scrape. */
  sample(): void;
  close(): void;
}

/**
 * Measures this process: `process_*` and `nodejs_*` under their usual names (once a registry), and the delay of the main
 * thread's event loop.
 */
export function observeProcess(metrics: Metrics): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  if (metrics.registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: metrics.registry });
  return {
    sample: () => {
      const late = delay.count === 0 ? 0 : delay.percentile(99) / 1e9 - RESOLUTION / 1000;
      metrics.mainLoopLag.set(Math.max(0, late));
      delay.reset();
    },
    close: () => {
      delay.disable();
    },
  };
}
