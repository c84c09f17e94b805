import type { Config } from '../config/schema.ts';
import { codedMessage, errorMessage } from '../model/errors.ts';
import type { HealthReport, StatusReport } from '../model/status.ts';
import type { OpsOptions, OpsServer } from '../ops/server.ts';
import { componentLogger, createLogger, type Logger, setLogLevels } from '../telemetry/logger.ts';
import { createMetrics, forgetGauges } from '../telemetry/metrics.ts';
import { Otlp } from '../telemetry/otlp.ts';
import { loadOtlpPackages } from '../telemetry/otlp-packages.ts';
import type { Running, RunOutcome, RunProgress } from '../topology/run.ts';
import type { HoldUp } from './config-changes.ts';
import { type LoadedConfig, Reloads } from './reloads.ts';
import { stopSignal } from './stop-signal.ts';

const STARTING = ['it is starting'];
const RELOADING = 'the configuration has changed: what was read is delivered, then it goes on by the new one';

export type SessionProgress = RunProgress;

export interface SessionOptions {
  readonly mode: 'run' | 'snapshot';
  readonly relist?: boolean;
  /** What the configuration was read from; changes of it are followed. */
  readonly source?: Omit<LoadedConfig, 'config'> & { readonly parse: (text: string) => Promise<Config> };
  readonly onProgress?: (progress: SessionProgress) => void;
  /** The address on which operations are served, once they are. */
  readonly onServing?: (url: string) => void;
  /** Ends the run as SIGTERM does. */
  readonly stop?: AbortSignal;
  readonly logger?: Logger;
}

/**
 * One run of the topology with its log, its metrics and its operations server, from start to drain; or several in turn,
 * where the configuration changes.
 */
export async function runSession(config: Config, options: SessionOptions): Promise<RunOutcome> {
  const logger = options.logger ?? createLogger(config.log);
  const metrics = createMetrics();
  // Loaded here, since the credentials' package alone takes 0.4 s of CPU: --help and validate do without.
  const [{ runTopology }, { KeptState }, { startingStatus }, { startOps }] = await Promise.all([
    import('../topology/run.ts'),
    import('../topology/kept-state.ts'),
    import('../topology/status.ts'),
    import('../ops/server.ts'),
  ]);
  const onStop = (name: string): void => logger.info({ signal: name }, 'draining; a second signal ends at once');
  const stopping = stopSignal(onStop, options.source !== undefined);
  const stop = options.stop === undefined ? stopping.signal : AbortSignal.any([stopping.signal, options.stop]);
  const startedAt = Date.now();
  metrics.configReloadOk.set(1);
  metrics.configReloadTime.set(startedAt / 1000);
  const { version } = startingStatus(config, startedAt, STARTING);
  const telemetryLogger = componentLogger(logger, 'telemetry');
  const otlp = new Otlp({ metrics, logger: telemetryLogger, version, cluster: config.cluster.name });
  const { source } = options;
  const reloads =
    source === undefined
      ? undefined
      : new Reloads(
          { ...source, config },
          {
            parse: async (text) => {
              const changed = await source.parse(text);
              if (changed.telemetry.otlp !== undefined) await loadOtlpPackages();
              return changed;
            },
            holdUps: () => holdUps(running?.status()),
            applyLive: ({ log, telemetry }) => {
              setLogLevels(logger, log);
              otlp
                .apply(telemetry.otlp)
                .catch((e: unknown) => telemetryLogger.error({ err: codedMessage(e) }, 'nothing is sent by OTLP'));
            },
            logger: componentLogger(logger, 'config'),
            metrics,
          },
        );
  let running: Running | undefined;
  /** Of the runs before the one that runs. */
  const before = { records: 0, bytes: 0 };

  const status = (): StatusReport => {
    const report = running?.status() ?? startingStatus(config, startedAt, STARTING);
    const { ready, reasons } = health();
    const { records, bytes } = report.totals;
    return {
      ...report,
      startedAt,
      ready,
      reasons,
      totals: { records: before.records + records, bytes: before.bytes + bytes },
      ...(reloads === undefined ? {} : { config: reloads.status }),
    };
  };
  const health = (): HealthReport => {
    const report = running?.health() ?? { live: true, ready: false, reasons: STARTING };
    if (stop.aborted || reloads?.reloading !== true) return report;
    return { ...report, ready: false, reasons: [RELOADING, ...report.reasons] };
  };
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
  const kept = new KeptState();
  let runs = 0;
  const run = async (config: Config, signal: AbortSignal, onStarted?: (all: boolean) => void): Promise<RunOutcome> => {
    const totals = running?.status().totals;
    before.records += totals?.records ?? 0;
    before.bytes += totals?.bytes ?? 0;
    forgetGauges(metrics);
    return await runTopology(config, {
      logger,
      metrics,
      mode: options.mode,
      kept,
      relist: options.relist === true && runs++ === 0,
      signal,
      ...(options.mode === 'run' ? { tracer: otlp.tracer } : {}),
      onRunning: (handle) => {
        running = handle;
      },
      ...(onStarted === undefined ? {} : { onStarted }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
  };

  let ops: OpsServer | undefined;
  try {
    await otlp.apply(config.telemetry.otlp);
    ops = await serve({ metrics, logger: componentLogger(logger, 'ops'), status, health });
    if (ops !== undefined) options.onServing?.(ops.url);
    if (reloads === undefined) return await run(config, stop);
    reloads.start();
    return await reloads.follow(stop, run);
  } finally {
    reloads?.close();
    await kept.close();
    stopping.release();
    await otlp.close();
    await ops?.close();
  }
}

function holdUps(report: StatusReport | undefined): HoldUp[] {
  if (report === undefined) return [];
  const exporters = report.exporters.filter((e) => e.required && !e.ok);
  if (report.cluster.uid === '' || exporters.length === 0) return [{ detail: report.reasons.join('; ') }];
  return exporters.map(({ name, detail }) => ({ exporter: name, detail: detail ?? 'not ready' }));
}
