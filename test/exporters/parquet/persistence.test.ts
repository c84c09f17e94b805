import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Persistence } from '../../../src/exporters/parquet/persistence.ts';
import type { FileStore } from '../../../src/exporters/parquet/store.ts';
import { WatershardError } from '../../../src/model/errors.ts';
import { ExporterProbe } from '../../support/exporter-probe.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;

test('a request that goes on failing is not hidden by others that succeed', async () => {
  const logs: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void logs.push(JSON.parse(line).msg) });
  const { context } = new ExporterProbe({ create: () => assert.fail() }, { logger });
  const store = { close: () => undefined } as FileStore;
  const persistence = new Persistence(store, context);
  let broken = true;
  let attempts = 0;
  const failing = persistence.until(async () => {
    attempts++;
    if (broken) throw new WatershardError('EXPORTER_UNREACHABLE', 'storing a large file: it broke');
  }, NEVER);
  await until('it has failed', () => attempts >= 1);
  for (let i = 0; i < 3; i++) await persistence.until(async () => undefined, NEVER);
  assert.match(persistence.health().detail ?? '', /^EXPORTER_UNREACHABLE: storing a large file: it broke\. /);
  await until('it has failed again', () => attempts >= 3);
  broken = false;
  await failing;
  assert.deepEqual(persistence.health(), { ok: true });
  assert.deepEqual(logs, ['storing a large file: it broke', 'files are stored again']);
});

test('a request that is not wanted any more is no trouble', async () => {
  const { context } = new ExporterProbe({ create: () => assert.fail() });
  const persistence = new Persistence({ close: () => undefined } as FileStore, context);
  const end = new AbortController();
  const request = persistence.until(() => Promise.reject(new WatershardError('EXPORTER_FULL', 'full')), end.signal);
  await until('it has failed', () => !persistence.health().ok);
  end.abort();
  await assert.rejects(request);
  assert.deepEqual(persistence.health(), { ok: true });
});
