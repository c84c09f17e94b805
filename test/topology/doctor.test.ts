import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
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
    write: false,
    logger: createLogger('silent', false),
    metrics: createMetrics(),
    tell: (_check, _subject, found) => told.push(...found),
  });
  return told;
}

describe('doctor', () => {
  test('what a check says is told with the type of the exporter, and what it throws is a finding', async () => {
    const folder = temporaryFolder('doctor-sinks');
    const [well] = await findings(join(folder, 'out.jsonl'));
    assert.match(`${well?.outcome} ${well?.text}`, /^ok file: .* can be written to/);
    const [refused] = await findings(folder);
    assert.match(`${refused?.outcome} ${refused?.text}`, /^failed file: /);
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
