import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';

/** Answers of Redis that mean something else than "try again"; in a script's error they stand inside of the message. */
const CODES: readonly [RegExp, ErrorCode][] = [
  [/\bOOM command not allowed/, 'STATE_FULL'],
  [/\bMISCONF\b/, 'STATE_FULL'], // it cannot write its snapshots or append-only file: nearly always a full disk
  [/\b(NOAUTH|WRONGPASS|NOPERM)\b|invalid password|unable to authenticate/i, 'STATE_REFUSED'],
];

/** @param doing may end with what the connection said before */
export function redisError(doing: string, thrown: unknown): WatershardError {
  if (thrown instanceof WatershardError) return thrown;
  const message = `${doing}: ${errorMessage(thrown)}`;
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'STATE_UNAVAILABLE';
  return new WatershardError(code, message, { cause: thrown });
}

/** The connection leads to a server that will not do: a replica after a failover, or one that does not answer. */
export function wantsReconnect(thrown: unknown): boolean {
  return /\bREADONLY\b|\bMASTERDOWN\b|Command timed out/.test(errorMessage(thrown));
}
