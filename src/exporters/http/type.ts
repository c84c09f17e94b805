import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { httpConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'cloudevents'],
};

/** Batches of records posted to an HTTP server. */
export const httpType: ExporterType<typeof httpConfig> = {
  config: httpConfig,
  capabilities,
  lane: ({ encoding }) => (encoding === 'cloudevents' ? { encoding, cloudEvents: 'structured' } : { encoding }),
  create: async (config, context) => {
    const { HttpExporter } = await import('./exporter.ts');
    return new HttpExporter(config, context, capabilities);
  },
};
