import { WatershardError } from '../model/errors.ts';
import { type ListScan, scanList } from '../model/list-scan.ts';
import type { StreamShard } from './shard-support.ts';

/** What a page says of itself, or why it must not be taken. */
export function readPage(bytes: Uint8Array, shard: StreamShard): ListScan | WatershardError {
  const list = scanList(bytes);
  if (list !== undefined && list.resourceVersion !== '') return shard.mismatch(list) ?? list;
  const text = `listing ${shard.stream.id}: the API server's page of ${bytes.length} bytes is not a list with a resourceVersion`;
  return new WatershardError('API_STATUS', text);
}
