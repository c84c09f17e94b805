import { isDeepStrictEqual } from 'node:util';
import type { DuckDb } from '../../test/support/duckdb.ts';
import { type Derived, rowAgrees } from './check-derived.ts';
import { named } from './check-jetstream.ts';
import type { ApiObject, Expected } from './replica.ts';

const GLOB = (url: string, table: string): string =>
  `read_parquet('${url}/${table}/**/*.parquet', union_by_name = true, hive_partitioning = false)`;

/** Compares the ids of all rows with what must be there. @returns what is wrong, in words */
export async function checkRows(
  db: DuckDb,
  url: string,
  table: 'changes' | 'inventory',
  expected: Iterable<Expected>,
): Promise<string[]> {
  const missing = new Set<string>();
  for (const { id } of expected) missing.add(id);
  const total = missing.size;
  const wrong: string[] = [];
  const rows = await db.query(`SELECT id FROM ${GLOB(url, table)}`);
  for (const { id } of rows) if (!missing.delete(String(id))) wrong.push(String(id));
  return [
    ...(rows.length === total ? [] : [`${rows.length} rows are stored, and ${total} had to be`]),
    ...named('rows unexpected or twice', wrong),
    ...named('rows missing', [...missing]),
  ];
}

/** Compares the last row of some objects with the object, or with its identity where the table has no objects; and its fields. */
export async function checkRowContent(
  db: DuckDb,
  url: string,
  table: 'changes' | 'inventory',
  objects: Iterable<readonly [key: string, object: ApiObject]>,
  derived: Derived = {},
): Promise<string[]> {
  const different: string[] = [];
  let count = 0;
  let withObjects = 0;
  const wanted = new Map<string, ApiObject>();
  for (const [, object] of objects)
    wanted.set(`${String(object.metadata.uid)}:${String(object.metadata.resourceVersion)}`, object);
  const ids = [...wanted.keys()].map((id) => `'${id}'`).join(',');
  const rows = await db.query(`SELECT * FROM ${GLOB(url, table)} WHERE id IN (${ids})`);
  for (const row of rows) {
    const object = wanted.get(String(row.id))!;
    count++;
    if (
      row.name !== object.metadata.name ||
      row.uid !== object.metadata.uid ||
      (row.namespace || undefined) !== object.metadata.namespace ||
      !rowAgrees(row, object, derived)
    )
      different.push(String(row.id));
    if (typeof row.object !== 'string') continue;
    withObjects++;
    if (!isDeepStrictEqual(JSON.parse(row.object), object)) different.push(String(row.id));
  }
  if (count !== wanted.size || count === 0) different.push(`only ${count} of ${wanted.size} rows were found`);
  if (table === 'changes' && withObjects !== count) different.push(`only ${withObjects} rows have an object`);
  return named('rows with another content', different);
}
