import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { Credits } from '../../src/shard/credits.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createOutlets, type Outlets } from '../../src/topology/outlets.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

test('a dead letter counts as stored when it is in the buffer on disk, and the exporter gets it after a restart', async () => {
  const folder = temporaryFolder('letters');
  const file = join(folder, 'letters.ndjson');
  const config = parseConfig(
    JSON.stringify({
      cluster: { name: 'demo' },
      dataDir: folder,
      exporters: [
        { name: 'bus', type: 'file', path: join(folder, 'bus.ndjson'), deadLetter: 'letters' },
        { name: 'letters', type: 'file', path: file, required: false, buffer: { type: 'disk' } },
      ],
    }),
    'test.yaml',
  );
  const open = (): Promise<Outlets> =>
    createOutlets(config, {
      epoch: 'epoch',
      confirm: async () => undefined,
      credits: new Credits(2 ** 20, 2 ** 20),
      metrics: createMetrics(),
      logger: createLogger('silent'),
      mode: 'run',
      runOf: () => undefined,
      onLost: () => undefined,
    });
  const close = async ({ outlets }: Outlets): Promise<void> => {
    for (const outlet of outlets) await outlet.close();
  };

  // Not started: it is away.
  const first = await open();
  const error = new WatershardError('RECORD_TOO_LARGE', 'too large');
  const letter = (id: string) => ({ exporter: 'bus', key: 'pods/a/b', id, error, payload: Buffer.from('{}') });
  await Promise.all(['one', 'two', 'three'].map((id) => first.deadLetters.take(letter(id))));
  assert.ok(!existsSync(file));
  await close(first);

  const second = await open();
  const outlet = second.outlets[1]!;
  await outlet.exporter.start(AbortSignal.timeout(10_000));
  await second.deadLetters.take(letter('four'));
  await until('all are there', () => outlet.pendingBytes === 0 && outlet.acknowledged === 4);
  const ids = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual(ids, ['one', 'two', 'three', 'four']);
  await close(second);
});
