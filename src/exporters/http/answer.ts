import type { ErrorCode } from '../../model/errors.ts';

/** What an HTTP status says of the records of a request. */
export type Verdict =
  | { readonly type: 'stored' }
  /** Not now: the same again later. */
  | { readonly type: 'again'; readonly code: ErrorCode; readonly reason: string }
  /** One of the records is the reason. */
  | { readonly type: 'refused'; readonly tooLarge: boolean; readonly reason: string };

/** A wrong key, address or form of the request is no fault of a record, so nothing is set aside for it. */
const NO_FAULT: Readonly<Record<number, { readonly code: ErrorCode; readonly hint: string }>> = {
  401: { code: 'EXPORTER_REFUSED', hint: 'the credentials are refused' },
  403: { code: 'EXPORTER_REFUSED', hint: 'the credentials may not do this' },
  407: { code: 'EXPORTER_REFUSED', hint: 'a proxy asks for credentials' },
  404: { code: 'EXPORTER_TARGET_MISSING', hint: 'there is nothing at this address' },
  405: { code: 'EXPORTER_TARGET_MISSING', hint: 'this address takes no POST' },
  410: { code: 'EXPORTER_TARGET_MISSING', hint: 'this address is given up' },
  421: { code: 'EXPORTER_TARGET_MISSING', hint: 'this server does not answer for the address' },
  406: { code: 'EXPORTER_MISCONFIGURED', hint: 'the server has no answer that is wanted here' },
  411: { code: 'EXPORTER_MISCONFIGURED', hint: 'something on the way has removed the length of the body' },
  415: { code: 'EXPORTER_MISCONFIGURED', hint: 'the server does not take this format, encoding or compression' },
  417: { code: 'EXPORTER_MISCONFIGURED', hint: 'the server does not take a header of the request' },
  426: { code: 'EXPORTER_MISCONFIGURED', hint: 'the server asks for another protocol' },
  428: { code: 'EXPORTER_MISCONFIGURED', hint: 'the server asks for a condition' },
  431: { code: 'EXPORTER_MISCONFIGURED', hint: 'the headers are too large for the server' },
  408: { code: 'EXPORTER_UNREACHABLE', hint: 'the server did not get the request in time' },
  425: { code: 'EXPORTER_UNREACHABLE', hint: 'the server asks for it later' },
  429: { code: 'EXPORTER_UNREACHABLE', hint: 'the server asks for fewer requests' },
  507: { code: 'EXPORTER_FULL', hint: 'the server has no room' },
};

/** The server's own words are left out: a server may give back what it was sent, and that may hold secrets. */
export function verdictOn(status: number): Verdict {
  if (status >= 200 && status < 300) return { type: 'stored' };
  const known = NO_FAULT[status];
  if (known !== undefined) return { type: 'again', code: known.code, reason: `HTTP ${status}, ${known.hint}` };
  if (status >= 400 && status < 500)
    return { type: 'refused', tooLarge: status === 413, reason: `the server answered HTTP ${status}` };
  const moved = status >= 300 && status < 400;
  return moved
    ? {
        type: 'again',
        code: 'EXPORTER_TARGET_MISSING',
        reason: `HTTP ${status}, a redirection, which is not followed; give the new address`,
      }
    : { type: 'again', code: 'EXPORTER_UNREACHABLE', reason: `HTTP ${status}` };
}

/** A server that asks for more than this is asked again all the same. */
const LONGEST_WAIT = 3_600_000;

/** Milliseconds of a Retry-After header, a number of seconds or a date (RFC 9110, 10.2.3); an hour at most, 0 where there is none. */
export function retryAfter(header: string | string[] | undefined, now: number): number {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(wait, 0), LONGEST_WAIT);
}
