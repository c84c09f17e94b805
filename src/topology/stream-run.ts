import { WatershardError } from '../model/errors.ts';
import type { Intake } from '../model/intake.ts';
import { listingScope, type Position } from '../model/position.ts';
import { type Stream, streamScope } from '../model/resource.ts';
import type { Culprit } from '../model/work-trace.ts';
import type { StateSession } from '../state/state.ts';
import type { StreamPlan } from '../transform/plan.ts';
import type { Work, WorkResult } from '../transform/work.ts';
import { BatchTraces } from './batch-traces.ts';
import type { Committable, PendingCommit } from './committer.ts';
import { Cutting } from './cutting.ts';
import { fieldColumns } from './field-columns.ts';
import { GapMarkers } from './gap-markers.ts';
import { Generations } from './generations.ts';
import { IntakeGate } from './intake-gate.ts';
import { Listing } from './listing.ts';
import { OngoingWork } from './ongoing-work.ts';
import type { Outlet } from './outlet.ts';
import { about, Poison, VERDICTS } from './poison.ts';
import { beginningOf } from './shard-change.ts';
import { StreamAcks } from './stream-acks.ts';
import { StreamOutlets } from './stream-outlets.ts';
import { StreamParts } from './stream-parts.ts';
import { reportResult } from './stream-report.ts';
import type { Gap, StreamRunContext } from './stream-run-context.ts';

/** One stream on its way from the watch through its shards to the exporters, and its acknowledgements on their way back. */
export class StreamRun implements Committable {
  readonly stream: Stream;
  /** One a part that it is split into. */
  readonly shards: readonly number[];
  readonly #parts: StreamParts;
  readonly #context: StreamRunContext;
  #incarnation: number;
  #begun = false;
  #sequence = 0;
  #acks: StreamAcks;
  readonly #outlets: StreamOutlets;
  #position: Position | undefined;
  #stopped = true;
  #generations = new Generations(0);
  readonly #gaps: GapMarkers;
  readonly #poison = new Poison();
  readonly working = new OngoingWork();
  #cutting = new Cutting();
  readonly #gate = new IntakeGate((item) => this.intake(item));
  #listing = new Listing(undefined);
  records: number;
  /** Read from the API server. */
  bytes: number;
  /** One a part, as is `knownBytes`. */
  knownObjects: number[];
  knownBytes: number[];
  listed = false;

