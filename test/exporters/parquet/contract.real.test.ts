import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXPORTERS } from '../../../src/exporters/registry.ts';
import { WorkerThread } from '../../../src/shard/threads.ts';
import { recordId, type TestRecord } from '../../support/batches.ts';
import { type DuckDb, openDuckDb } from '../../support/duckdb.ts';
import { exporterContract } from '../../support/exporter-contract.ts';
import { S3Server } from '../../support/servers/s3.ts';
import { testRow } from './rows.ts';

let server: S3Server;
let duckdb: DuckDb;
const url = 's3://lake/some/prefix';

exporterContract('parquet on S3', {
  up: async () => {
    server = await S3Server.start('lake');
    Object.assign(process.env, server.environment);
    duckdb = await openDuckDb({ s3: server });
  },
  down: async () => {
    duckdb.close();
    await server.stop();
  },
  reset: async () => {
    rmSync(join(server.folder, 'root', 'lake'), { recursive: true, force: true });
    server.makeBucket('lake');
    mkdirSync(join(server.folder, 'root'), { recursive: true });
  },
  create: async (context) =>
    await EXPORTERS.parquet.create(
      EXPORTERS.parquet.config.parse({ name: 'sink', type: 'parquet', url, endpoint: server.endpoint }),
      context,
    ),
  context: { openThread: () => new WorkerThread('parquet') },
  // The order in a table is that of the versions: files have none.
  readBack: async () =>
    (await duckdb.table(url, 'changes', 'ORDER BY resource_version::BIGINT')).map((row) => ({
      id: String(row.id),
      key: `pods/default/${row.name}`,
      operation: String(row.operation),
      payload: Buffer.from(String(row.object)),
    })),
  breakSink: () => server.stop(),
  mendSink: () => server.restart(),
  crashSink: async () => {
    await server.stop('SIGKILL');
    await server.restart();
  },
  encode: ({ name, version, operation = 'UPDATED' }: TestRecord) =>
    testRow({
      name,
      uid: `uid-${name}`,
      resourceVersion: String(version),
      id: recordId(name, version),
      operation,
      observedAt: Date.now() * 1000,
      object: JSON.stringify({ name, version }),
    }),
});
