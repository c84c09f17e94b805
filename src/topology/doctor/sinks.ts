import type { Config } from '../../config/schema.ts';
import type { Exporter } from '../../exporters/exporter.ts';
import type { CheckContext } from '../../exporters/exporter-type.ts';
import { idleContext } from '../../exporters/idle-context.ts';
import { EXPORTERS, type ExporterConfig } from '../../exporters/registry.ts';
import { type Finding, failed, ok } from '../../model/finding.ts';
import { WorkerThread } from '../../shard/threads.ts';
import { exporterType } from '../outlets.ts';
import { pause } from '../pause.ts';
import { bounded } from './bounded.ts';
import type { ClusterChecks } from './cluster.ts';

/** As exporters tell it: the message, the code and the remedy. */
const TROUBLE = /^(.*) \(([A-Z_]+): (.*)\)$/s;

type Check = (config: ExporterConfig, context: CheckContext) => Promise<readonly Finding[]>;

export interface SinkChecks extends ClusterChecks {
  readonly send: boolean;
}

/** All at the same time, told in the order of the configuration. */
export async function checkSinks(config: Config, { timeout, send, logger, metrics, tell }: SinkChecks): Promise<void> {
  const checks = config.exporters.map((exporter) => {
    const { check } = EXPORTERS[exporter.type] as { readonly check?: Check };
    const { name } = exporter;
    return bounded(timeout, `exporter ${name}`, (signal) => {
      const context: CheckContext = { name, cluster: config.cluster.name, signal, send, logger, metrics };
      return check === undefined ? connect(exporter, context) : check(exporter, context);
    });
  });
  for (const [i, { name, type }] of config.exporters.entries())
    tell(
      'sink',
      name,
      ((await checks[i]) ?? []).map((f) => ({ ...f, text: `${type}: ${f.text}` })),
    );
}

/** Settings by which an exporter makes what is missing; a check leaves nothing behind. */
const MAKES_NOTHING = { createTopic: false, createExchange: false };

/** For a type without a check of its own: whether it starts. */
async function connect(config: ExporterConfig, context: CheckContext): Promise<Finding[]> {
  const { signal } = context;
  const idle = idleContext(context, () => new WorkerThread('parquet'));
  const exporter = await exporterType(config).create({ ...config, ...MAKES_NOTHING } as ExporterConfig, idle);
  const ended = new AbortController();
  try {
    const started = exporter.start(AbortSignal.any([signal, ended.signal])).then(() => undefined);
    const trouble = await Promise.race([started, firstTrouble(exporter, ended.signal)]);
    started.catch(() => undefined); // it is given up where there was trouble first
    return [trouble ?? ok('it connects')];
  } finally {
    ended.abort();
    await exporter.close();
  }
}

/** An exporter tries again for as long as it may; here the first failure is what is asked for. */
async function firstTrouble(exporter: Exporter, signal: AbortSignal): Promise<Finding | undefined> {
  while (!signal.aborted) {
    await pause(100, signal);
    const [, text, code, remedy] = TROUBLE.exec(exporter.health().detail ?? '') ?? [];
    if (text !== undefined && code !== undefined && remedy !== undefined) return { ...failed(text, remedy), code };
  }
  return undefined;
}
