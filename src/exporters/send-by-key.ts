import type { Verdict } from './queued-exporter.ts';

/**
 * Sends records side by side, but no two of one key: where one has to be sent again, nothing behind it of its object has been
 * stored, whatever the sink does with others. So the order of each object holds in sinks that answer for each message alone.
 * @returns one verdict a record; `again` too for what was not sent since one before it of its key was not stored
 */
export async function sendByKey<T extends { readonly key: string }>(
  records: readonly T[],
  send: (record: T) => Promise<Verdict> | Verdict,
): Promise<Verdict[]> {
  const verdicts = records.map((): Verdict => 'again');
  const places = new Map<string, number[]>();
  for (const [i, { key }] of records.entries()) {
    const own = places.get(key);
    if (own === undefined) places.set(key, [i]);
    else own.push(i);
  }
  const sendAll = async (own: readonly number[]): Promise<void> => {
    for (const i of own) {
      const verdict = await send(records[i] as T);
      verdicts[i] = verdict;
      if (verdict === 'again') return;
    }
  };
  await Promise.all([...places.values()].map(sendAll));
  return verdicts;
}
