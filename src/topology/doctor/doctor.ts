import type { Config } from '../../config/schema.ts';
import { configHints } from '../../config/semantics.ts';
import { type Finding, ok, warning } from '../../model/finding.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { checkCluster } from './cluster.ts';
import type { CheckName, Report } from './report.ts';
import { checkSinks } from './sinks.ts';
import { checkState } from './state.ts';

export interface DoctorOptions {
  /** The file, for the message. */
  readonly file: string;
  /** Milliseconds that one check may take. */
  readonly timeout: number;
  /** Sinks may be sent a request without a record. */
  readonly send: boolean;
  /** A marked message may be written to message buses, which consumers get. */
  readonly write: boolean;
  readonly logger: Logger;
  readonly report: Report;
}

/** Checks what a run would meet, in order. What depends on something that failed is said not to be checked. */
export async function examine(config: Config, options: DoctorOptions): Promise<void> {
  const { file, timeout, send, write, logger, report } = options;
  const tell = (check: CheckName, subject: string, findings: readonly Finding[]): void => {
    for (const finding of findings) report({ check, subject, ...finding });
  };
  const metrics = createMetrics();
  tell('configuration', '', [
    ok(`${file} is valid`),
    ...configHints(config).map((hint) => warning(hint, 'Change it, unless it is meant so.')),
  ]);
  const clusterUid = await checkCluster(config, { timeout, logger, metrics, tell });
  await checkSinks(config, { timeout, send, write, logger, metrics, tell });
  await checkState(config, { timeout, clusterUid, logger, tell });
}
