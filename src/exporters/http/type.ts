import type { Capabilities } from '../exporter.ts';
import type { ExporterType, LaneWish } from '../exporter-type.ts';
import { type HttpConfig, httpConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'cloudevents', 'watch-proxy'],
  idIn: 'the record',
  limit: 'none, or what the endpoint answers with 413',
};

function laneOf(encoding: HttpConfig['encoding'], form: HttpConfig['watchProxy']): LaneWish {
  switch (encoding) {
    case 'json':
      return { encoding };
    case 'cloudevents':
      return { encoding, cloudEvents: 'structured' };
    case 'watch-proxy': {
      const { clusterName, assetIds, keepKind } = form;
      return { encoding, watchProxy: { ...(clusterName === undefined ? {} : { clusterName }), assetIds, keepKind } };
    }
  }
}

/** Batches of records posted to an HTTP server. */
export const httpType: ExporterType<typeof httpConfig> = {
  config: httpConfig,
  capabilities,
  lane: ({ encoding, watchProxy }) => laneOf(encoding, watchProxy),
  create: async (config, context) => {
    const { HttpExporter } = await import('./exporter.ts');
    return new HttpExporter(config, context, capabilities);
  },
  check: async (config, context) => {
    const { checkHttp } = await import('./check.ts');
    return await checkHttp(config, context);
  },
};
