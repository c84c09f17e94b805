import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { ExporterHarness, StoredRecord } from '../support/exporter-probe.ts';
import { HttpSink } from './http-sink.ts';

const LIMIT = 32 * 1024;

/** @param broken how the server is away: it refuses connections, or answers with this status */
function harness(
  settings: Record<string, unknown>,
  broken: 'down' | number,
  read: (body: string) => unknown[],
): ExporterHarness {
  const sink = new HttpSink();
  sink.limit = LIMIT;
  return {
    up: () => sink.start(),
    down: () => sink.stop(),
    reset: async () => sink.reset(),
    create: (context) =>
      EXPORTERS.http.create(
        EXPORTERS.http.config.parse({
          name: 'sink',
          type: 'http',
          url: sink.url,
          batch: { records: 100, interval: '20ms' },
          ...settings,
        }),
        context,
      ),
    readBack: async () =>
      sink.stored.flatMap(read).map((record): StoredRecord => {
        const { id, key, operation } = record as StoredRecord;
        return { id, key, operation, payload: Buffer.from(JSON.stringify(record)) };
      }),
    breakSink: async () => {
      if (broken === 'down') await sink.stop();
      else sink.always = { type: 'answer', status: broken };
    },
    mendSink: async () => {
      sink.always = { type: 'answer', status: 200 };
      await sink.start();
    },
    crashSink: async () => {
      await sink.stop();
      await sink.start();
    },
    oversize: LIMIT + 1,
  };
}

const array = (body: string): unknown[] => JSON.parse(body) as unknown[];
const lines = (body: string): unknown[] =>
  body
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

exporterContract('http, server down', harness({}, 'down', array));
exporterContract(
  'http, 503, lines',
  harness({ format: 'ndjson', batch: { records: 30, bytes: '8KiB', interval: '5ms' } }, 503, lines),
);
exporterContract(
  'http, 401, too large by its own limit',
  harness({ batch: { bytes: '32KiB', interval: '20ms' }, oversize: 'reject' }, 401, array),
);
