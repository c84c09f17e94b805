import { WatershardError } from '../model/errors.ts';

export type Driver = typeof import('@duckdb/node-api');
export type Instance = import('@duckdb/node-api').DuckDBInstance;
export type Connection = import('@duckdb/node-api').DuckDBConnection;
export type Result = import('@duckdb/node-api').DuckDBResult;
/** A value as JSON has it: timestamps as text, a MAP as a list of {key, value}, integers beyond 2^53 as text. */
export type Value = import('@duckdb/node-api').Json;

/** DuckDB, which is installed only where it is wanted. @throws WatershardError QUERY_DRIVER_MISSING */
export async function loadDuckDb(): Promise<Driver> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    if (!missing || !(cause instanceof Error)) throw cause;
    const message =
      'querying tables needs the package @duckdb/node-api, which is not installed; run: npm install @duckdb/node-api';
    throw new WatershardError('QUERY_DRIVER_MISSING', message, { cause });
  }
}
