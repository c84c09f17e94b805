import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';
import type { Verdict } from '../queued-exporter.ts';

/** What a connection, link or disposition says of its end (AMQP 1.0, section 2.8.14); the client library's own errors have a message. */
export interface Condition {
  readonly condition?: unknown;
  readonly description?: unknown;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  'amqp:not-found': 'EXPORTER_TARGET_MISSING',
  'amqp:unauthorized-access': 'EXPORTER_REFUSED',
  'amqp:not-allowed': 'EXPORTER_REFUSED',
  'com.microsoft:auth-failed': 'EXPORTER_REFUSED',
  'amqp:resource-limit-exceeded': 'EXPORTER_FULL',
  'com.microsoft:server-busy': 'EXPORTER_FULL',
  'com.microsoft:entity-disabled': 'EXPORTER_TARGET_MISSING',
  'com.microsoft:entity-moved': 'EXPORTER_TARGET_MISSING',
};

/** Of a rejected message, not of the entity. What is not here may pass: it is sent again. */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set([
  'amqp:decode-error',
  'amqp:invalid-field',
  'com.microsoft:argument-error',
  'com.microsoft:argument-out-of-range',
]);

/** A broker ends what is idle by itself; the next message opens it again. */
export const IDLE: ReadonlySet<string> = new Set(['amqp:link:detach-forced', 'amqp:connection:forced']);

export function busFault(doing: string, error: unknown): WatershardError {
  if (error instanceof WatershardError) return error;
  const { condition, description } = (error ?? {}) as Condition;
  const name = typeof condition === 'string' ? condition : undefined;
  const words =
    name === undefined
      ? errorMessage(error ?? 'the connection was closed')
      : `${name} ${String(description ?? '')}`.trim();
  return new WatershardError(CODES[name ?? ''] ?? 'EXPORTER_UNREACHABLE', `${doing}: ${words}`, { cause: error });
}

/** What follows from a rejection: for a record whose message has so many bytes. */
export function rejectionVerdict(error: Condition | undefined, bytes: number): Verdict {
  const condition = String(error?.condition);
  const description = String(error?.description ?? '');
  if (condition === 'amqp:link:message-size-exceeded')
    return { code: 'RECORD_TOO_LARGE', reason: `the broker takes less than its ${bytes} bytes: ${description}` };
  if (OF_THE_MESSAGE.has(condition)) return { code: 'RECORD_REJECTED', reason: `${condition} ${description}`.trim() };
  return 'again';
}
