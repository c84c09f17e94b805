import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Exporter, ExporterContext } from '../../../src/exporters/exporter.ts';
import { EXPORTERS } from '../../../src/exporters/registry.ts';
import type { Position } from '../../../src/model/position.ts';
import type { Stream } from '../../../src/model/resource.ts';
import { WorkerThread } from '../../../src/shard/threads.ts';
import { PODS } from '../../support/batches.ts';
import { type DuckDbRow, openDuckDb } from '../../support/duckdb.ts';
import { ExporterProbe } from '../../support/exporter-probe.ts';
import { temporaryFolder } from '../../support/servers/process.ts';
import { S3Server } from '../../support/servers/s3.ts';
import { type TestRow, testLane } from './rows.ts';

/** One run of a Parquet exporter, from its start to its end. */
export class LakeRun extends ExporterProbe {
  #thread: WorkerThread | undefined;

  constructor(settings: Readonly<Record<string, unknown>>) {
    const config = EXPORTERS.parquet.config.parse({ name: 'lake', type: 'parquet', ...settings });
    const create = (context: ExporterContext): Promise<Exporter> => EXPORTERS.parquet.create(config, context);
    const openThread = (): WorkerThread => {
      this.#thread = new WorkerThread('parquet');
      return this.#thread;
    };
    super({ create }, { name: 'lake', cluster: 'demo', openThread });
  }

  /** Ends the present encoder thread as a crash would: whatever is asked of it from now on is refused. */
  crashThread(): void {
    void this.#thread?.close();
  }
}

export const DEPLOYMENTS: Stream = {
  id: 'deployments.apps',
  resource: { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespaced: true },
  metadataOnly: false,
};

/** Where a run writes to: the same tests pass on object storage and in a folder. */
export interface Target {
  readonly name: string;
  settings(): { readonly url: string; readonly [setting: string]: unknown };
  /** Keys below the url. */
  keys(): string[];
  empty(): void;
}

export const server = await S3Server.start('lake');
Object.assign(process.env, server.environment);
export const bucket = join(server.folder, 'root', 'lake');
export const folder = temporaryFolder('lake');

function filesIn(root: string): string[] {
  if (!existsSync(root)) return [];
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

export const targets: Target[] = [
  {
    name: 'S3',
    settings: () => ({ url: 's3://lake/prefix', endpoint: server.endpoint }),
    keys: () => filesIn(join(bucket, 'prefix')),
    empty: () => {
      rmSync(bucket, { recursive: true, force: true });
      server.makeBucket('lake');
    },
  },
  {
    name: 'a folder',
    settings: () => ({ url: `file://${folder}/deep/lake` }),
    keys: () => filesIn(join(folder, 'deep', 'lake')),
    empty: () => rmSync(join(folder, 'deep'), { recursive: true, force: true }),
  },
];

const runs: LakeRun[] = [];
export const duckdb = await openDuckDb({ s3: server });

/** Ends what a test has started, and empties the targets for the next. */
export async function cleanUp(): Promise<void> {
  for (const lake of runs.splice(0)) await end(lake);
  for (const target of targets) target.empty();
}

export async function shutDown(): Promise<void> {
  await cleanUp();
  duckdb.close();
  await server.stop();
}

export async function run(target: Target, more: Readonly<Record<string, unknown>> = {}, wait = true): Promise<LakeRun> {
  const lake = new LakeRun({ ...target.settings(), ...more });
  runs.push(lake);
  await lake.create();
  const started = lake.exporter.start(AbortSignal.timeout(30_000));
  if (wait) await started;
  else started.catch(() => undefined); // the test looks at health
  return lake;
}

export async function end(lake: LakeRun): Promise<void> {
  await lake.exporter.close();
}

interface Writing {
  readonly stream?: Stream;
  readonly incarnation?: number;
  readonly table?: 'changes' | 'inventory';
}

export function write(lake: LakeRun, sequence: number, rows: readonly TestRow[], writing: Writing = {}): void {
  const { stream = PODS, incarnation = 1, table = 'changes' } = writing;
  lake.write({ stream, incarnation, sequence, table, lane: testLane(rows), records: rows.length }, false);
}

export async function stored(lake: LakeRun, sequence: number, stream = PODS.id): Promise<void> {
  await lake.acked(sequence, stream);
}

export async function rows(
  target: Target,
  table: 'changes' | 'inventory' = 'changes',
  order = 'id',
): Promise<DuckDbRow[]> {
  return await duckdb.table(target.settings().url.replace('file://', ''), table, `ORDER BY ${order}`);
}

export function positionAt(sequence: number, committedAt: number): Position {
  return { resourceVersion: String(sequence), sequence, committedAt, scope: '|||' };
}

export const pods = (from: number, to: number, more: TestRow = {}): TestRow[] =>
  Array.from({ length: to - from }, (_, i) => ({ name: `p${from + i}`, ...more }));

export const data = (target: Target): string[] => target.keys().filter((key) => key.endsWith('.parquet'));
