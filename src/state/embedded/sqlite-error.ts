import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that mean something else than "try again". */
const CODES: Readonly<Record<number, ErrorCode>> = {
  5: 'STATE_HELD', // SQLITE_BUSY
  6: 'STATE_HELD', // SQLITE_LOCKED
  11: 'STATE_CORRUPT', // SQLITE_CORRUPT
  13: 'STATE_FULL', // SQLITE_FULL
  26: 'STATE_CORRUPT', // SQLITE_NOTADB
};

const FULL = ['ENOSPC', 'EDQUOT'];

/** Gives what node:sqlite threw a code, the extended result code is in `errcode`; or what the file system threw. */
export function sqliteError(doing: string, thrown: unknown): WatershardError {
  if (thrown instanceof WatershardError) return thrown;
  const extended = (thrown as { errcode?: unknown } | undefined)?.errcode;
  const full = FULL.includes(String((thrown as { code?: unknown } | undefined)?.code)) ? 'STATE_FULL' : undefined;
  const code = typeof extended === 'number' ? CODES[extended & 0xff] : full;
  return new WatershardError(code ?? 'STATE_UNAVAILABLE', `${doing}: ${errorMessage(thrown)}`, { cause: thrown });
}
