import type { Quarantine } from '../model/quarantine.ts';
import type { Culprit } from '../model/work-trace.ts';

/** A thread may end on an object by accident, as when memory was short already; twice on the same one is no accident. */
const PROOF = 2;
/** Objects and texts remembered; the oldest go first, and cost a restart again. */
const MAX = 1000;
/** For how long every version of an object is set aside that has been poisonous in two; doubles up to a day. */
const WHOLE_KEY_MICROS = 10 * 60 * 1e6;
const DAY_MICROS = 24 * 3600 * 1e6;

export type Verdict = 'unknown' | 'unread' | 'suspected' | 'quarantined';

/** For the log. */
export const VERDICTS: Readonly<Record<Verdict, string>> = {
  unknown: 'a worker thread ended on work of this stream, but not on an object',
  unread: 'a worker thread ended while it read an object of this stream; from now on the texts are told apart',
  suspected: 'a worker thread ended on this object; it is tried once more',
  quarantined: 'worker threads ended on this object; it is set aside by its key, and the stream goes on',
};

interface Entry {
  readonly resourceVersions: string[];
  until: number;
}

/** What has ended the worker threads of a stream. Pure: it is told the time. */
export class Poison {
  readonly #suspects = new Map<string, number>();
  readonly #objects = new Map<string, Entry>();
  readonly #texts = new Set<string>();
  #careful = false;

  /** @param now Unix time, microseconds */
  blame({ object }: Culprit, now: number): Verdict {
    if (object === undefined) return 'unknown';
    if (object === 'unread') {
      this.#careful = true;
      return 'unread';
    }
    const suspect = 'text' in object ? object.text : `${object.key}\n${object.resourceVersion}`;
    const times = (this.#suspects.get(suspect) ?? 0) + 1;
    this.#suspects.delete(suspect);
    if (times < PROOF) {
      this.#suspects.set(suspect, times);
      bound(this.#suspects);
      return 'suspected';
    }
    if ('text' in object) {
      this.#texts.add(object.text);
      bound(this.#texts);
    } else this.#quarantine(object.key, object.resourceVersion, now);
    return 'quarantined';
  }

  /** undefined where there is nothing to be careful of. */
  get quarantine(): Quarantine | undefined {
    if (!this.#careful && this.#objects.size === 0) return undefined;
    return {
      objects: [...this.#objects].map(([key, { resourceVersions, until }]) => ({ key, resourceVersions, until })),
      texts: [...this.#texts],
      careful: this.#careful,
    };
  }

  #quarantine(key: string, resourceVersion: string, now: number): void {
    const entry = this.#objects.get(key) ?? { resourceVersions: [], until: 0 };
    this.#objects.delete(key); // to stand behind the others
    this.#objects.set(key, entry);
    bound(this.#objects);
    entry.resourceVersions.push(resourceVersion);
    const versions = entry.resourceVersions.length;
    if (versions > 1) entry.until = now + Math.min(DAY_MICROS, WHOLE_KEY_MICROS * 2 ** (versions - 2));
    if (versions > 20) entry.resourceVersions.shift();
  }
}

function bound(entries: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean }): void {
  if (entries.size > MAX) entries.delete(entries.keys().next().value as string);
}

/** What the log says of it. */
export function about({ object }: Culprit): { readonly key?: string; readonly resourceVersion?: string } {
  return typeof object === 'object' && 'key' in object ? object : {};
}
