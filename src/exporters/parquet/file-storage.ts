import type { Position } from '../../model/position.ts';
import { resourceName, type Stream } from '../../model/resource.ts';
import type { ExporterContext } from '../exporter.ts';
import { datesToNote, removeLeftovers, writeNote } from './leftovers.ts';
import type { Persistence } from './persistence.ts';
import type { EncodedFile, FieldTypes } from './protocol.ts';
import {
  attemptKey,
  dateFolder,
  fileName,
  fileStem,
  resourceFolder,
  sequenceOf,
  TABLES,
  type Table,
} from './request.ts';
import { StickyTypes } from './sticky-types.ts';
import type { StreamFiles } from './stream-files.ts';

/** Puts finished files where they belong, and what has to be there before them. */
export class FileStorage {
  readonly #context: ExporterContext;
  readonly #persistence: Persistence;
  readonly #closing: AbortSignal;
  readonly #onTypes: (error?: unknown) => void;
  readonly #types = new Map<string, StickyTypes>();
  storedFiles = 0;

  /** @param onTypes column types of a resource have been read, or an error says why they cannot be */
  constructor(
    context: ExporterContext,
    persistence: Persistence,
    closing: AbortSignal,
    onTypes: (error?: unknown) => void,
  ) {
    this.#context = context;
    this.#persistence = persistence;
    this.#closing = closing;
    this.#onTypes = onTypes;
  }

  /** The column types of a resource; they are being read where they are not `loaded`. */
  typesOf(table: Table, stream: Stream): StickyTypes {
    const resource = resourceName(stream.resource);
    const key = `${table}/${resource}`;
    let types = this.#types.get(key);
    if (types === undefined) {
      const folder = resourceFolder(table, this.#context.cluster, resource);
      types = new StickyTypes(table, resource, folder, this.#persistence);
      this.#types.set(key, types);
      types.load(this.#closing).then(() => this.#onTypes(), this.#onTypes);
    }
    return types;
  }

  grow(table: Table, resource: string, types: FieldTypes): void {
    this.#types.get(`${table}/${resource}`)?.grow(types);
  }

  /** The next encoder thread knows no types. */
  forgetThread(): void {
    for (const types of this.#types.values()) types.sent = false;
  }

  /** Stores the files of one cut, behind what an older attempt has left. */
  async store(files: StreamFiles, position: Position | undefined, encoded: readonly EncodedFile[]): Promise<void> {
    files.signal.throwIfAborted();
    const resource = resourceName(files.stream.resource);
    const stem = fileStem(files.stream.id, this.#context.epoch);
    const sequence = position?.sequence ?? 0;
    await this.sweep(files);
    for (const table of TABLES) {
      const ofTable = encoded.filter((file) => file.table === table);
      const folder = resourceFolder(table, this.#context.cluster, resource);
      await this.#leaveNote(files, table, folder, stem, position, ofTable);
      if (ofTable.length > 0) await this.#types.get(`${table}/${resource}`)?.save(this.#closing);
      for (const { date, part, asOf, bytes } of ofTable) {
        const key = dateFolder(folder, date) + fileName(stem, { sequence, part, asOf });
        const body = new Uint8Array(bytes);
        await this.#persistence.until((store) => store.put(key, body), files.signal);
        this.storedFiles++;
        this.#context.metrics.files.inc({ exporter: this.#context.name, table });
      }
    }
  }

  /** Once for each incarnation: removes what an attempt before it has stored and not committed. */
  async sweep(files: StreamFiles): Promise<void> {
    if (files.swept) return;
    files.signal.throwIfAborted();
    const { id } = files.stream;
    const { name, cluster, epoch, logger } = this.#context;
    for (const table of TABLES) {
      const folder = resourceFolder(table, cluster, resourceName(files.stream.resource));
      const removed = await this.#persistence.until(
        (store) => removeLeftovers(store, folder, fileStem(id, epoch), files.begin),
        files.signal,
      );
      if (removed > 0) {
        const found = { exporter: name, stream: id, table, removed };
        logger.info(found, 'files of an attempt that was not committed are removed');
      }
    }
    const folders = TABLES.map((table) => resourceFolder(table, cluster, resourceName(files.stream.resource)));
    const unfinished = await this.#persistence.until(
      (store) =>
        store.removeUnfinished(
          (key) => sequenceOf(key, fileStem(id, epoch)) !== undefined && folders.some((f) => key.startsWith(f)),
        ),
      files.signal,
    );
    if (unfinished > 0)
      logger.info(
        { exporter: name, stream: id, removed: unfinished },
        'unfinished uploads of an earlier run are removed',
      );
    files.swept = true;
  }

  /** Notes the dates that leftovers.ts would not look at, and takes an older note away. */
  async #leaveNote(
    files: StreamFiles,
    table: Table,
    folder: string,
    stem: string,
    position: Position | undefined,
    encoded: readonly EncodedFile[],
  ): Promise<void> {
    const sequence = position?.sequence ?? 0;
    const dates = datesToNote([...new Set(encoded.map((file) => file.date))], position);
    const key = attemptKey(folder, stem);
    if (dates.length > 0) {
      const note = writeNote({ sequence, dates });
      await this.#persistence.until((store) => store.put(key, note), files.signal);
      files.notes.set(table, sequence);
    } else if ((files.notes.get(table) ?? sequence) < sequence) {
      await this.#persistence.until((store) => store.remove([key]), files.signal);
      files.notes.delete(table);
    }
  }
}