  constructor(stream: Stream, plans: readonly StreamPlan[], shards: readonly number[], context: StreamRunContext) {
    this.stream = stream;
    this.shards = shards;
    this.#parts = new StreamParts(stream.id, plans, shards, context.shards);
    this.#context = context;
    this.#incarnation = context.former?.incarnation ?? 0;
    this.records = context.former?.records ?? 0;
    this.bytes = context.former?.bytes ?? 0;
    this.#gaps = new GapMarkers(context.former?.gap);
    this.#acks = this.#newAcks();
    this.knownObjects = plans.map(() => 0);
    this.knownBytes = plans.map(() => 0);
    this.#outlets = new StreamOutlets(stream, fieldColumns(plans[0]), context);
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Nothing is on its way: all work is done, acknowledged and committed. */
  get idle(): boolean {
    return this.working.size === 0 && !this.#acks.durable.uncommitted;
  }

  /** The shards have answered everything. */
  get quiet(): boolean {
    return this.working.size === 0;
  }

  /** It began after a crash: more may be delivered than is known. */
  get isUncertain(): boolean {
    return this.#gaps.isUncertain;
  }

  /** It has begun before, in this life of the topology. */
  get begun(): boolean {
    return this.#begun;
  }

  /** What has to be said of a loss, until it is committed. */
  get gap(): Gap | undefined {
    return this.#gaps.pending;
  }

  /** What is read is not taken: a thread has ended, and the stream has not begun again. */
  get halted(): boolean {
    return this.#begun && this.#stopped;
  }

  /** Counts the beginnings of the stream. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** When the oldest of what is not acknowledged was read, a shard may still be at work on it; Unix time, microseconds. */
  get oldestUnacked(): number | undefined {
    return this.#acks.durable.oldestUnacked ?? this.working.oldest;
  }

  /**
   * Begins, or begins again, at the committed position: the shards learn what is known, and what was in flight is void.
   * @returns where the watch has to start, undefined for a list; `relist` where objects were known before.
   */
  async begin(gap: Gap | undefined): Promise<{ resourceVersion: string | undefined; relist: boolean }> {
    const { credits } = this.#context;
    const session = this.#context.session();
    const incarnation = ++this.#incarnation;
    this.#stopped = true;
    credits.release(this.stream.id);
    const begins = beginningOf(this.stream, (await session.positions()).get(this.stream.id), Date.now);
    this.#startOver(begins.position);
    this.#listing = new Listing(this.#position);
    this.#gate.clear();
    await this.#parts.open(this.#generations.at(0), this.#poison.quarantine);
    for await (const packed of session.known(this.stream.id)) await this.#parts.seed(packed);
    this.#outlets.open(incarnation, this.#position);
    const mayBeNew = this.#position === undefined && !this.#context.isStarting();
    const isUncertain = this.#begun || !(session.clean || mayBeNew);
    this.#stopped = false;
    this.#begun = true;
    const marker = this.#gaps.say(gap ?? begins.gap, session.epoch + begins.mark);
    if (marker === undefined && isUncertain) this.#gaps.uncertain(session.epoch, this.#position?.sequence ?? 0);
    this.#sayGap(marker);
    this.listed = begins.start.resourceVersion !== undefined;
    return begins.start;
  }

  /**
   * A thread it lives on has ended: nothing is taken until it begins again.
   * @returns whether it is, or may be, this stream that has ended the thread
   */
  halt(culprit: Culprit | undefined): boolean {
    this.#stopped = true;
    if (culprit === undefined) return true;
    if (!this.#parts.has(culprit.stream)) return false;
    const verdict = this.#poison.blame(culprit, Date.now() * 1000);
    this.#context.logger.warn({ stream: this.stream.id, ...about(culprit), verdict }, VERDICTS[verdict]);
    return true;
  }

  /** Takes no more and commits no more: what is on its way is void. Its memory on the shards is forgotten. */
  async end(): Promise<void> {
    this.#stopped = true;
    this.#incarnation++;
    this.#startOver(this.#position);
    this.#gate.clear();
    this.#context.credits.release(this.stream.id);
    await this.#parts.close();
  }

  /** Keeps what is read from now on waiting until `release`; what was read before goes on its way. */
  hold(): void {
    this.#gate.hold('rewrite');
  }

  release(): void {
    this.#gate.release('list'); // it is looked at again
    this.#gate.release('rewrite');
  }

  /**
   * Writes all that is known, and delivered, to a state that is new. Only while held and idle.
   * @throws WatershardError of the state, or WORKER_CRASHED
   */
  async rewrite(session: StateSession, gap: Gap): Promise<void> {
    const deltas = await this.#parts.dump();
    const position = {
      ...(this.#position ?? { resourceVersion: '', scope: streamScope(this.stream) }),
      sequence: 1,
      committedAt: Date.now(),
    };
    await session.commit([{ stream: this.stream.id, position, deltas }]);
    this.#incarnation++;
    this.#startOver(position);
    this.#outlets.open(this.#incarnation, position);
    this.#sayGap(this.#gaps.say(gap, session.epoch));
  }

  #sayGap(marker: Work | undefined): void {
    if (marker === undefined) return;
    this.#context.metrics.gaps.inc({ stream: this.stream.id });
    this.#submit(marker, 0, '');
  }

  /** The intake sink of this stream's driver. */
  intake(item: Intake): undefined | Promise<void> {
    if (this.#stopped) return undefined;
    if (item.type === 'resuming') return this.#gaps.resuming(item.resourceVersion);
    if (item.type === 'list-begin' && !this.#gate.isClosed && !this.#listing.mayBegin(this.#position)) {
      this.#gate.hold('list');
      this.#progress();
    }
    if (this.#gate.isClosed) return this.#gate.park(item);
    if (item.type === 'list-begin') this.#listing.begin();
    this.#sayGap(this.#gaps.before(item));
    const bytes = 'bytes' in item ? item.bytes.length : 0;
    this.bytes += bytes;
    const wait = bytes === 0 ? undefined : this.#context.credits.take(this.stream.id, bytes);
    if (wait !== undefined) this.#context.metrics.creditWaits.inc({ stream: this.stream.id });
    const moves = item.type === 'list-end' || item.type === 'bookmark' || (item.type === 'frames' && !item.listing);
    const { asOf } = this.#context;
    const dated = asOf === undefined || !('observedAt' in item) ? item : { ...item, observedAt: asOf };
    this.#submit(this.#numbered(dated), bytes, moves ? item.resourceVersion : '');
    return wait;
  }

  #numbered(item: Exclude<Intake, { type: 'resuming' }>): Work {
    if (item.type === 'list-begin')
      return { ...item, generation: this.#generations.listBegins(item.restored === true) };
    return item.type === 'list-end' ? { ...item, generation: this.#generations.listEnds() } : item;
  }

  #submit(work: Work, bytes: number, resourceVersion: string): void {
    void this.#process(work, bytes, resourceVersion, this.#incarnation);
  }

  async #process(work: Work, bytes: number, resourceVersion: string, incarnation: number): Promise<void> {
    const observedAt = 'observedAt' in work ? work.observedAt : Date.now() * 1000;
    this.working.begin(observedAt);
    let results: readonly WorkResult[];
    try {
      results = await this.#parts.work(work);
    } catch (e) {
      if (incarnation !== this.#incarnation) return;
      // After a crash the shard set has the stream begun again; anything else is a defect of ours.
      if (!(e instanceof WatershardError && e.code === 'WORKER_CRASHED')) this.#context.onFailure(this, e);
      return;
    }
    if (incarnation !== this.#incarnation) return;
    this.working.end();
    for (const [i, result] of results.entries()) {
      const [size, moved] = i === results.length - 1 ? [bytes, resourceVersion] : [0, ''];
      this.#deliver(result, i, size, moved, observedAt);
    }
    if (work.type === 'list-end') {
      this.listed = true;
      this.#listing.delivered(this.#sequence);
      if ('generation' in work) this.#generations.delivered(work.generation, this.#sequence);
    }
    this.#progress();
  }

  #deliver(result: WorkResult, part: number, bytes: number, resourceVersion: string, observedAt: number): void {
    const { records, delta } = result;
    const sequence = ++this.#sequence;
    this.knownObjects[part] = result.knownObjects;
    this.knownBytes[part] = result.knownBytes;
    this.records += records;
    const letters = reportResult(this.#context, this.stream, result);
    const held = letters !== undefined;
    const takers = this.#outlets.takers(result);
    const recipients = takers.filter((o) => o.awaited).map((o) => o.name);
    this.#acks.register({ sequence, resourceVersion, deltas: [delta], bytes, observedAt, recipients, held, records });
    if (letters !== undefined) void this.#releaseAfter(letters, this.#incarnation, sequence);
    this.#outlets.write(takers, this.#incarnation, sequence, result);
    this.#acks.settle();
  }

  /** Only the commit waits for the letters: a crash before they are stored replays the batch, and sends them again. */
  async #releaseAfter(letters: Promise<void>, incarnation: number, sequence: number): Promise<void> {
    await letters;
    if (incarnation !== this.#incarnation) return;
    this.#acks.released(sequence);
    this.#context.onProgress(this);
  }

  /** An exporter has taken these batches over into its own memory budget. */
  absorbed(outlet: Outlet, incarnation: number, sequence: number): void {
    if (incarnation === this.#incarnation && outlet.required) this.#acks.absorbed(outlet.name, sequence);
  }

  acked(outlet: Outlet, incarnation: number, sequence: number): void {
    if (incarnation !== this.#incarnation) return;
    outlet.acked(this.stream.id, sequence);
    if (outlet.required) this.taken(outlet, incarnation, sequence);
  }

  /** The outlet answers for these batches from now on: they are stored, or in a buffer that outlives the process. */
  taken(outlet: Outlet, incarnation: number, sequence: number): void {
    if (incarnation !== this.#incarnation) return;
    this.#acks.stored(outlet.name, sequence);
    this.#context.onProgress(this);
  }

  /** Has the exporters that write files close theirs, all after the same batch. */
  cut(): void {
    if (!this.#cutting.ask(this.#acks.durable.cutClosesFiles)) return;
    this.#acks.durable.cut(this.#sequence);
    this.#outlets.cut(this.#sequence);
  }

  takeCommit(): PendingCommit | undefined {
    // The position of a stream without records advances too, or it would expire.
    const { durable } = this.#acks;
    if (durable.cutIsFree) durable.cut(durable.registered);
    const ready = durable.committable();
    if (ready === undefined) {
      if (!this.#gate.holds('list') || !this.idle) return undefined;
      this.#listing.begin();
    }
    const sequence = ready?.sequence ?? durable.registered;
    const generation = this.#generations.at(sequence);
    const scope = streamScope(this.stream);
    const position: Position = {
      ...(generation === 0 ? {} : { generation }),
      resourceVersion: ready?.resourceVersion ?? this.#position?.resourceVersion ?? '',
      sequence: (this.#position?.sequence ?? 0) + 1,
      committedAt: Date.now(),
      scope: this.#listing.commits(sequence) ? scope : listingScope(scope),
    };
    const incarnation = this.#incarnation;
    const done = (): void => {
      if (incarnation === this.#incarnation) this.#committed(position, sequence);
    };
    return { commit: { stream: this.stream.id, position, deltas: ready?.deltas ?? [] }, done };
  }

  #committed(position: Position, sequence: number): void {
    this.#position = position;
    this.#acks.durable.committed(sequence);
    // It is the first work of an incarnation, a batch a part.
    if (sequence >= this.#parts.count) this.#gaps.committed();
    this.#outlets.committed(position, sequence);
    if (this.#acks.durable.pendingCut === undefined && this.#cutting.done()) this.cut();
    if (this.#listing.mayBegin(position)) this.#gate.release('list');
    this.#progress();
  }

  /** Something may have become committable; a list that waits needs all that stands before it committed. */
  #progress(): void {
    if (this.#gate.holds('list') && this.quiet) this.cut();
    this.#context.onProgress(this);
  }

  /** An incarnation begins at this position: nothing is on its way. */
  #startOver(position: Position | undefined): void {
    this.#position = position;
    this.#generations = new Generations(position?.generation ?? 0);
    this.#sequence = 0;
    this.working.clear();
    this.#cutting = new Cutting();
    this.#acks = this.#newAcks();
  }

  #newAcks(): StreamAcks {
    const { outlets, credits, tracer } = this.#context;
    const giveBack = (bytes: number): void => credits.give(this.stream.id, bytes);
    const traces = tracer && new BatchTraces(this.stream.id, tracer);
    return new StreamAcks(outlets, this.#position?.resourceVersion ?? '', giveBack, traces);
  }
}
