import { posix } from 'node:path';
import type { LaneRecord } from '../model/lane.ts';

/**
 * `<cluster>/<uid>` as kollect has it (Go's path.Join), or `<cluster>/<resource>/<namespace>/<name>`; the latter also for what
 * has no uid. Without a cluster its slash is missing too.
 */
export function objectKey(kind: 'uid' | 'object', cluster: string, record: Pick<LaneRecord, 'id' | 'key'>): string {
  const uid = kind === 'uid' ? uidOf(record) : '';
  const key = uid === '' ? record.key : uid;
  return cluster === '' ? key : posix.join(cluster, key);
}

/** An id is `<uid>:…`; where there is no uid, `<key>:…` or `gap:…`. A uid has neither colon nor slash. */
function uidOf({ id, key }: Pick<LaneRecord, 'id' | 'key'>): string {
  const uid = id.slice(0, Math.max(0, id.indexOf(':')));
  return uid.includes('/') || uid === 'gap' || key.startsWith(`${uid}:`) ? '' : uid;
}
