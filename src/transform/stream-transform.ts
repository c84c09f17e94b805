import { isUtf8 } from 'node:buffer';
import { readDelta } from '../model/delta.ts';
import { WatershardError } from '../model/errors.ts';
import { type FrameType, frameObject, frameType, plainObjectStart } from '../model/frame-scan.ts';
import type { Intake } from '../model/intake.ts';
import { JsonScan } from '../model/json-scan.ts';
import { skipSpace, skipValue, stringAt } from '../model/json-skip.ts';
import { endsAt, nextItem, scanList } from '../model/list-scan.ts';
import { loadText } from '../model/loaded-text.ts';
import { ObjectKey } from '../model/object-key.ts';
import type { Quarantine } from '../model/quarantine.ts';
import type { RecordContext } from '../model/record.ts';
import { splitIndex } from '../model/split.ts';
import type { WorkTrace } from '../model/work-trace.ts';
import { packPuts } from './dump.ts';
import { createEncoder } from './encode.ts';
import { FieldExtraction } from './field-extraction.ts';
import type { KnownTable } from './known-table.ts';
import { isKnownValue } from './known-value.ts';
import { normalise } from './normalise.ts';
import { ObjectChanges, type Sighting } from './object-changes.ts';
import { KEY_TRIE, NAME, NAMESPACE, objectTrie, SLOTS } from './object-paths.ts';
import { ObjectReader } from './object-reader.ts';
import type { StreamPlan } from './plan.ts';
import { SetAside } from './set-aside.ts';
import { ShardFilter } from './shard-filter.ts';
import { isDictionaryKey } from './snapshot.ts';
import type { Work, WorkResult } from './work.ts';
import { WorkOutput } from './work-output.ts';

const POISON = 'it has ended a worker thread before, and is not processed';

type Frames = Extract<Intake, { type: 'frames' }>;
type Page = Extract<Intake, { type: 'page' }>;

/**
 * One stream, or one shard's part of it: makes records of what its watch hands over, by comparing with the objects that
 * are known. Synchronous, without I/O and without a clock. One bad frame or object becomes a failure and the rest goes
 * on; failures say nothing of what is in an object.
 */
export class StreamTransform {
  readonly #plan: StreamPlan;
  readonly #known: KnownTable;
  readonly #output: WorkOutput;
  readonly #reader: ObjectReader;
  readonly #changes: ObjectChanges;
  readonly #gone = new ObjectKey();
  readonly #keyScan = new JsonScan(SLOTS);
  readonly #setAside: SetAside;
  readonly #shard: ShardFilter | undefined;
  /** undefined outside a list. */
  #list:
    | { readonly relist: boolean; readonly restored: boolean; readonly afterGap: boolean; broken: boolean }
    | undefined;
  /** The work before was a gap: more may have been delivered than is known. */
  #afterGap = false;

  /**
   * @param trace notes what is being processed, for when the thread does not survive it
   * @throws WatershardError PATH_INVALID, EXPRESSION_INVALID, CONFIG_INVALID where the plan cannot be carried out
   */
  constructor(plan: StreamPlan, known: KnownTable, quarantine?: Quarantine, trace?: WorkTrace) {
    this.#plan = plan;
    this.#known = known;
    const { group, version, kind, resource } = plan.stream.resource;
    const context: RecordContext = {
      cluster: plan.cluster,
      clusterUid: plan.clusterUid,
      group,
      version,
      kind,
      resource,
    };
    this.#output = new WorkOutput(plan.lanes.map((lane) => createEncoder(lane, context)));
    const extraction = new FieldExtraction(plan);
    this.#reader = new ObjectReader(objectTrie(plan, extraction.targets), plan.stream, extraction.slots);
    this.#changes = new ObjectChanges(plan, known, this.#output, extraction);
    this.#setAside = new SetAside(trace, quarantine);
    this.#shard = plan.stream.shard && new ShardFilter(plan.stream.shard);
  }

