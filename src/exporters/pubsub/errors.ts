import { type ErrorCode, WatershardError } from '../../model/errors.ts';

/** Status codes of gRPC. */
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
export const ALREADY_EXISTS = 6;
export const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const OUT_OF_RANGE = 11;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const CODES: Readonly<Record<number, ErrorCode>> = {
  [NOT_FOUND]: 'EXPORTER_TARGET_MISSING',
  [PERMISSION_DENIED]: 'EXPORTER_REFUSED',
  [UNIMPLEMENTED]: 'EXPORTER_UNREACHABLE',
  [UNAUTHENTICATED]: 'EXPORTER_REFUSED',
};

interface Fault {
  readonly code?: unknown;
  readonly details?: unknown;
  readonly message?: unknown;
}

export function statusOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as Fault;
  return typeof code === 'number' ? code : undefined;
}

/** A new connection may help: no answer came in time, or the credentials are refused, which may have been renewed. */
export function isStale(error: unknown): boolean {
  const code = statusOf(error);
  return code === DEADLINE_EXCEEDED || code === UNAUTHENTICATED || isTokenless(error);
}

/** The library got no token, or could not make one; gRPC has any code for that. */
function isTokenless(error: unknown): boolean {
  return String((error as Fault | undefined)?.details).startsWith('Getting metadata from plugin failed');
}

export function pubsubFault(doing: string, error: unknown): WatershardError {
  if (error instanceof WatershardError) return error;
  const { details, message } = (error ?? {}) as Fault;
  const words = String(details || message || error).replace(/\.? Resolution note: *$/, '');
  const code = isTokenless(error) ? 'EXPORTER_REFUSED' : (CODES[statusOf(error) ?? -1] ?? 'EXPORTER_UNREACHABLE');
  return new WatershardError(code, `${doing}: ${words.split('\n')[0]}`, { cause: error });
}

/** What a failed request says of the messages in it. */
export type Failure =
  /** It is refused for what one of them is. */
  | { readonly type: 'refused'; readonly tooLarge: boolean; readonly reason: string }
  /** Others would fail alike: those of the topic, or all. */
  | { readonly type: 'again'; readonly others: 'none' | 'topic' | 'all' };

const EVERYWHERE: ReadonlySet<number | undefined> = new Set([
  DEADLINE_EXCEEDED,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNIMPLEMENTED,
  UNAVAILABLE,
  UNAUTHENTICATED,
  undefined,
]);

export function failureOf(error: unknown): Failure {
  const code = statusOf(error);
  const words = String((error as Fault | undefined)?.details ?? '');
  // The service answers INVALID_ARGUMENT, a gRPC server with a lower limit RESOURCE_EXHAUSTED, as for a quota.
  const tooLarge =
    (code === INVALID_ARGUMENT && /size exceeds|too large/i.test(words)) ||
    (code === RESOURCE_EXHAUSTED && /message larger than max/i.test(words));
  if (tooLarge || code === INVALID_ARGUMENT || code === OUT_OF_RANGE)
    return { type: 'refused', tooLarge, reason: `Pub/Sub refuses it: ${words}` };
  if (code === NOT_FOUND) return { type: 'again', others: 'topic' };
  return { type: 'again', others: EVERYWHERE.has(code) ? 'all' : 'none' };
}
