import { randomUUID } from 'node:crypto';
import type { Encoding } from '../model/encoding.ts';
import type { ErrorCode } from '../model/errors.ts';
import { type Finding, failed, ok, thrown, warning } from '../model/finding.ts';
import type { Operation } from '../model/record.ts';
import type { RecordSink } from './queued-exporter.ts';
import type { QueuedRecord } from './record-queue.ts';

/** What helps at this kind of sink, by what went wrong. */
export type Advice = Partial<Record<ErrorCode, string>>;

const DOCTOR = 'watershard-doctor';
const TLS =
  /certificate|self.signed|unable to verify|altname|wrong version number|packet length|ERR_TLS|ERR_SSL|SSL routines/i;
const TLS_REMEDY =
  'The two do not agree on TLS: give the authority that signed its certificate (ca), the name that is in it, and TLS to a port that speaks it.';

/** What a check that threw has found, with what helps at this kind of sink in place of what helps in general. */
export function advised(error: unknown, advice: Advice): Finding {
  const finding = thrown(error);
  const isTls = finding.code === 'EXPORTER_UNREACHABLE' && TLS.test(finding.text);
  const remedy = isTls ? TLS_REMEDY : advice[finding.code as ErrorCode];
  return remedy === undefined ? finding : { ...finding, remedy };
}

/** A routing key that the template can make, of no object. */
export function probeSubject(template: string): string {
  return template.replace(/\{[^}]*\}/g, DOCTOR);
}

/**
 * Writes one message, which consumers get: only where that was asked for, and only where they can tell it from a record. It is a
 * CloudEvent and JSON; its operation, `PROBE`, is none that a record has.
 * @param what is written to, for the message
 */
export async function writeProbe(
  sink: RecordSink,
  what: string,
  { encoding, subject }: { readonly encoding: Encoding; readonly subject: string },
): Promise<Finding> {
  if (encoding !== 'json' && encoding !== 'cloudevents') {
    const text = `no message was written to ${what}: who reads ${encoding} could not tell it from a record`;
    return warning(text, 'Look at the first records of a run, or check with encoding json.');
  }
  const id = `${DOCTOR}-${randomUUID()}`;
  const event = { specversion: '1.0', id, source: DOCTOR, type: `${DOCTOR}.probe`, operation: 'PROBE' };
  const payload = new Uint8Array(Buffer.from(JSON.stringify(event)));
  const resource = { group: '', version: 'v1', kind: 'Probe', resource: DOCTOR, namespaced: false };
  const batch = {
    stream: DOCTOR,
    resource,
    incarnation: 1,
    sequence: 1,
    left: 1,
    stored: 0,
    storedBytes: 0,
    void: false,
  };
  const key = `${DOCTOR}//${DOCTOR}`;
  const record: QueuedRecord = { batch, subject, key, id, operation: event.operation as Operation, payload };
  const { verdicts, error } = await sink.send([record]);
  const [verdict] = verdicts;
  if (verdict === 'stored')
    return ok(`${what} has stored a message; consumers get it: its id is ${id}, its operation PROBE`);
  if (error !== undefined) throw error;
  const why = typeof verdict === 'object' ? verdict.reason : 'it gave no reason';
  return failed(`${what} did not take a message: ${why}`, 'See the words of the server.');
}
