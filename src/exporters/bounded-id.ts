import { createHash } from 'node:crypto';

/**
 * The id, or where it has more bytes than a bus takes, its hash: the same for the same id. Only an id of what has no uid is
 * that long, as a namespace and a name are in it.
 */
export function boundedId(id: string, most: number): string {
  return Buffer.byteLength(id) <= most ? id : createHash('sha256').update(id).digest('hex');
}
