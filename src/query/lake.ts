import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where tables of the Parquet exporter are. */
export interface Lake {
  /** As in the configuration of the exporter: `s3://bucket/prefix`, or a folder. */
  readonly url: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
  /** PEM file. */
  readonly ca?: string | undefined;
}

/** The tables of docs/record.md; each is a folder of this name. */
export const TABLES = ['changes', 'inventory'] as const;
export type Table = (typeof TABLES)[number];

export function isOnS3({ url }: Lake): boolean {
  return url.startsWith('s3://');
}

/** All files of a table, as DuckDB finds them. */
export function filesOf(lake: Lake, table: Table): string {
  return `${root(lake)}/${table}/**/*.parquet`;
}

function root({ url }: Lake): string {
  if (url.startsWith('s3://')) return url.replace(/\/+$/, '');
  return (url.startsWith('file:') ? fileURLToPath(url) : resolve(url)).replace(/\/+$/, '');
}

/** Files of different rules and days differ in their columns: what is missing is null. */
export function viewOf(lake: Lake, table: Table): string {
  const options = 'union_by_name = true, hive_partitioning = true';
  return `CREATE VIEW ${table} AS SELECT * FROM read_parquet(${literal(filesOf(lake, table))}, ${options})`;
}

/** What is shown where nothing is asked: the newest rows, without what does not fit on a line. */
export function newest(table: Table, limit: number): string {
  const [time, columns] =
    table === 'changes'
      ? ['observed_at', 'observed_at, operation, resource, namespace, name, resource_version, detected_by']
      : ['as_of', 'as_of, resource, namespace, name, resource_version'];
  return `SELECT ${columns} FROM ${table} ORDER BY ${time} DESC, resource, namespace, name LIMIT ${limit}`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
