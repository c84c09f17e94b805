import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finding, failed, ok, warning } from '../../model/finding.ts';
import { checkFolder } from '../folder-check.ts';
import type { ParquetConfig } from './config.ts';
import { openStore } from './target.ts';

/** Puts an object under the prefix, beside the tables, reads it back and removes it. */
export async function checkParquet(config: ParquetConfig): Promise<Finding[]> {
  const { url } = config;
  if (!url.startsWith('s3:')) return await checkFolder(url.startsWith('file:') ? fileURLToPath(url) : resolve(url));
  const warnings: string[] = [];
  const store = await openStore(config, { warn: (text) => warnings.push(text), confirm: async () => undefined });
  const key = `watershard-doctor-${randomUUID()}`;
  const bytes = Buffer.from(key);
  try {
    await store.check();
    await store.put(key, bytes);
    const read = await store.get(key).finally(() => store.remove([key]));
    if (read === undefined || !bytes.equals(read)) {
      const text = `${url} does not give back what was stored a moment before`;
      return [failed(text, 'Use a store that is consistent after a write, as S3 is.')];
    }
    const remedy = 'Use a server that knows If-None-Match, or see that no killed process runs on.';
    return [ok(`${url}: an object was stored, read back and removed`), ...warnings.map((w) => warning(w, remedy))];
  } finally {
    store.close();
  }
}
