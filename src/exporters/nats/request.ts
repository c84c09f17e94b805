import type { LaneRecord } from '../../model/lane.ts';

/** The server ends a connection whose protocol line is longer than its max_control_line (4096), and does not tell the limit. */
const MAX_SUBJECT = 2048;
const UNFIT = /[\s*>]|^\.|\.$|\.\.|^\$|^$/;
const LINE_BREAK = /[\r\n]/;

/** Why a message cannot be published to the subject, or undefined. */
export function subjectFault(subject: string): string | undefined {
  const length = Buffer.byteLength(subject);
  if (length > MAX_SUBJECT) return `its subject has ${length} bytes, more than ${MAX_SUBJECT}`;
  return UNFIT.test(subject) ? `'${subject}' is not a subject` : undefined;
}

/** The header block of a message as it goes over the wire (ADR-4 of NATS): id and operation of the record. */
export function headerBytes({ id, operation }: Pick<LaneRecord, 'id' | 'operation'>): Buffer {
  // A header ends at a line break; none stands in an id of Kubernetes, but nothing must be able to add a header.
  const safe = LINE_BREAK.test(id) ? encodeURIComponent(id.toWellFormed()) : id;
  return Buffer.from(`NATS/1.0\r\nWatershard-Operation: ${operation}\r\nNats-Msg-Id: ${safe}\r\n\r\n`);
}
