import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { HoldUp } from '../../src/cli/config-changes.ts';
import { Reloads } from '../../src/cli/reloads.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { until } from '../support/until.ts';

const yaml = (workers: number, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    cluster: { name: 'c' },
    workers,
    exporters: [{ name: 'out', type: 'file', path: '-' }],
    ...more,
  });

interface Run {
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly started: (all: boolean) => void;
  readonly fail: (code: 'EXPORTER_MISCONFIGURED' | 'STATE_HELD') => void;
  ended: boolean;
}

describe('which configuration runs', () => {
  let folder: string;
  let file: string;
  let reloads: Reloads;
  let metrics: Metrics;
  let runs: Run[];
  let outcome: Promise<string>;
  let applied: string[];
  let holdUps: HoldUp[];
  const stop = { controller: new AbortController() };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watershard-reloads-'));
    file = join(folder, 'a.yaml');
    [runs, applied, holdUps, metrics, stop.controller] = [[], [], [], createMetrics(), new AbortController()];
    writeFileSync(file, yaml(1));
    const parse = async (text: string): Promise<Config> => parseConfig(text, 'a.yaml');
    reloads = new Reloads(
      { file, text: yaml(1), config: parseConfig(yaml(1), 'a.yaml') },
      {
        parse,
        holdUps: () => holdUps,
        applyLive: ({ log }) => void applied.push(log.level),
        logger: createLogger('silent'),
        metrics,
      },
    );
    reloads.start();
    outcome = reloads.follow(stop.controller.signal, async (config, signal, started) => {
      const failing = Promise.withResolvers<never>();
      const run: Run = {
        config,
        signal,
        started,
        fail: (code) => failing.reject(new WatershardError(code, 'told so')),
        ended: false,
      };
      runs.push(run);
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await Promise.race([signal.aborted ? undefined : aborted, failing.promise]);
      run.ended = true;
      return `ended with ${config.workers}`;
    });
    outcome.catch(() => undefined);
  });
  afterEach(async () => {
    stop.controller.abort();
    await outcome.catch(() => undefined);
    reloads.close();
    rmSync(folder, { recursive: true });
  });

  const result = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await metrics.configReloads.get()).values.map((v) => [String(v.labels.result), v.value]));
  const last = (): string | undefined => reloads.status.lastReload?.result;
  const runsWith = (workers: number, nth: number): Promise<unknown> =>
    until(`run ${nth} is of ${workers}`, () => runs.length === nth && runs.at(-1)?.config.workers === workers);

  test('a changed file ends the run, and another begins', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(2));
    await runsWith(2, 2);
    assert.ok(runs[0]!.ended);
    assert.ok(reloads.reloading);
    runs[0]!.started(true); // late, and of no meaning
    assert.ok(reloads.reloading);
    runs[1]!.started(false);
    assert.ok(!reloads.reloading);
    assert.deepEqual(await result(), { applied: 1 });
    stop.controller.abort();
    assert.equal(await outcome, 'ended with 2');
  });

  test('one that does not start is left for the former, and is not tried again by itself', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(2));
    await runsWith(2, 2);
    runs[1]!.fail('EXPORTER_MISCONFIGURED');
    await runsWith(1, 3);
    runs[2]!.started(true);
    assert.equal(last(), 'failed');
    assert.equal(reloads.status.lastReload?.error?.code, 'EXPORTER_MISCONFIGURED');
    assert.equal((await metrics.configReloadOk.get()).values[0]?.value, 0);
    process.kill(process.pid, 'SIGHUP');
    await runsWith(2, 4);
    runs[3]!.started(true);
    assert.deepEqual(await result(), { failed: 1, applied: 1 });
    assert.equal((await metrics.configReloadOk.get()).values[0]?.value, 1);
  });

  test('an optional exporter that is found wrong late: the former one goes on; after all have started, the process ends', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(2));
    await runsWith(2, 2);
    runs[1]!.started(false);
    runs[1]!.fail('EXPORTER_MISCONFIGURED');
    await runsWith(1, 3);
    runs[2]!.started(true);
    writeFileSync(file, yaml(3));
    await runsWith(3, 4);
    runs[3]!.started(true);
    runs[3]!.fail('EXPORTER_MISCONFIGURED');
    await assert.rejects(outcome, { code: 'EXPORTER_MISCONFIGURED' });
  });

  test('one that waits too long for a sink that it has changed is left; for one that is the same it waits on', async () => {
    runs[0]!.started(true);
    const more = { name: 'more', type: 'file', path: 'more.jsonl' };
    const exporters = [{ name: 'out', type: 'file', path: '-' }, more];
    holdUps = [{ exporter: 'out', detail: 'away' }];
    writeFileSync(file, yaml(2, { exporters, reload: { timeout: '1ms' } }));
    await runsWith(2, 2);
    await new Promise((r) => setTimeout(r, 600));
    assert.deepEqual([runs.length, reloads.reloading], [2, true]);
    holdUps = [...holdUps, { exporter: 'more', detail: 'nobody answers' }];
    await runsWith(1, 3);
    assert.equal(last(), 'failed');
    const { error } = reloads.status.lastReload!;
    assert.equal(error?.code, 'CONFIG_NOT_STARTED');
    assert.match(error?.message ?? '', /more: nobody answers$/);
    assert.ok(!reloads.reloading);
  });

  test('what is no fault of the configuration ends the process', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(2));
    await runsWith(2, 2);
    runs[1]!.fail('STATE_HELD');
    await assert.rejects(outcome, { code: 'STATE_HELD' });
  });

  test('the first one has no former', async () => {
    runs[0]!.fail('EXPORTER_MISCONFIGURED');
    await assert.rejects(outcome, { code: 'EXPORTER_MISCONFIGURED' });
  });

  test('changed again before it has started: the former is the one that ran', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(2));
    await runsWith(2, 2);
    writeFileSync(file, yaml(3));
    await runsWith(3, 3);
    runs[2]!.fail('EXPORTER_MISCONFIGURED');
    await runsWith(1, 4);
    assert.deepEqual(await result(), { failed: 1 });
  });

  test('a comment changes nothing but the hash, and the level of the log needs no new run', async () => {
    runs[0]!.started(true);
    const { hash } = reloads.status;
    writeFileSync(file, `# words\n${yaml(1)}`);
    await until('it is told', () => last() === 'unchanged');
    assert.notEqual(reloads.status.hash, hash);
    writeFileSync(file, yaml(1, { log: { level: 'debug' } }));
    await until('it is told', () => last() === 'applied');
    assert.deepEqual([runs.length, applied], [1, ['debug']]);
  });

  test('invalid, and refused with the names of all that needs a restart', async () => {
    runs[0]!.started(true);
    writeFileSync(file, 'cluster: {}');
    await until('it is told', () => last() === 'invalid');
    assert.equal(reloads.status.lastReload?.error?.code, 'CONFIG_INVALID');
    writeFileSync(file, yaml(2, { dataDir: '/elsewhere', ops: { listen: '127.0.0.1:1' } }));
    await until('it is told', () => last() === 'refused');
    assert.match(reloads.status.lastReload?.error?.message ?? '', /^dataDir, ops\.listen are changed/);
    writeFileSync(file, yaml(1));
    await until('it is told', () => last() === 'unchanged');
    assert.deepEqual([runs.length, await result()], [1, { invalid: 1, refused: 1, unchanged: 1 }]);
  });

  test('a password in the file stands in no message', async () => {
    runs[0]!.started(true);
    writeFileSync(file, yaml(1, { state: { url: 'redis://:s3cret@host:1/0' } }));
    await until('it is told', () => last() === 'refused');
    assert.doesNotMatch(JSON.stringify(reloads.status), /s3cret/);
  });
});
