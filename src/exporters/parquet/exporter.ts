import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { FieldColumn } from '../../model/field-type.ts';
import type { Position } from '../../model/position.ts';
import type { Stream } from '../../model/resource.ts';
import type { Batch, Capabilities, Exporter, ExporterContext, Health } from '../exporter.ts';
import type { ParquetConfig } from './config.ts';
import { EncoderThread } from './encoder-thread.ts';
import { FileStorage } from './file-storage.ts';
import { Persistence } from './persistence.ts';
import type { EncoderAnswer } from './protocol.ts';
import { RowFaults } from './row-faults.ts';
import type { StickyTypes } from './sticky-types.ts';
import { largest, StreamFiles } from './stream-files.ts';
import { openStore } from './target.ts';

/** Share of the memory at which the largest files are asked to be closed, so that there is room while they are stored. */
const RELIEVE_AT = 0.5;

/**
 * Parquet files, encoded in a thread of its own, stored when the topology cuts them. Memory: compressed row groups, one
 * row group of waiting rows for each open file, and the files that are being stored; when it is used up, batches wait here,
 * uncompressed, and keep their credit.
 */
export class ParquetExporter implements Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #config: ParquetConfig;
  readonly #context: ExporterContext;
  readonly #thread: EncoderThread;
  readonly #streams = new Map<string, StreamFiles>();
  /** With batches that wait for memory; with encoded batches whose credit was not given back for the lack of it. */
  readonly #stalled = new Set<StreamFiles>();
  readonly #unabsorbed = new Set<StreamFiles>();
  readonly #faults: RowFaults;
  readonly #closing = new AbortController();
  #persistence: Persistence | undefined;
  #storage: FileStorage | undefined;
  /** Bytes of finished files that are being stored. */
  #storingBytes = 0;
  #storingFiles = 0;
  #idle: (() => void)[] = [];
  #fault: string | undefined;

  constructor(config: ParquetConfig, context: ExporterContext, capabilities: Capabilities) {
    this.name = context.name;
    this.capabilities = capabilities;
    this.#config = config;
    this.#context = context;
    this.#faults = new RowFaults(context);
    this.#thread = new EncoderThread(context.openThread, (reason) => this.#crashed(reason));
  }

  async start(signal: AbortSignal): Promise<void> {
    const { logger, confirm } = this.#context;
    const store = await openStore(this.#config, { warn: (t) => logger.warn({ exporter: this.name }, t), confirm });
    this.#persistence = new Persistence(store, this.#context);
    this.#storage = new FileStorage(this.#context, this.#persistence, this.#closing.signal, (error) => {
      if (error === undefined) this.#pumpAll();
      else this.#unlessClosing(error);
    });
    await this.#persistence.check(AbortSignal.any([signal, this.#closing.signal]));
    this.#pumpAll();
  }

  open(stream: Stream, incarnation: number, position: Position | undefined, fields?: readonly FieldColumn[]): void {
    const old = this.#streams.get(stream.id);
    if (old !== undefined) this.#end(old);
    const declared = fields && Object.fromEntries(fields.map((field) => [field.name, field.type ?? ''] as const));
    const before = old?.storing ?? Promise.resolve();
    this.#streams.set(stream.id, new StreamFiles(stream, incarnation, position, declared, before));
    if (old !== undefined) this.#thread.send({ type: 'discard', stream: stream.id, incarnation }, () => this.#resume());
  }

  write(batch: Batch): void {
    const files = this.#streams.get(batch.stream.id);
    if (files === undefined || files.incarnation !== batch.incarnation || files.signal.aborted) return;
    const bytes = batch.lane.byteLength;
    files.written = batch.sequence;
    files.records += batch.records;
    files.bytes += bytes;
    files.pendingRecords += batch.records;
    files.pendingBytes += bytes;
    this.#context.metrics.pendingBytes.inc({ exporter: this.name }, bytes);
    files.timer ??= setTimeout(() => this.#wantCut(files), this.#config.rotate.interval).unref();
    files.waiting.push({ type: 'batch', batch, bytes });
    this.#pump(files);
  }

  cut(stream: string, sequence: number): void {
    const files = this.#streams.get(stream);
    if (files === undefined || files.signal.aborted) return;
    // The stream counts batches that had nothing for this exporter too.
    if (files.cutting || sequence < files.written) {
      const why = files.cutting
        ? 'before its last cut was committed'
        : `at ${sequence}, while ${files.written} was written`;
      throw new WatershardError('INTERNAL', `${this.name}: ${stream} was cut ${why}`);
    }
    files.cutting = true;
    files.cutAt = sequence;
    files.asked = false;
    clearTimeout(files.timer);
    files.timer = undefined;
    files.waiting.push({ type: 'cut', sequence, position: files.position });
    files.waitingCuts++;
    this.#pump(files);
  }

  committed(stream: string, position: Position): void {
    const files = this.#streams.get(stream);
    if (files === undefined || files.signal.aborted) return;
    files.position = position;
    files.cutting = false;
    // An idle stream is not cut, and its position moves on: what an older attempt has left must go all the same.
    if (!files.swept && this.#storage !== undefined) {
      files.storing = files.storing.then(() => this.#storage?.sweep(files)).catch((e) => this.#unlessVoid(files, e));
    }
    // What was asked for while the last cut was on its way could not be granted.
    if (files.asked) this.#context.events.cutWanted(stream);
  }

  async drain(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wakeDrain();
    signal.addEventListener('abort', wake);
    while (!signal.aborted && !this.#closing.signal.aborted) {
      const open = [...this.#streams.values()].filter((files) => files.pendingRecords > 0);
      if (open.length === 0) break;
      for (const files of open) if (files.records > 0 && !files.cutting) this.#wantCut(files);
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    signal.removeEventListener('abort', wake);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const files of this.#streams.values()) this.#end(files);
    this.#wakeDrain();
    this.#persistence?.close();
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
    await this.#thread.close();
  }

  health(): Health {
    if (this.#closing.signal.aborted) return { ok: false, detail: `${this.name} is closed` };
    if (this.#fault !== undefined) return { ok: false, detail: this.#fault };
    return this.#persistence?.health() ?? { ok: false, detail: `${this.name} has not begun` };
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    let openStreams = 0;
    let rows = 0;
    let waiting = 0;
    for (const files of this.#streams.values()) {
      if (files.inThread > 0) openStreams++;
      rows += files.rows;
      waiting += files.waiting.length;
    }
    return {
      url: this.#config.url,
      streamsWithOpenFiles: openStreams,
      openRows: rows,
      openBytes: this.#thread.held,
      waitingBatches: waiting,
      storingFiles: this.#storingFiles,
      storingBytes: this.#storingBytes,
      storedFiles: this.#storage?.storedFiles ?? 0,
      memoryLimit: this.#config.memory,
    };
  }

  // --- into the thread

  #pumpAll(): void {
    for (const files of this.#streams.values()) this.#pump(files);
  }

  /** Goes on where memory had run out. */
  #resume(): void {
    const stalled = [...this.#stalled];
    this.#stalled.clear();
    for (const files of stalled) this.#pump(files);
    for (const files of this.#unabsorbed) {
      if (this.#held() >= this.#config.memory) return;
      this.#unabsorbed.delete(files);
      this.#absorb(files);
    }
  }

  /** Hands over what waits: while there is memory, or where a cut stands behind it, as only that makes room. */
  #pump(files: StreamFiles): void {
    while (files.waiting.length > 0 && !files.signal.aborted) {
      const head = files.waiting[0]!;
      if (head.type === 'batch') {
        const types = this.#storage?.typesOf(head.batch.table, files.stream);
        if (types?.loaded !== true) return;
        if (files.waitingCuts === 0 && this.#full()) {
          this.#stalled.add(files);
          return;
        }
        files.waiting.shift();
        this.#append(files, head.batch, head.bytes, types);
      } else {
        if (this.#storage === undefined) return;
        files.waiting.shift();
        files.waitingCuts--;
        this.#cut(files, head.sequence, head.position);
      }
    }
  }

  #append(files: StreamFiles, batch: Batch, bytes: number, types: StickyTypes): void {
    const { stream, incarnation, fields } = files;
    const { table, resource } = types;
    if (!types.sent) {
      types.sent = true;
      this.#thread.send({ type: 'types', table, resource, types: types.types }, () => undefined);
    }
    const { group, version, kind } = stream.resource;
    const context = { cluster: this.#context.cluster, group, version, kind, resource: stream.resource.resource };
    const { inventoryObjects } = this.#config;
    files.inThread++;
    files.batches++;
    this.#thread.send(
      {
        type: 'append',
        stream: stream.id,
        incarnation,
        table,
        resource,
        context,
        fields,
        inventoryObjects,
        lane: batch.lane,
      },
      (answer) => {
        this.#note(files, answer);
        if (files.signal.aborted) return;
        files.rows = answer.streamRows;
        files.held = answer.streamHeld;
        files.encoded = batch.sequence;
        this.#unabsorbed.add(files);
        const { rotate } = this.#config;
        if (files.rows >= rotate.rows || files.held >= rotate.bytes) this.#wantCut(files);
        this.#relieve();
        this.#resume();
      },
      (error) => this.#failed(files, error),
      { lane: batch.lane, bytes },
    );
  }

  /** Gives the credit of encoded batches back. */
  #absorb(files: StreamFiles): void {
    if (files.absorbed >= files.encoded || files.signal.aborted) return;
    files.absorbed = files.encoded;
    this.#context.events.absorbed(files.stream.id, files.incarnation, files.encoded);
  }

  #held(): number {
    return this.#thread.held + this.#storingBytes;
  }

  #full(): boolean {
    return this.#held() + this.#thread.sentBytes >= this.#config.memory;
  }

  /** Asks for the largest files to be closed, until what remains open is well within the memory. */
  #relieve(): void {
    const limit = this.#config.memory * RELIEVE_AT;
    if (this.#thread.held < limit) return;
    for (const files of largest(this.#streams.values(), this.#thread.held - limit)) this.#wantCut(files);
  }

  #wantCut(files: StreamFiles): void {
    // Answers about batches that a cut has closed still come in; they ask for nothing that would be granted.
    if (files.asked || files.written <= files.cutAt || files.signal.aborted) return;
    files.asked = true;
    this.#context.events.cutWanted(files.stream.id);
  }

  // --- out of the thread, into the store

  #cut(files: StreamFiles, sequence: number, position: Position | undefined): void {
    const { records, bytes, batches } = files.takeCounts();
    files.inThread++;
    const appended = files.inThread;
    this.#thread.send(
      { type: 'cut', stream: files.stream.id, incarnation: files.incarnation, batches },
      (answer) => {
        this.#note(files, answer);
        const letters = files.letters.splice(0);
        if (files.signal.aborted) return;
        files.inThread -= appended;
        files.rows = 0;
        files.held = 0;
        const total = answer.files.reduce((sum, file) => sum + file.bytes.byteLength, 0);
        this.#storingBytes += total;
        this.#storingFiles += answer.files.length;
        files.storing = files.storing
          .then(() => this.#storage!.store(files, position, answer.files))
          .finally(() => {
            this.#storingBytes -= total;
            this.#storingFiles -= answer.files.length;
          })
          .then(
            // Not in the chain: files of the next incarnation do not wait for dead letters of this one.
            () => void Promise.all(letters).then(() => this.#ack(files, sequence, records, bytes)),
            (e) => this.#unlessVoid(files, e),
          );
      },
      (error) => this.#failed(files, error),
    );
  }

  #ack(files: StreamFiles, sequence: number, records: number, bytes: number): void {
    if (files.signal.aborted) return;
    const { metrics, events } = this.#context;
    files.pendingRecords -= records;
    files.pendingBytes -= bytes;
    metrics.pendingBytes.dec({ exporter: this.name }, bytes);
    metrics.records.inc({ exporter: this.name }, records);
    metrics.bytes.inc({ exporter: this.name }, bytes);
    this.#fault = undefined;
    files.absorbed = Math.max(files.absorbed, sequence);
    events.acked(files.stream.id, files.incarnation, sequence);
    this.#wakeDrain();
    this.#resume();
  }

  // --- what can go wrong

  /** Takes over what an answer of the thread says beside the sizes. */
  #note(files: StreamFiles, answer: EncoderAnswer): void {
    for (const { table, resource, types } of answer.types) this.#storage?.grow(table, resource, types);
    files.letters.push(...this.#faults.report(answer));
  }

  /** The thread has gone, and with it all rows that were in no finished file. */
  #crashed(reason: string): void {
    this.#storage?.forgetThread();
    for (const files of this.#streams.values()) if (files.inThread > 0) this.#lose(files, reason);
    this.#resume();
  }

  /** The thread could not do its task: its files of this stream cannot be relied on. */
  #failed(files: StreamFiles, error: unknown): void {
    if (files.signal.aborted) return;
    this.#fault = `${this.name}: encoding ${files.stream.id}: ${errorMessage(error)}`;
    this.#lose(files, this.#fault);
  }

  #lose(files: StreamFiles, reason: string): void {
    if (files.signal.aborted) return;
    this.#context.logger.error(
      { exporter: this.name, stream: files.stream.id, reason },
      'rows are lost; the stream is replayed',
    );
    this.#end(files);
    this.#context.events.lost(files.stream.id, reason);
  }

  #end(files: StreamFiles): void {
    files.end();
    this.#context.metrics.pendingBytes.dec({ exporter: this.name }, files.pendingBytes);
    files.pendingBytes = 0;
    files.pendingRecords = 0;
    files.records = 0;
    files.rows = 0;
    files.held = 0;
    this.#wakeDrain();
  }

  #unlessVoid(files: StreamFiles, e: unknown): void {
    if (files.signal.aborted) return;
    this.#unlessClosing(e);
    this.#failed(files, e);
  }

  #unlessClosing(e: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#fault = `${this.name}: ${errorMessage(e)}`;
    this.#context.logger.error({ exporter: this.name, reason: errorMessage(e) }, 'a defect in the Parquet exporter');
  }

  #wakeDrain(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }
}
