import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readWitness, writeWitness } from '../../src/state/witness.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { temporaryFolder } from '../support/servers/process.ts';

function recordingLogger(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const logger = { warn: (_: unknown, text: string) => warnings.push(text) } as unknown as Logger;
  return { logger, warnings };
}

test('the last epoch of each cluster is remembered', async () => {
  const dataDir = join(temporaryFolder('witness'), 'data');
  const { logger, warnings } = recordingLogger();
  assert.equal(await readWitness(dataDir, 'a', logger), undefined);
  const [first, second] = [randomUUID(), randomUUID()];
  await writeWitness(dataDir, 'a', first);
  await writeWitness(dataDir, '../b', second);
  assert.equal(await readWitness(dataDir, 'a', logger), first);
  assert.equal(await readWitness(dataDir, '../b', logger), second);
  await writeWitness(dataDir, 'a', second);
  assert.equal(await readWitness(dataDir, 'a', logger), second);
  assert.deepEqual(warnings, []);
  assert.deepEqual(readdirSync(dataDir).sort(), ['epoch-..%2Fb', 'epoch-a']);
});

test('a damaged witness counts as none, with a warning', async () => {
  const dataDir = temporaryFolder('witness');
  const { logger, warnings } = recordingLogger();
  writeFileSync(join(dataDir, 'epoch-a'), '\0\0\0');
  assert.equal(await readWitness(dataDir, 'a', logger), undefined);
  assert.equal(warnings.length, 1);
});
