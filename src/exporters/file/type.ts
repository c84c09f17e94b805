import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { fileConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'cloudevents'],
  idIn: 'the record',
  limit: 'none',
};

/** Lines of JSON in a file or on the standard output. */
export const fileType: ExporterType<typeof fileConfig> = {
  config: fileConfig,
  capabilities,
  lane: ({ encoding }) => (encoding === 'cloudevents' ? { encoding, cloudEvents: 'structured' } : { encoding }),
  create: async (config, context) => {
    const { FileExporter } = await import('./exporter.ts');
    return new FileExporter(config, context, capabilities);
  },
  check: async (config) => {
    const { checkFile } = await import('./check.ts');
    return await checkFile(config);
  },
};