  /** Known objects from the last commit (model/delta.ts), those of other shards among them. May be called several times. */
  seed(packed: ArrayBuffer): void {
    for (const { key, value } of readDelta(packed)) {
      if (isDictionaryKey(key)) {
        if (value !== undefined) this.#changes.snapshots.add(key, value);
      } else if (!this.#owns(key)) continue;
      else if (value === undefined) {
        this.#shard?.gone(key);
        this.#known.delete(key);
      } else if (!isKnownValue(value)) continue;
      else if (this.#shard?.keeps(key, value) === false) this.#known.delete(key);
      else this.#known.set(key, value);
    }
  }

  /** Gives its memory back. It is not used any more. */
  close(): void {
    this.#known.clear();
  }

  /** All that is known, as packed deltas of puts of about 1 MiB: for a state store that has lost it. */
  dump(): ArrayBuffer[] {
    return packPuts(this.#changes.snapshots.all(), this.#known.entries());
  }

  apply(work: Work): WorkResult {
    let resourceVersion = '';
    switch (work.type) {
      case 'list-begin':
        this.#known.beginList();
        this.#shard?.forgetLeft(this.#output.delta);
        this.#list = {
          relist: work.relist,
          restored: work.restored === true,
          afterGap: this.#afterGap || this.#list?.afterGap === true,
          broken: false,
        };
        if ('generation' in work) this.#changes.generation = work.generation;
        break;
      case 'frames':
        this.#frames(work);
        if (!work.listing) resourceVersion = work.resourceVersion;
        break;
      case 'page':
        this.#page(work);
        break;
      case 'list-end':
        this.#endList(work.observedAt);
        resourceVersion = work.resourceVersion;
        break;
      case 'bookmark':
        if (this.#list === undefined) resourceVersion = work.resourceVersion;
        break;
      case 'removed':
        this.#list = undefined;
        this.#known.beginList();
        this.#sweep(work.observedAt);
        break;
      case 'gap':
        this.#gap(work.reason, work.epoch, work.observedAt);
        break;
    }
    this.#afterGap = work.type === 'gap';
    this.#setAside.behind();
    return this.#output.finish(resourceVersion, this.#known.size, this.#known.byteLength);
  }

  #frames(item: Frames): void {
    const b = loadText(item.bytes);
    const utf8 = isUtf8(b);
    const how = this.#sighting(item.listing, item.observedAt);
    for (let start = 0; start < b.length; ) {
      const newline = b.indexOf(0x0a, start);
      const end = newline < 0 ? b.length : newline;
      if (skipSpace(b, start, end) < end) {
        this.#output.seen++;
        this.#output.reading(b, start, end);
        if (this.#isPoison(b, start, end)) this.#unreadable();
        else if (utf8 || isUtf8(b.subarray(start, end))) this.#frame(b, start, end, how, false);
        else this.#malformed('a watch event is not UTF-8');
      }
      start = end + 1;
    }
  }

  /** @param rewritten the line is normalised already */
  #frame(b: Buffer, start: number, end: number, how: Sighting, rewritten: boolean): void {
    let objectStart = plainObjectStart(b, start, end);
    const type = frameType(b, start, end);
    if (objectStart >= 0) {
      if (this.#isOfOthers(b, objectStart, end)) return;
      // Behind the object the event must end; a line with more in it is read in full.
      const behind = this.#read(b, objectStart, end);
      if (behind >= 0 && b[behind] === 0x7d && skipSpace(b, behind + 1, end) === end) {
        this.#event(type, how);
        return;
      }
    }
    const slice = frameObject(b, start, end);
    if (slice !== undefined && type !== 'UNKNOWN') {
      objectStart = slice.start;
      if (this.#isOfOthers(b, objectStart, slice.end)) return;
      if (this.#read(b, objectStart, slice.end) >= 0) {
        this.#event(type, how);
        return;
      }
    } else if (!rewritten && skipSpace(b, skipValue(b, skipSpace(b, start, end), end), end) === end) {
      const text = this.#normalised(b, start, end);
      if (text !== undefined) {
        this.#frame(text, 0, text.length, how, true);
        return;
      }
    }
    this.#malformed('a watch event is not valid JSON, or has no type and object');
  }

  #event(type: FrameType, how: Sighting): void {
    if (type === 'BOOKMARK') return;
    if (type === 'ERROR' || type === 'UNKNOWN') {
      this.#output.fail('FRAME_MALFORMED', '', `${this.#where('reading a watch event')}: its type is ${type}`);
      return;
    }
    this.#object(type, type === 'MODIFIED' && this.#list === undefined ? { ...how, first: 'UPDATED' } : how);
  }

  #page(item: Page): void {
    const b = loadText(item.bytes);
    const list = scanList(b);
    this.#output.reading(b, 0, b.length);
    if (list === undefined) {
      this.#malformed('a page is not valid JSON, or not a list');
      return;
    }
    const utf8 = isUtf8(b);
    const how = this.#sighting(true, item.observedAt);
    for (let p = skipSpace(b, list.itemsStart, list.itemsEnd); p < list.itemsEnd; ) {
      this.#output.seen++;
      const isPoison = this.#isPoison(b, p, this.#setAside.careful ? skipValue(b, p, list.itemsEnd) : -1);
      let end = isPoison ? skipValue(b, p, list.itemsEnd) : this.#read(b, p, list.itemsEnd);
      this.#output.reading(b, p, end < 0 ? list.itemsEnd : end);
      if (isPoison) this.#unreadable();
      else if (end < 0) {
        end = skipValue(b, p, list.itemsEnd);
        if (end >= 0) this.#output.reading(b, p, end);
        this.#malformed('an item of a list is not a valid JSON object');
        if (end < 0) return;
      } else if (!utf8 && !isUtf8(b.subarray(p, end))) this.#malformed('an item of a list is not UTF-8');
      else this.#object('ADDED', how);
      p = nextItem(b, end, list.itemsEnd);
      if (p < 0) {
        if (!endsAt(b, end)) this.#malformed('a page breaks off, or has no comma between its items');
        return;
      }
    }
  }

  /** What the reader has just read. */
  #object(type: 'ADDED' | 'MODIFIED' | 'DELETED', how: Sighting): void {
    const records = this.#output.records;
    const { key } = this.#reader;
    try {
      if (!key.hasName) {
        this.#output.fail('FRAME_MALFORMED', '', `${this.#where('reading an object')}: it has no metadata.name`);
        return;
      }
      if (this.#plan.split !== undefined && !this.#owns(key.text)) this.#output.suppress('other-split');
      else if (this.#shard?.excludes(this.#reader)) this.#output.suppress('other-shard');
      else if (this.#isSetAside(type, key, how)) this.#unprocessed(type, key, how);
      else if (type === 'DELETED') this.#changes.deleted(key, this.#reader, how.observedAt);
      else this.#changes.present(key, this.#reader, how);
    } catch (error) {
      this.#poisonous(key.text, records, error);
    }
  }

  #isSetAside(type: FrameType, key: ObjectKey, how: Sighting): boolean {
    if (type === 'DELETED') return this.#setAside.deleted(key);
    return this.#setAside.object(key, this.#reader, how.observedAt);
  }

  #unprocessed(type: FrameType, key: ObjectKey, how: Sighting): void {
    const said = this.#changes.unprocessed(key, this.#reader, how.observedAt, how.detectedBy, type === 'DELETED');
    if (!said) this.#output.fail('OBJECT_POISONOUS', key.text, `${this.#where('reading an object')}: ${POISON}`);
  }

  /** @param end -1 where it is not known, and need not be */
  #isPoison(b: Buffer, start: number, end: number): boolean {
    this.#setAside.reading();
    return this.#setAside.careful && end >= 0 && this.#setAside.text(b, start, end);
  }

  #unreadable(): void {
    if (this.#list !== undefined) this.#list.broken = true;
    this.#output.fail('OBJECT_POISONOUS', '', `${this.#where('reading')}: ${POISON}`);
  }

  #read(b: Buffer, start: number, end: number): number {
    try {
      return this.#reader.read(b, start, end);
    } catch {
      // Only the slow way throws, and only a text that a parser refuses; the caller counts it as malformed.
      return -1;
    }
  }

