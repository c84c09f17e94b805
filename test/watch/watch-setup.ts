import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource, Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { ApiClient } from '../../src/watch/api-client.ts';
import { watchConfig } from '../../src/watch/config.ts';
import { Credentials } from '../../src/watch/credentials.ts';
import { type DriverOptions, StreamDriver } from '../../src/watch/driver.ts';
import { ListSlots } from '../../src/watch/list-slots.ts';
import { StreamingSupport } from '../../src/watch/streaming-support.ts';
import { Watcher, type WatcherOptions } from '../../src/watch/watcher.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { IntakeLog } from './intake-log.ts';

export const logger = createLogger('silent', false);

export const CONFIGMAPS: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
};

export function streamFor(resource: Resource = CONFIGMAPS, more: Partial<Stream> = {}): Stream {
  return { id: resource.resource, resource, metadataOnly: false, ...more };
}

export async function openApi(kubeconfig: string, metrics: Metrics = createMetrics()): Promise<ApiClient> {
  return new ApiClient({ credentials: await Credentials.load(kubeconfig), metrics, logger });
}

/** Writes a kubeconfig for a server without credentials, or with the user given. */
export function writeKubeconfig(server: string, user = '{}', cluster = ''): string {
  const file = join(temporaryFolder('kubeconfig'), 'config');
  const text = [
    'apiVersion: v1',
    'kind: Config',
    'current-context: t',
    `clusters: [{name: t, cluster: {server: "${server}"${cluster === '' ? '' : `, ${cluster}`}}}]`,
    `users: [{name: u, user: ${user}}]`,
    'contexts: [{name: t, context: {cluster: t, user: u}}]',
    '',
  ];
  writeFileSync(file, text.join('\n'));
  return file;
}

const running = new Set<() => Promise<void>>();

/** Stops what a test began, also where it failed. */
export async function stopRunning(): Promise<void> {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((stop) => stop()));
}

export interface Driven {
  readonly driver: StreamDriver;
  readonly log: IntakeLog;
  readonly metrics: Metrics;
}

export function drive(api: DriverOptions['api'], stream: Stream, more: Partial<DriverOptions> = {}): Driven {
  const log = new IntakeLog();
  const metrics = more.metrics ?? createMetrics();
  const driver = new StreamDriver(stream, {
    api,
    sink: log.sink,
    metrics,
    logger,
    listSlots: new ListSlots(8),
    streamingSupport: new StreamingSupport(),
    stallMs: 75_000,
    pageSize: 500,
    ...more,
  });
  running.add(() => driver.stop());
  return { driver, log, metrics };
}

export interface Watched {
  readonly watcher: Watcher;
  readonly log: IntakeLog;
  readonly metrics: Metrics;
  /** Ids of streams in the order in which they were begun. */
  readonly begun: string[];
}

export function watch(api: ApiClient, config: unknown, more: Partial<WatcherOptions> = {}): Watched {
  const log = new IntakeLog();
  const metrics = createMetrics();
  const begun: string[] = [];
  const watcher = new Watcher({
    api,
    config: watchConfig.parse(config),
    sink: log.sink,
    metrics,
    logger,
    onStream: async (stream) => {
      begun.push(stream.id);
      return { resourceVersion: undefined, relist: false };
    },
    ...more,
  });
  running.add(() => watcher.stop());
  return { watcher, log, metrics, begun };
}

/** Value of a counter or gauge with these labels; 0 where there is none. */
export async function metric(
  of: { get(): Promise<{ values: { value: number; labels: object }[] }> },
  labels: Record<string, string>,
): Promise<number> {
  const { values } = await of.get();
  const wanted = Object.entries(labels);
  return values
    .filter((v) => wanted.every(([name, value]) => (v.labels as Record<string, unknown>)[name] === value))
    .reduce((sum, v) => sum + v.value, 0);
}
