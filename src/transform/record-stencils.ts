import { IDENTITY_SLOT, type PlainTexts } from '../model/identity-slots.ts';
import { type FrameHead, MAX_SUBJECT } from '../model/nats-frame.ts';
import { type ChangeRecord, DETECTED_BY, formatMicros, OPERATIONS } from '../model/record.ts';
import { COMPOSED_AT, SLOT_BYTES, Stencil, stencilMemory } from '../model/stencil.ts';
import { escapeToken } from './subject.ts';

/** What an encoder makes of a record as text. */
export interface RecordTexts {
  readonly subject: (record: ChangeRecord) => string;
  readonly key: (record: ChangeRecord) => string;
  /** Of a message of a protocol, what stands before the payload. */
  readonly frameHead: ((record: ChangeRecord, subject: string) => FrameHead | undefined) | undefined;
  /** Of the payload, what stands before the object. */
  readonly payloadHead: (record: ChangeRecord) => string;
}

/** The same texts as stencils. */
export interface RecordStencil {
  readonly frame: Stencil | undefined;
  readonly headerBytes: number;
  readonly payload: Stencil;
  readonly subject: Stencil;
  readonly key: Stencil;
  readonly id: Stencil;
}

/** Operations, ways of detection and lengths of ids and versions that are met: a few at a time. */
const MOST = 256;
const { namespace, name, uid, resourceVersion, namespaceToken, nameToken, observedAt } = IDENTITY_SLOT;
/** Two, since the same for all records may be what one of them has. The point is escaped in a token of a subject only. */
const SAMPLES = [
  { namespace: 'a.sample', name: 'one.sample', observedAt: 7_999_999_999_123_457 },
  { namespace: 'this.too', name: 'another.one', observedAt: 7_888_888_888_654_321 },
] as const;
type Sample = (typeof SAMPLES)[number];

/**
 * Stencils of the texts that an encoder makes of records: cut from what it makes of samples, and compared with what it makes
 * of the first record that they are for. So they need not know of any format.
 */
export class RecordStencils {
  readonly #texts: RecordTexts;
  /** By all that a text may depend on beside the slots; undefined for one that is not to be had. */
  readonly #made = new Map<number, RecordStencil | undefined>();

  constructor(texts: RecordTexts) {
    this.#texts = texts;
  }

  /** @returns undefined where the texts of the record have to be made one by one */
  of(record: ChangeRecord): RecordStencil | undefined {
    const { plain } = record;
    if (plain === undefined) return undefined;
    const operation = OPERATIONS.indexOf(record.operation);
    const detectedBy = DETECTED_BY.indexOf(record.detectedBy);
    const lengths = (plain.uidLength * SLOT_BYTES + plain.versionLength) * 2 + (plain.namespaceLength > 0 ? 1 : 0);
    const kind = (lengths * OPERATIONS.length + operation) * DETECTED_BY.length + detectedBy;
    let stencil = this.#made.get(kind);
    if (stencil === undefined && !this.#made.has(kind)) {
      if (this.#made.size === MOST) this.#made.clear();
      stencil = this.#cut(record, plain);
      this.#made.set(kind, stencil);
    }
    return stencil;
  }

  #cut(record: ChangeRecord, plain: PlainTexts): RecordStencil | undefined {
    const { subject, key, frameHead, payloadHead } = this.#texts;
    const samples = SAMPLES.map((sample) => sampleOf(record, plain, sample));
    const cut = (of: (r: ChangeRecord) => string | undefined): Stencil | undefined => {
      const [one, other] = samples.map((sample) => {
        const text = of(sample);
        return text === undefined ? undefined : Stencil.cut(text, slotsOf(sample));
      });
      if (one === undefined || other === undefined || !one.equals(other)) return undefined;
      const made = stencilMemory.toString('latin1', COMPOSED_AT, COMPOSED_AT + one.compose(0));
      return made === of(record) ? one : undefined;
    };
    const made = {
      payload: cut(payloadHead),
      subject: cut(subject),
      key: cut(key),
      id: cut((r) => r.id),
    };
    const frame = frameHead && cut((r) => frameHead(r, subject(r))?.text);
    const headerBytes = frameHead?.(record, subject(record))?.headerBytes ?? 0;
    // Of any namespace and name that fit into their slots.
    const fits = samples.every((sample) => subject(sample).length + 2 * SLOT_BYTES <= MAX_SUBJECT);
    const { payload, subject: s, key: k, id } = made;
    if (!payload || !s || !k || !id || (frameHead !== undefined && (!frame || !fits))) return undefined;
    return { frame, headerBytes, payload, subject: s, key: k, id };
  }
}

/** Of the same lengths, and with characters that no constant part of a text has, and that nothing but a subject escapes. */
function sampleOf(
  { operation, detectedBy }: ChangeRecord,
  { namespaceLength, uidLength, versionLength }: PlainTexts,
  sample: Sample,
): ChangeRecord {
  const sampleUid = '\x7fu'.padEnd(uidLength, 'u').slice(0, uidLength);
  const version = '\x7fv'.padEnd(versionLength, 'v').slice(0, versionLength);
  return {
    operation,
    detectedBy,
    id: `${sampleUid}:${operation === 'DELETED' ? 'deleted' : version}`,
    namespace: namespaceLength === 0 ? '' : sample.namespace,
    name: sample.name,
    uid: sampleUid,
    resourceVersion: version,
    observedAt: sample.observedAt,
    labels: undefined,
    fields: undefined,
    object: undefined,
    patch: undefined,
  };
}

function slotsOf(sample: ChangeRecord): [number, string][] {
  return [
    [uid, sample.uid],
    [resourceVersion, sample.resourceVersion],
    [namespace, sample.namespace],
    [namespaceToken, sample.namespace && escapeToken(sample.namespace)],
    [name, sample.name],
    [nameToken, escapeToken(sample.name)],
    [observedAt, formatMicros(sample.observedAt)],
  ];
}
