import { WatershardError } from '../model/errors.ts';

/** What the API server says of a failure: an HTTP status with a Status object, or the object of an ERROR event. */
export interface ApiStatus {
  readonly code: number;
  /** `Expired`, `Forbidden`, …; '' where there was no Status object. */
  readonly reason: string;
  readonly message: string;
  /** Of an expired page: goes on from the same key in a newer state of the collection. */
  readonly continueToken: string;
  readonly retryAfterMs: number | undefined;
}

/** Reads a Status object; whatever else the text is becomes the message. */
export function parseStatus(code: number, text: string, retryAfterMs: number | undefined): ApiStatus {
  const status = record(parseJson(text));
  const seconds = record(status.details).retryAfterSeconds;
  const token = record(status.metadata).continue;
  return {
    code: typeof status.code === 'number' ? status.code : code,
    reason: string(status.reason),
    message: string(status.message) || text.slice(0, 300).trim(),
    continueToken: string(token),
    retryAfterMs: retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined),
  };
}

/** The Status in the line of an ERROR event. */
export function parseErrorEvent(line: string): ApiStatus {
  return parseStatus(500, JSON.stringify(record(parseJson(line)).object ?? line), undefined);
}

/** Milliseconds of a Retry-After header, which is a number of seconds or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** @param doing what was being done, on what: `listing pods` */
export function statusError(status: ApiStatus, doing: string): WatershardError {
  const words = [status.code, status.reason, status.message].filter((w) => w !== '' && w !== 0).join(' ');
  const text = `${doing}: the API server answered ${words}`;
  if (status.code === 401) return new WatershardError('API_UNAUTHORIZED', text);
  if (status.code === 403) return new WatershardError('API_FORBIDDEN', text);
  if (status.code === 410) return new WatershardError('WATCH_EXPIRED', text);
  return new WatershardError('API_STATUS', text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not a Status object (a proxy's page, a broken line): the caller shows the text as it is
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
