import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParquetConfig } from './config.ts';
import type { FileStore, StoreOptions } from './store.ts';

const S3 = /^s3:\/\/([^/]+)\/?(.*)$/;

/** The store that `url` names. Drivers are loaded here, when they are in use. */
export async function openStore(config: ParquetConfig, options: StoreOptions): Promise<FileStore> {
  const s3 = S3.exec(config.url);
  if (s3 === null) {
    const { FolderStore } = await import('./folder-store.ts');
    return new FolderStore(
      config.url.startsWith('file:') ? fileURLToPath(config.url) : resolve(config.url),
      options.confirm,
    );
  }
  const { S3Store } = await import('./s3-store.ts');
  const [, bucket = '', path = ''] = s3;
  const prefix = path.replace(/\/+$/, '');
  const target = {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: config.endpoint,
    region: config.region,
    forcePathStyle: config.forcePathStyle,
    ca: config.ca,
    partBytes: config.partSize,
    timeout: config.requestTimeout,
  };
  return await S3Store.open(target, options);
}
