import type { Config } from '../../config/schema.ts';
import type { CheckContext } from '../../exporters/exporter-type.ts';
import { EXPORTERS, type ExporterConfig } from '../../exporters/registry.ts';
import type { Finding } from '../../model/finding.ts';
import { bounded } from './bounded.ts';
import type { ClusterChecks } from './cluster.ts';

type Check = (config: ExporterConfig, context: CheckContext) => Promise<readonly Finding[]>;

export interface SinkChecks extends ClusterChecks {
  readonly send: boolean;
  readonly write: boolean;
}

/** All at the same time, told in the order of the configuration. */
export async function checkSinks(
  config: Config,
  { timeout, send, write, logger, metrics, tell }: SinkChecks,
): Promise<void> {
  const checks = config.exporters.map((exporter) => {
    const { check } = EXPORTERS[exporter.type] as { readonly check: Check };
    const { name } = exporter;
    return bounded(timeout, `exporter ${name}`, (signal) => {
      const context: CheckContext = { name, cluster: config.cluster.name, signal, send, write, logger, metrics };
      return check(exporter, context);
    });
  });
  for (const [i, { name, type }] of config.exporters.entries())
    tell(
      'sink',
      name,
      ((await checks[i]) ?? []).map((f) => ({ ...f, text: `${type}: ${f.text}` })),
    );
}
