import { DeltaWriter } from '../model/delta.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Packed deltas of puts of about 1 MiB, in the order given. */
export function packPuts(
  ...sources: readonly Iterable<{ readonly key: string; readonly value: Uint8Array }>[]
): ArrayBuffer[] {
  const chunks: ArrayBuffer[] = [];
  const writer = new DeltaWriter();
  let bytes = 0;
  for (const source of sources) {
    for (const { key, value } of source) {
      writer.put(key, value);
      bytes += key.length + value.length;
      if (bytes < CHUNK_BYTES) continue;
      chunks.push(writer.finish());
      bytes = 0;
    }
  }
  if (writer.count > 0) chunks.push(writer.finish());
  return chunks;
}
