import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parquetConfig } from '../../../src/exporters/parquet/config.ts';
import { datesToNote } from '../../../src/exporters/parquet/leftovers.ts';
import {
  dateOf,
  escapeName,
  fileName,
  fileStem,
  nameBefore,
  resourceFolder,
  sequenceOf,
} from '../../../src/exporters/parquet/request.ts';
import { NOON } from './rows.ts';

test('folders are Hive partitions, none of them empty', () => {
  assert.equal(
    resourceFolder('changes', 'demo', 'deployments.apps'),
    'changes/cluster=demo/resource=deployments.apps/',
  );
  assert.equal(resourceFolder('inventory', 'a/b=c é', 'pods'), 'inventory/cluster=a%2Fb%3Dc%20%C3%A9/resource=pods/');
  assert.equal(escapeName(''), '_');
});

test('dates are UTC days', () => {
  assert.equal(dateOf(0), '1970-01-01');
  assert.equal(dateOf(Date.UTC(2026, 1, 1) * 1000 - 1), '2026-01-31');
  assert.equal(dateOf(Date.UTC(2026, 1, 1) * 1000), '2026-02-01');
});

test('a name says stream, epoch and position, sorts by the position, and gives it back', () => {
  const stem = fileStem('pods@team-a', '1234-abcd');
  assert.equal(stem, 'pods@team-a-1234abcd');
  const first = fileName(stem, { sequence: 9, part: 0 });
  assert.equal(first, 'pods@team-a-1234abcd-000000000009.parquet');
  const part = fileName(stem, { sequence: 9, part: 2 });
  const inventory = fileName(stem, { sequence: 9, part: 1, asOf: NOON });
  assert.equal(inventory, 'pods@team-a-1234abcd-000000000009-20260131T120000123456Z-1.parquet');
  const next = fileName(stem, { sequence: 10, part: 0 });
  for (const name of [first, part, inventory]) {
    assert.equal(sequenceOf(`changes/date=2026-01-31/${name}`, stem), 9);
    assert.ok(name > nameBefore(stem, 9) && name < nameBefore(stem, 10) && name < next);
  }
});

test('files of other streams, epochs and kinds are not taken for a stream’s own', () => {
  const stem = fileStem('pods', 'e1');
  for (const other of [
    fileName(fileStem('pods@a', 'e1'), { sequence: 1, part: 0 }),
    fileName(fileStem('pods', 'e2'), { sequence: 1, part: 0 }),
    fileName(fileStem('pods', 'e12'), { sequence: 1, part: 0 }),
    `${stem}-000000000001.parquet.tmp`,
    `${stem}-1.parquet`,
    '_schema.json',
  ]) {
    assert.equal(sequenceOf(`x/${other}`, stem), undefined, other);
  }
});

test('a note is left of dates that the position does not lead to', () => {
  const position = { resourceVersion: '1', sequence: 3, committedAt: NOON / 1000, scope: '' };
  assert.deepEqual(datesToNote(['2026-01-30', '2026-01-31', '2026-02-01'], position), ['2026-01-30']);
  assert.deepEqual(datesToNote(['2026-01-31'], undefined), ['2026-01-31']);
});

test('the configuration of the contract is taken, with its defaults', () => {
  const lake = {
    name: 'lake',
    type: 'parquet',
    url: 's3://bucket/prefix',
    endpoint: 'http://127.0.0.1:9000',
    region: 'us-east-1',
    rotate: { interval: '10s', rows: 100_000 },
  };
  const config = parquetConfig.parse(lake);
  assert.deepEqual(config.rotate, { interval: 10_000, rows: 100_000, bytes: 64 * 2 ** 20 });
  assert.equal(config.memory, 64 * 2 ** 20);
  for (const url of ['./lake', '/srv/lake', '../lake', 'file:///srv/lake', 's3://bucket'])
    assert.ok(parquetConfig.safeParse({ ...lake, url }).success, url);
  for (const url of ['lake', 'http://x', 's3://', ''])
    assert.equal(parquetConfig.safeParse({ ...lake, url }).success, false, url);
});
