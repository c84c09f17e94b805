import type { StatusReport } from '../model/status.ts';

/** Lists of a report that are compared entry by entry, and what an entry is known by. */
const LISTS = { streams: 'id', shards: 'index', exporters: 'name' } as const;

type List = keyof typeof LISTS;

/**
 * What changed: top-level parts of the report as they are now, of the lists only the entries that changed, and what is no
 * longer there. The history is left out, as who has the reports can go on with it.
 */
export interface StatusChange extends Partial<Omit<StatusReport, 'history'>> {
  /** Unix time, milliseconds. */
  readonly now: number;
  /** Keys of entries, by list, and names of parts of the report. */
  readonly gone?: Gone;
}

type Gone = Partial<Record<List, (string | number)[]> & { parts: string[] }>;

/** Compares each report with the one before: with 300 streams, of which few do anything, a change is a few KB instead of 100. */
export class StatusChanges {
  #parts = new Map<string, string>();
  #lists: Record<List, Map<string | number, string>> = { streams: new Map(), shards: new Map(), exporters: new Map() };

  /** @param now Unix time, milliseconds */
  next(report: StatusReport, now: number): StatusChange {
    const change: Record<string, unknown> = { now };
    for (const [name, value] of Object.entries(report)) {
      if (name === 'history' || Object.hasOwn(LISTS, name)) continue;
      const text = JSON.stringify(value);
      if (this.#parts.get(name) === text) continue;
      this.#parts.set(name, text);
      change[name] = value;
    }
    const gone: Gone = {};
    const parts = [...this.#parts.keys()].filter((name) => !Object.hasOwn(report, name));
    for (const name of parts) this.#parts.delete(name);
    if (parts.length > 0) gone.parts = parts;
    for (const list of Object.keys(LISTS) as List[]) {
      const before = this.#lists[list];
      const after = new Map<string | number, string>();
      const changed = report[list].filter((entry) => {
        const key = keyOf(list, entry);
        const text = JSON.stringify(entry);
        after.set(key, text);
        return before.get(key) !== text;
      });
      if (changed.length > 0) change[list] = changed;
      const missing = [...before.keys()].filter((key) => !after.has(key));
      if (missing.length > 0) gone[list] = missing;
      this.#lists[list] = after;
    }
    return { ...change, now, ...(Object.keys(gone).length === 0 ? {} : { gone }) };
  }
}

function keyOf(list: List, entry: StatusReport[List][number]): string | number {
  return (entry as unknown as Record<string, string | number>)[LISTS[list]]!;
}
