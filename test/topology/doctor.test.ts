import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { fileType } from '../../src/exporters/file/type.ts';
import type { Finding } from '../../src/model/finding.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { bounded } from '../../src/topology/doctor/bounded.ts';
import { checkSinks } from '../../src/topology/doctor/sinks.ts';
import { checkSkew } from '../../src/watch/server-checks.ts';
import { temporaryFolder } from '../support/servers/process.ts';

async function findings(path: string): Promise<Finding[]> {
  const exporters = [{ name: 'lines', type: 'file', path }];
  const config = parseConfig(JSON.stringify({ cluster: { name: 'demo' }, exporters }), 'of the test');
  const told: Finding[] = [];
  await checkSinks(config, {
    timeout: 5000,
    send: false,
    logger: createLogger('silent', false),
    metrics: createMetrics(),
    tell: (_check, _subject, found) => told.push(...found),
  });
  return told;
}

describe('doctor', () => {
  test('an exporter without a check of its own is started and closed', async (t) => {
    const type = fileType as { check?: unknown };
    const { check } = type;
    delete type.check;
    t.after(() => {
      type.check = check;
    });
    const folder = temporaryFolder('doctor-sinks');
    assert.deepEqual(await findings(join(folder, 'out.jsonl')), [{ outcome: 'ok', text: 'file: it connects' }]);
    const [refused] = await findings(folder);
    assert.equal(refused?.outcome, 'failed');
    assert.equal(refused?.code, 'EXPORTER_MISCONFIGURED');
  });

  test('a check that does not end is told of', async () => {
    let aborted = false;
    const [found] = await bounded(20, 'exporter bus', async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted = true;
      return [];
    });
    assert.deepEqual(
      [found?.outcome, found?.text, aborted],
      ['failed', 'exporter bus did not answer within 0.02 s', true],
    );
  });

  test('a clock is judged by how far it is off', () => {
    assert.deepEqual(
      [undefined, 400, -4000, 20_000, -20_000, 400_000].map((skew) => checkSkew(skew).outcome),
      ['warning', 'ok', 'ok', 'warning', 'warning', 'failed'],
    );
    assert.match(checkSkew(-20_000).text, /20 s behind/);
  });
});
