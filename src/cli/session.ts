import type { Config } from '../config/schema.ts';
import { errorMessage } from '../model/errors.ts';
import type { OpsOptions, OpsServer } from '../ops/server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Running, RunOutcome, RunProgress } from '../topology/run.ts';
import { stopSignal } from './stop-signal.ts';

const STARTING = ['it is starting'];

export type SessionProgress = RunProgress;

export interface SessionOptions {
  readonly mode: 'run' | 'snapshot';
  readonly relist?: boolean;
  readonly onProgress?: (progress: SessionProgress) => void;
  /** The address on which operations are served, once they are. */
  readonly onServing?: (url: string) => void;
  /** Ends the run as SIGTERM does. */
  readonly stop?: AbortSignal;
  readonly logger?: Logger;
}

/** One run of the topology with its log, its metrics and its operations server, from start to drain. */
export async function runSession(config: Config, options: SessionOptions): Promise<RunOutcome> {
  const logger = options.logger ?? createLogger(config.log.level);
  const metrics = createMetrics();
  // Loaded here, since the credentials' package alone takes 0.4 s of CPU: --help and validate do without.
  const [{ runTopology }, { startingStatus }, { startOps }] = await Promise.all([
    import('../topology/run.ts'),
    import('../topology/status.ts'),
    import('../ops/server.ts'),
  ]);
  const stopping = stopSignal((name) => logger.info({ signal: name }, 'draining; a second signal ends at once'));
  const startedAt = Date.now();
  let running: Running | undefined;
  const serve = async (functions: Omit<OpsOptions, 'listen' | 'profile'>): Promise<OpsServer | undefined> => {
    if (config.ops === false || config.ops.listen === 'off') return undefined;
    try {
      return await startOps({ ...config.ops, ...functions });
    } catch (e) {
      if (options.mode === 'run') throw e;
      // a snapshot is often taken beside a run of the same configuration, which has the address
      logger.warn({ err: errorMessage(e) }, 'the snapshot goes on without metrics and status');
      return undefined;
    }
  };
  const ops = await serve({
    metrics,
    logger,
    status: () => running?.status() ?? startingStatus(config, startedAt, STARTING),
    health: () => running?.health() ?? { live: true, ready: false, reasons: STARTING },
  });
  if (ops !== undefined) options.onServing?.(ops.url);
  try {
    return await runTopology(config, {
      logger,
      metrics,
      mode: options.mode,
      relist: options.relist === true,
      signal: options.stop === undefined ? stopping.signal : AbortSignal.any([stopping.signal, options.stop]),
      onRunning: (handle) => {
        running = handle;
      },
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
  } finally {
    stopping.release();
    await ops?.close();
  }
}