  #normalised(b: Buffer, start: number, end: number): Buffer | undefined {
    try {
      return normalise(b, start, end);
    } catch {
      return undefined;
    }
  }

  /** Looks no further than name and namespace (and uid), so that what others take costs little here. */
  #isOfOthers(b: Buffer, start: number, end: number): boolean {
    if (this.#isOfOtherSplit(b, start, end)) this.#output.suppress('other-split');
    else if (this.#shard?.excludesUnread(b, start, end)) this.#output.suppress('other-shard');
    else return false;
    return true;
  }

  #isOfOtherSplit(b: Buffer, start: number, end: number): boolean {
    if (this.#plan.split === undefined) return false;
    const scan = this.#keyScan;
    const { namespaced } = this.#plan.stream.resource;
    scan.run(b, start, end, KEY_TRIE, namespaced ? 2 : 1);
    const nameStart = scan.start(NAME);
    const namespaceStart = scan.start(NAMESPACE);
    if (scan.unusual || nameStart < 0 || (namespaced && namespaceStart < 0)) return false;
    const namespace = namespaced ? stringAt(b, namespaceStart, scan.end(NAMESPACE)) : '';
    return !this.#owns(`${namespace}/${stringAt(b, nameStart, scan.end(NAME))}`);
  }

  #owns(key: string): boolean {
    const { split } = this.#plan;
    return split === undefined || splitIndex(key, split.of) === split.index;
  }

  #endList(observedAt: number): void {
    const list = this.#list;
    this.#list = undefined;
    if (list === undefined) return;
    if (!list.broken) this.#sweep(observedAt);
    else {
      this.#known.endList();
      const what = 'a part of it could not be read, so that nothing is taken for deleted before the next list';
      this.#output.fail('FRAME_MALFORMED', '', `${this.#where('ending a list')}: ${what}`);
    }
  }

  /** Everything known that was not seen has gone. */
  #sweep(observedAt: number): void {
    for (const { key, value } of this.#known.unmarked()) {
      const records = this.#output.records;
      try {
        this.#gone.text = key;
        this.#changes.gone(key, value, observedAt, this.#setAside.deleted(this.#gone));
      } catch (error) {
        this.#poisonous(key, records, error);
      }
    }
    this.#known.endList();
  }

  #gap(reason: string, epoch: string, observedAt: number): void {
    if ((this.#plan.split?.index ?? 0) !== 0) return;
    this.#output.record({
      id: `gap:${epoch}:${this.#plan.stream.id}`,
      operation: 'GAP',
      detectedBy: 'RELIST',
      namespace: '',
      name: '',
      uid: '',
      resourceVersion: '',
      observedAt,
      labels: undefined,
      fields: { reason },
      object: undefined,
      patch: undefined,
    });
  }

  #sighting(listing: boolean, observedAt: number): Sighting {
    const relist = this.#list?.relist === true;
    if (!listing) return { detectedBy: 'WATCH', first: 'CREATED', observedAt };
    const { restored = false, afterGap = false } = this.#list ?? {};
    const detectedBy = relist ? 'RELIST' : 'LIST';
    return { detectedBy, first: relist ? 'CREATED' : 'SNAPSHOT', observedAt, restored, afterGap };
  }

  /** Something that cannot be read, and whose key is not known: in a list, what it was may not be taken for deleted. */
  #malformed(what: string): void {
    if (this.#list !== undefined) this.#list.broken = true;
    this.#output.fail('FRAME_MALFORMED', '', `${this.#where('reading')}: ${what}`);
  }

  /** The message names the kind of error only: texts of parsers quote what they were given, and that may be a secret. */
  #poisonous(key: string, records: number, error: unknown): void {
    this.#output.rollback(records);
    this.#known.mark(key);
    const why =
      error instanceof WatershardError
        ? `${error.code} ${error.message}`
        : error instanceof Error
          ? error.name
          : 'unknown';
    this.#output.fail('OBJECT_POISONOUS', key, `${this.#where('making the record of an object')}: ${why}`);
  }

  #where(doing: string): string {
    return `${doing} (stream ${this.#plan.stream.id})`;
  }
}
