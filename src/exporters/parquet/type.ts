import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { parquetConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'by-file',
  ordered: true,
  cuts: true,
  encodings: ['rows'],
  idIn: 'the column `id`',
  limit: 'none',
};

/** Parquet files on S3-compatible object storage or in a folder. */
export const parquetType: ExporterType<typeof parquetConfig> = {
  config: parquetConfig,
  capabilities,
  lane: ({ inventoryObjects }, table) => ({
    encoding: 'rows',
    ...(table === 'inventory' && !inventoryObjects ? { object: false } : {}),
  }),
  create: async (config, context) => {
    const { ParquetExporter } = await import('./exporter.ts');
    return new ParquetExporter(config, context, capabilities);
  },
  check: async (config) => {
    const { checkParquet } = await import('./check.ts');
    return await checkParquet(config);
  },
};
