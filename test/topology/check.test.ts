import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../src/config/schema.ts';
import { checkConfig } from '../../src/topology/check.ts';
import { lanePlans } from '../../src/topology/outlets.ts';

const config = (...exporters: Record<string, unknown>[]): ReturnType<typeof configSchema.parse> =>
  configSchema.parse({ cluster: { name: 'demo' }, exporters });
const file = (name: string, deadLetter?: string): Record<string, unknown> => ({
  name,
  type: 'file',
  path: name,
  ...(deadLetter === undefined ? {} : { deadLetter }),
});

test('dead letters may pass on, but neither go round nor into tables', () => {
  checkConfig(config(file('a', 'b'), file('b', 'c'), file('c')));
  assert.throws(() => checkConfig(config(file('a', 'b'), file('b', 'c'), file('c', 'b'))), {
    code: 'CONFIG_INVALID',
    message: /exporters\[0\]\.deadLetter: a dead letter would go round \(a to b to c to b\)/,
  });
  assert.throws(() => checkConfig(config(file('a', 'lake'), { name: 'lake', type: 'parquet', url: 's3://b/p' })), {
    code: 'CONFIG_INVALID',
    message: /type parquet cannot take dead letters/,
  });
});

test('an exporter that is named as deadLetter gets no records', () => {
  const lanes = lanePlans(config(file('letters'), file('a', 'letters'), file('b')));
  assert.deepEqual(
    lanes.map((lane) => lane.exporter),
    ['a', 'b'],
  );
});
