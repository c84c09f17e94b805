import type { Position } from '../../model/position.ts';
import { readJson } from './json-file.ts';
import { attemptKey, dateFolder, dateOf, nameBefore, sequenceOf } from './request.ts';
import type { FileStore } from './store.ts';

/**
 * Files of a stream that an attempt has stored and that no commit followed: what they hold is sent again, but maybe under
 * another date, or not at all, so they have to go before the first file of the next attempt.
 *
 * They are found without looking at the whole history: most have a date from that of the position's commit on. For those that
 * have not (the first file of a stream; rows that waited over midnight or an outage) the attempt leaves a note, before it
 * stores its files.
 */
export interface AttemptNote {
  readonly sequence: number;
  readonly dates: readonly string[];
}

/** Removes the leftovers of a stream in one table. @returns how many there were */
export async function removeLeftovers(
  store: FileStore,
  folder: string,
  stem: string,
  position: Position | undefined,
): Promise<number> {
  const from = position?.sequence ?? 0;
  const keys: string[] = [];
  if (position !== undefined) {
    const first = `${dateFolder(folder, dateOf(position.committedAt * 1000))}${nameBefore(stem, from)}`;
    keys.push(...(await store.list(`${folder}date=`, first)));
  }
  const key = attemptKey(folder, stem);
  const note = readJson<AttemptNote>(key, await store.get(key));
  if (note?.sequence !== undefined && note.sequence >= from) {
    for (const date of note.dates ?? []) keys.push(...(await store.list(`${dateFolder(folder, date)}${stem}-`, '')));
  }
  const leftovers = keys.filter((key) => (sequenceOf(key, stem) ?? -1) >= from);
  await store.remove([...new Set(leftovers)]);
  return leftovers.length;
}

/** The dates of files that `removeLeftovers` would not find by the position alone. */
export function datesToNote(dates: readonly string[], position: Position | undefined): readonly string[] {
  if (position === undefined) return dates;
  const committed = dateOf(position.committedAt * 1000);
  return dates.filter((date) => date < committed);
}

export function writeNote(note: AttemptNote): Uint8Array {
  return Buffer.from(JSON.stringify(note));
}
