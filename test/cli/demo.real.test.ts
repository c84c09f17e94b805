import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { watershard } from '../support/command-line.ts';
import { temporaryFolder } from '../support/servers/process.ts';

test('the demo streams a simulated cluster into Parquet files, and stops by itself', async () => {
  const folder = temporaryFolder('demo');
  const args = [
    'demo',
    '--seconds',
    '4',
    '--objects',
    '100',
    '--rate',
    '20',
    '--dir',
    folder,
    '--listen',
    '127.0.0.1:0',
  ];
  const { code, stderr } = await watershard(args);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Live page: +http:\/\/127\.0\.0\.1:\d+\/$/m);
  const records = Number(/^demo: (\d+) records are in /m.exec(stderr)?.[1]);
  assert.ok(records >= 100, stderr);
  const files = readdirSync(join(folder, 'lake', 'changes'), { recursive: true }).map(String);
  assert.ok(
    files.some((file) => /^cluster=demo\/resource=pods\/date=[\d-]+\/.*\.parquet$/.test(file)),
    files.join('\n'),
  );
});
