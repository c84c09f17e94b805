import { loadAfter, mergeLoaded } from '../model/loaded-text.ts';
import type { ObjectKey } from '../model/object-key.ts';
import type { ChangeRecord, DetectedBy, FieldValue, Operation } from '../model/record.ts';
import { resourceName } from '../model/resource.ts';
import { DeliveredObject } from './delivered-object.ts';
import { jsonPatch, mergePatch } from './diff.ts';
import type { FieldExtraction } from './field-extraction.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { KnownTable } from './known-table.ts';
import {
  hasFingerprint,
  hasResourceVersion,
  hasUid,
  isOlderVersion,
  KnownValueWriter,
  knownResourceVersion,
  knownSnapshot,
  knownUid,
} from './known-value.ts';
import { ObjectFingerprint } from './object-fingerprint.ts';
import { RESOURCE_VERSION, UID } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';
import type { StreamPlan } from './plan.ts';
import { ReadRecord } from './read-record.ts';
import { Snapshots } from './snapshot.ts';
import type { WorkOutput } from './work-output.ts';

/** How an object came: where, and when in Unix microseconds. */
export interface Sighting {
  readonly detectedBy: DetectedBy;
  /** Operation of an object that was not known. */
  readonly first: Operation;
  readonly observedAt: number;
  /** The API server has gone back in time: an equal resourceVersion does not mean an equal object. */
  readonly restored?: boolean;
  /** What was delivered last is not known for certain, so no patch can lead on from it. */
  readonly afterGap?: boolean;
}

/**
 * Compares objects with what is known of them, makes records of what has changed, and keeps the known set and its delta.
 * What throws here has changed nothing but the lanes.
 */
export class ObjectChanges {
  readonly snapshots = new Snapshots();
  readonly #plan: StreamPlan;
  readonly #known: KnownTable;
  readonly #output: WorkOutput;
  readonly #extraction: FieldExtraction;
  /** Some lane wants the object, or a patch is made of it. */
  readonly #deliversObject: boolean;
  readonly #delivered: DeliveredObject;
  readonly #fingerprint = new ObjectFingerprint();
  readonly #print: Fingerprint = { low: 0, high: 0 };
  readonly #value = new KnownValueWriter();
  readonly #record: ReadRecord;
  readonly #resource: string;
  /** Some lane has a column of them. */
  readonly #labels: boolean;
  /** Something looks into the object. */
  readonly #loads: boolean;
  /** Nothing but the encoders wants the object, and they can have it from where it was read. */
  readonly #splices: boolean;
  /** Objects are kept as they were last delivered: for patches, or for an encoding that carries them. */
  readonly #keeps: boolean;
  /** How often the API server has gone back in time: from then on ids carry it, as versions are given a second time. */
  generation: number;

  /** @throws WatershardError PATH_INVALID */
  constructor(plan: StreamPlan, known: KnownTable, output: WorkOutput, extraction: FieldExtraction) {
    this.#plan = plan;
    this.#known = known;
    this.#output = output;
    this.#extraction = extraction;
    this.#deliversObject = plan.diff !== 'none' || plan.lanes.some((lane) => lane.object !== false);
    this.#delivered = new DeliveredObject(plan);
    this.#record = new ReadRecord(this.#delivered, (reader, version) => this.#id(reader.key.text, reader.uid, version));
    this.#resource = resourceName(plan.stream.resource);
    this.#labels = plan.lanes.some(({ encoding }) => encoding === 'rows');
    this.#loads = plan.diff !== 'none' || plan.extract.length > 0;
    this.#keeps = plan.diff !== 'none' || plan.lanes.some(({ encoding }) => encoding === 'kollect');
    this.#splices = this.#deliversObject && this.#delivered.isSpliced && !this.#loads && !this.#keeps;
    this.generation = plan.generation ?? 0;
  }

