import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type Json } from '@duckdb/node-api';
import { CACHE, VERSIONS } from '../../tools/servers/build.mjs';

/** What DuckDB needs to read from an S3 server; `S3Server` of support/servers has it all. */
export interface DuckDbS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Rows as plain values: integers beyond 2^53 and timestamps as text, a MAP as a list of {key, value}. */
export type DuckDbRow = Readonly<Record<string, Json>>;

/** DuckDB in memory, a reader that is not ours for what the Parquet exporter writes. */
export class DuckDb {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** @param s3 lets it read `s3://…` from this server */
  static async open(s3?: DuckDbS3): Promise<DuckDb> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1', allow_unsigned_extensions: 'true' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    if (s3 !== undefined) {
      await connection.run(`LOAD ${literal(httpfs())}`);
      const { host, protocol } = new URL(s3.endpoint);
      await connection.run(`CREATE SECRET (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
        REGION ${literal(s3.region)}, ENDPOINT ${literal(host)}, URL_STYLE 'path', USE_SSL ${protocol === 'https:'})`);
    }
    return new DuckDb(instance, connection);
  }

  async query(sql: string): Promise<DuckDbRow[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRowObjectsJson();
  }

  /** All rows of a table of the Parquet exporter; none where it has no file yet. */
  async table(url: string, table: 'changes' | 'inventory', rest = ''): Promise<DuckDbRow[]> {
    const glob = literal(`${url}/${table}/**/*.parquet`);
    if ((await this.query(`SELECT 1 FROM glob(${glob}) LIMIT 1`)).length === 0) return [];
    return await this.query(
      `SELECT * FROM read_parquet(${glob}, union_by_name = true, hive_partitioning = false) ${rest}`,
    );
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

export async function openDuckDb(options: { readonly s3?: DuckDbS3 } = {}): Promise<DuckDb> {
  return await DuckDb.open(options.s3);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function httpfs(): string {
  const folder = join(CACHE, `duckdb-httpfs-${VERSIONS.duckdb}`);
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
  const found = files.find((file) => file.endsWith('httpfs.duckdb_extension'));
  if (found === undefined) throw new Error(`no httpfs extension in ${folder}; run tools/servers/build.mjs`);
  return join(folder, found);
}
