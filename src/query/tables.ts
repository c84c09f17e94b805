import { errorMessage, WatershardError } from '../model/errors.ts';
import { type Connection, type Instance, loadDuckDb, type Result, type Value } from './driver.ts';
import { filesOf, isOnS3, type Lake, literal, TABLES, type Table, viewOf } from './lake.ts';
import { openS3 } from './s3-access.ts';

export interface Rows {
  readonly columns: readonly string[];
  /** Some at a time, so that not all of a large answer is in memory. */
  readonly chunks: AsyncIterable<readonly (readonly Value[])[]>;
}

/** The tables of a lake as views of a DuckDB in memory, which writes nothing unless the SQL says so. */
export class Tables {
  readonly #instance: Instance;
  readonly #connection: Connection;
  readonly #lake: Lake;
  /** Those that have a file. */
  readonly present: readonly Table[];

  private constructor(instance: Instance, connection: Connection, lake: Lake, present: readonly Table[]) {
    this.#instance = instance;
    this.#connection = connection;
    this.#lake = lake;
    this.present = present;
  }

  /**
   * @param extensions see openS3
   * @throws WatershardError QUERY_DRIVER_MISSING, QUERY_FAILED
   */
  static async open(lake: Lake, extensions?: string): Promise<Tables> {
    const { DuckDBInstance } = await loadDuckDb();
    // An extension that a user names may be built by anybody; those that DuckDB fetches have to be signed.
    const options: Record<string, string> = extensions === undefined ? {} : { allow_unsigned_extensions: 'true' };
    const instance = await DuckDBInstance.create(':memory:', options);
    const connection = await instance.connect();
    try {
      await connection.run("SET TimeZone = 'UTC'");
      if (isOnS3(lake)) await openS3(connection, lake, extensions);
      const present: Table[] = [];
      for (const table of TABLES) {
        const glob = await connection.runAndReadAll(`SELECT 1 FROM glob(${literal(filesOf(lake, table))}) LIMIT 1`);
        if (glob.currentRowCount === 0) continue;
        await connection.run(viewOf(lake, table));
        present.push(table);
      }
      return new Tables(instance, connection, lake, present);
    } catch (e) {
      connection.closeSync();
      instance.closeSync();
      throw e instanceof WatershardError ? e : failure(`opening the tables in ${lake.url}`, e);
    }
  }

  /** @throws WatershardError QUERY_FAILED, QUERY_TABLE_MISSING; so does reading the chunks */
  async query(sql: string): Promise<Rows> {
    try {
      const result = await this.#connection.stream(sql);
      return { columns: result.deduplicatedColumnNames(), chunks: rowsOf(result) };
    } catch (e) {
      throw this.#missing(e) ?? failure('the query', e);
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  #missing(e: unknown): WatershardError | undefined {
    const [, name] = /Table with name (\w+) does not exist/.exec(errorMessage(e)) ?? [];
    const table = TABLES.find((t) => t === name);
    if (table === undefined || this.present.includes(table)) return undefined;
    const files = filesOf(this.#lake, table);
    // What DuckDB says of it (that there is no such view) explains nothing.
    return new WatershardError('QUERY_TABLE_MISSING', `there is no file of table ${table} yet (${files})`);
  }
}

/** DuckDB gives 64-bit integers as text; those that a number can hold are made one. */
async function* rowsOf(result: Result): AsyncIterable<Value[][]> {
  const integers = result.columnTypes().flatMap((type, i) => (/INT/.test(String(type)) ? [i] : []));
  try {
    for await (const rows of result.yieldRowsJson()) {
      for (const row of rows)
        for (const i of integers) {
          const value = row[i];
          if (typeof value === 'string' && Number.isSafeInteger(Number(value))) row[i] = Number(value);
        }
      yield rows;
    }
  } catch (e) {
    throw failure('reading the answer', e);
  }
}

function failure(doing: string, cause: unknown): WatershardError {
  return new WatershardError('QUERY_FAILED', `${doing}: ${errorMessage(cause)}`, { cause });
}
