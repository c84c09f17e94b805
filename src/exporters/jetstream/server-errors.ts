import { WatershardError } from '../../model/errors.ts';
import type { Answer } from './request.ts';

/** Error codes of nats-server (errors.json) that concern the one message: it is larger than the stream takes. */
const TOO_LARGE: ReadonlySet<number> = new Set([10054, 10097]);
/** The stream or its storage has no room: store failed (by a limit with discard new), insufficient resources, account limits. */
export const FULL: ReadonlySet<number> = new Set([10077, 10023, 10002, 10028, 10047]);
/** The subject belongs to another stream; the stream is sealed. */
const MISCONFIGURED: ReadonlySet<number> = new Set([10060, 10109]);
export const STREAM_NOT_FOUND = 10059;
/** A message with a status of this class that no code above names is set aside after so many attempts. */
const BAD_REQUEST = 400;
const ATTEMPTS_OF_A_BAD_REQUEST = 3;

/** What becomes of a message that the server did not store: it is not for this stream, or is tried again when `error` has passed. */
export type Verdict =
  | { readonly type: 'too-large' | 'reject'; readonly reason: string }
  | { readonly type: 'hold'; readonly reason: string; readonly error: WatershardError };

export function verdictOn(answer: Exclude<Answer, { type: 'stored' }>, attempts: number, doing: string): Verdict {
  if (answer.type === 'no-responders') {
    const text = `${doing}: no stream takes this subject, or it has no leader`;
    return { type: 'hold', reason: 'no-responders', error: new WatershardError('EXPORTER_TARGET_MISSING', text) };
  }
  const { code, status, description } = answer;
  const text = `${doing}: ${description} (${code})`;
  if (TOO_LARGE.has(code)) return { type: 'too-large', reason: description };
  if (FULL.has(code)) return { type: 'hold', reason: 'full', error: new WatershardError('EXPORTER_FULL', text) };
  if (MISCONFIGURED.has(code))
    return { type: 'hold', reason: 'misconfigured', error: new WatershardError('EXPORTER_MISCONFIGURED', text) };
  if (status === BAD_REQUEST && code !== 0 && attempts >= ATTEMPTS_OF_A_BAD_REQUEST)
    return { type: 'reject', reason: `${description} (${code})` };
  return { type: 'hold', reason: 'refused', error: new WatershardError('EXPORTER_UNREACHABLE', text) };
}
