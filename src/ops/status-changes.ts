import type { StatusReport } from '../model/status.ts';

/** Lists of a report that are compared entry by entry, and what an entry is known by. */
const LISTS = { streams: 'id', shards: 'index', exporters: 'name' } as const;

type List = keyof typeof LISTS;
type Key = string | number;

/** What an entry is known by, and its fields that changed; null for one that it has no more. */
type Changed<T> = { readonly [K in keyof T]?: T[K] | null };

/**
 * What changed: parts of the report as they are now, of the lists only the entries that changed, of these only the fields that
 * did, and what is no longer there. The history is left out, as who has the reports can go on with it.
 */
export interface StatusChange extends Partial<Omit<StatusReport, 'history' | List>> {
  /** Unix time, milliseconds. */
  readonly now: number;
  readonly streams?: readonly Changed<StatusReport['streams'][number]>[];
  readonly shards?: readonly Changed<StatusReport['shards'][number]>[];
  readonly exporters?: readonly Changed<StatusReport['exporters'][number]>[];
  /** Keys of entries, by list, and names of parts of the report. */
  readonly gone?: Gone;
}

type Gone = Partial<Record<List, Key[]> & { parts: string[] }>;

/** Values as JSON, by name. */
type Texts = Map<string, string>;

/** Compares each report with the one before. Streams that do nothing cost nothing, and of one that lags its lag is all that is told. */
export class StatusChanges {
  readonly #parts: Texts = new Map();
  readonly #lists: Record<List, Map<Key, Texts>> = { streams: new Map(), shards: new Map(), exporters: new Map() };

  /** @param now Unix time, milliseconds */
  next(report: StatusReport, now: number): StatusChange {
    const parts = Object.entries(report).filter(([name]) => name !== 'history' && !Object.hasOwn(LISTS, name));
    const { changed, missing } = differences(this.#parts, parts);
    const gone: Gone = missing.length > 0 ? { parts: missing } : {};
    const lists: Record<string, unknown> = {};
    for (const list of Object.keys(LISTS) as List[]) {
      const { entries, without } = this.#compare(list, report[list]);
      if (entries.length > 0) lists[list] = entries;
      if (without.length > 0) gone[list] = without;
    }
    return { ...changed, ...lists, now, ...(Object.keys(gone).length === 0 ? {} : { gone }) };
  }

  #compare(list: List, report: readonly object[]): { entries: Record<string, unknown>[]; without: Key[] } {
    const known = this.#lists[list];
    const without = new Set(known.keys());
    const entries: Record<string, unknown>[] = [];
    for (const entry of report) {
      const key = (entry as Record<string, Key>)[LISTS[list]]!;
      without.delete(key);
      const texts = known.get(key) ?? new Map<string, string>();
      known.set(key, texts);
      const { changed, missing } = differences(texts, Object.entries(entry));
      for (const field of missing) changed[field] = null;
      if (Object.keys(changed).length > 0) entries.push({ [LISTS[list]]: key, ...changed });
    }
    for (const key of without) known.delete(key);
    return { entries, without: [...without] };
  }
}

/** Brings what is known up to date. */
function differences(
  known: Texts,
  now: readonly [string, unknown][],
): { changed: Record<string, unknown>; missing: string[] } {
  const changed: Record<string, unknown> = {};
  const missing = new Set(known.keys());
  for (const [name, value] of now) {
    missing.delete(name);
    const text = JSON.stringify(value);
    if (known.get(name) === text) continue;
    known.set(name, text);
    changed[name] = value;
  }
  for (const name of missing) known.delete(name);
  return { changed, missing: [...missing] };
}