  /** The object is there, as it was read. */
  present(key: ObjectKey, reader: ObjectReader, how: Sighting): void {
    const { bytes, scan } = reader;
    const old = this.#known.get(key);
    if (old === undefined) {
      this.#fingerprint.of(reader, this.#print);
      this.#change(key, reader, how, how.first, undefined);
      return;
    }
    if (how.detectedBy === 'WATCH' && this.#isStale(old, reader)) return;
    if (!hasUid(old, bytes, scan.start(UID), scan.end(UID))) {
      this.#fingerprint.of(reader, this.#print);
      this.#output.record(this.#tombstone(key.text, old, how.detectedBy, how.observedAt));
      this.#change(key, reader, how, 'CREATED', undefined);
      return;
    }
    // Without a resourceVersion (a few virtual resources) only the fingerprint tells.
    const versionStart = scan.start(RESOURCE_VERSION);
    if (
      versionStart >= 0 &&
      how.restored !== true &&
      hasResourceVersion(old, bytes, versionStart, scan.end(RESOURCE_VERSION))
    ) {
      this.#unchanged(key);
      return;
    }
    this.#fingerprint.of(reader, this.#print);
    if (!hasFingerprint(old, this.#print)) {
      const isKept = this.#keeps && how.afterGap !== true;
      const before = isKept ? this.snapshots.unpack(knownSnapshot(old)) : undefined;
      this.#change(key, reader, how, 'UPDATED', before);
      return;
    }
    if (versionStart < 0) {
      this.#unchanged(key);
      return;
    }
    this.#output.suppress('ignored-change');
    this.#store(key, this.#valueOf(reader, knownSnapshot(old)));
  }

  /** The object has been deleted; the event carries its last state. */
  deleted(key: ObjectKey, reader: ObjectReader, observedAt: number): void {
    const { bytes, scan } = reader;
    const old = this.#known.get(key);
    const isKnown = old !== undefined && hasUid(old, bytes, scan.start(UID), scan.end(UID));
    if (old !== undefined && !isKnown && this.#isStale(old, reader)) return;
    const object = this.#deliversObject && !this.#splices ? this.#delivered.object(reader) : undefined;
    this.#output.record(this.#read(reader, 'DELETED', 'WATCH', observedAt, object));
    // Another uid: it has been created again meanwhile, and that one lives.
    if (isKnown) this.#forget(key);
  }

  /**
   * A list that broke off leaves newer versions known than the position, from which the watch then tells again what came
   * before them. A list itself is always right, also where the versions have gone back (a restored etcd).
   */
  #isStale(old: Buffer, reader: ObjectReader): boolean {
    const { bytes, scan } = reader;
    const stale = isOlderVersion(old, bytes, scan.start(RESOURCE_VERSION), scan.end(RESOURCE_VERSION));
    if (stale) this.#output.suppress('stale');
    return stale;
  }

  /**
   * The object has gone without an event that says so.
   * @param old a view into the known set
   * @param bare say no more than its identity: what is known of the object is not to be processed
   */
  gone(key: string, old: Buffer, observedAt: number, bare = false): void {
    this.#output.record(this.#tombstone(key, old, 'RELIST', observedAt, bare));
    this.#forget(key);
  }

  /**
   * The object is there, or was deleted, and is not to be processed. What is known of it stays, and is taken leave of where
   * it was deleted, or another one of its name has come.
   * @returns whether that makes the event known to consumers: a delete
   */
  unprocessed(
    key: ObjectKey,
    reader: ObjectReader,
    observedAt: number,
    detectedBy: DetectedBy,
    wasDeleted: boolean,
  ): boolean {
    const { bytes, scan } = reader;
    const old = this.#known.get(key);
    if (old === undefined) return false;
    if (detectedBy === 'WATCH' && this.#isStale(old, reader)) return true;
    if (hasUid(old, bytes, scan.start(UID), scan.end(UID)) !== wasDeleted) {
      this.#known.mark(key);
      return false;
    }
    this.#output.record(this.#tombstone(key.text, old, detectedBy, observedAt, true));
    this.#forget(key);
    return wasDeleted;
  }

  #unchanged(key: ObjectKey): void {
    this.#output.suppress('unchanged');
    this.#known.mark(key);
  }

  #change(
    key: ObjectKey,
    reader: ObjectReader,
    how: Sighting,
    operation: Operation,
    previous: Buffer | undefined,
  ): void {
    let object = this.#deliversObject && !this.#splices ? this.#delivered.object(reader) : undefined;
    // It is gone through several times.
    if (object !== undefined && this.#loads) object = loadAfter(object);
    const record = this.#read(reader, operation, how.detectedBy, how.observedAt, object);
    record.patch = previous === undefined || object === undefined ? undefined : this.#patch(previous, object);
    record.previous = previous;
    this.#output.record(record);
    const keep = this.#keeps && object !== undefined ? this.snapshots.pack(object, this.#keepDictionary) : undefined;
    this.#store(key, this.#valueOf(reader, keep));
  }

  /** The record of what was read, without a patch. */
  #read(
    reader: ObjectReader,
    operation: Operation,
    detectedBy: DetectedBy,
    observedAt: number,
    object: Buffer | undefined,
  ): ReadRecord {
    const record = this.#record;
    record.operation = operation;
    record.detectedBy = detectedBy;
    record.observedAt = observedAt;
    record.labels = this.#labels ? this.#delivered.labels(reader, object) : undefined;
    record.fieldsRow = this.#extraction.row(reader);
    record.fieldsJson = this.#extraction.json(reader);
    const isEvaluated = record.fieldsRow === undefined && record.fieldsJson === undefined;
    record.fields = isEvaluated ? this.#extract(reader, object) : undefined;
    record.patch = undefined;
    record.previous = undefined;
    record.deliver(object, this.#splices);
    record.of(reader, this.generation === 0);
    return record;
  }

  /** The delete of an object of which only the known value is left. */
  #tombstone(key: string, old: Buffer, detectedBy: DetectedBy, observedAt: number, bare = false): ChangeRecord {
    const slash = key.indexOf('/');
    const uid = knownUid(old);
    const object = bare ? undefined : this.snapshots.unpack(knownSnapshot(old));
    return {
      id: this.#id(key, uid, 'deleted'),
      operation: 'DELETED',
      detectedBy,
      namespace: key.slice(0, slash),
      name: key.slice(slash + 1),
      uid,
      resourceVersion: knownResourceVersion(old),
      observedAt,
      labels: object === undefined ? undefined : this.#delivered.labelsOf(object),
      fields: object === undefined ? undefined : this.#extraction.ofText(object, this.#output.fieldError),
      object,
      patch: undefined,
    };
  }

  #id(key: string, uid: string, version: string): string {
    const id = `${uid === '' ? `${this.#resource}/${key}` : uid}:${version}`;
    return this.generation === 0 ? id : `${id}:${this.generation}`;
  }

  #extract(reader: ObjectReader, object: Buffer | undefined): Record<string, FieldValue> | undefined {
    return this.#extraction.of(reader, () => this.#delivered.forExtraction(reader, object), this.#output.fieldError);
  }

  #patch(before: Buffer, after: Buffer): Uint8Array | undefined {
    if (this.#plan.diff === 'none') return undefined;
    if (this.#plan.diff === 'json-patch') return jsonPatch(before, after);
    const patch = mergeLoaded(before, after);
    return patch === undefined ? mergePatch(before, after) : patch || undefined;
  }

  #valueOf(reader: ObjectReader, snapshot: Uint8Array | undefined): Buffer {
    const { bytes, scan } = reader;
    return this.#value.write(
      bytes,
      scan.start(UID),
      scan.end(UID),
      scan.start(RESOURCE_VERSION),
      scan.end(RESOURCE_VERSION),
      this.#print.low,
      this.#print.high,
      snapshot,
    );
  }

  readonly #keepDictionary = (key: string, dictionary: Buffer): void => this.#output.delta.put(key, dictionary);

  #store(key: ObjectKey, value: Buffer): void {
    this.#output.delta.put(key, value);
    this.#known.set(key, value);
  }

  #forget(key: string | ObjectKey): void {
    this.#output.delta.delete(key);
    this.#known.delete(key);
  }
}
