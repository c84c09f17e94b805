import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { checkConfig } from '../../src/topology/check.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { blocksOf } from './blocks.ts';

const FOLDER = fileURLToPath(new URL('../../docs/migration/', import.meta.url));
const BIN = fileURLToPath(new URL('../../bin/watershard.mjs', import.meta.url));
const yaml = (page: string): string[] =>
  blocksOf(`docs/migration/${page}`)
    .filter((b) => b.language === 'yaml')
    .map((b) => b.text);
const ours = (page: string): string[] => yaml(page).filter((text) => /^cluster:/m.test(text));

function printed(args: readonly string[], env: Record<string, string> = {}): unknown {
  const run = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  assert.equal(run.status, 0, run.stderr);
  return parse(run.stdout);
}

describe('migration', () => {
  const pages = readdirSync(FOLDER);

  test('there is a page for each of the five', () => {
    assert.deepEqual(pages.sort(), [
      'k8s-collector.md',
      'k8stream.md',
      'kollect.md',
      'konih-kollect.md',
      'watch-proxy.md',
    ]);
  });

  for (const page of pages)
    test(`the configurations of ${page} are valid, expressions included`, () => {
      assert.ok(ours(page).length >= 1);
      for (const text of ours(page)) parseConfig(text, page, { environment: {}, checks: [checkConfig] });
      // what is shown of the other program is YAML at least
      for (const text of yaml(page))
        for (const document of parseAllDocuments(text)) assert.deepEqual(document.errors, []);
    });

  test('what kollect prints as its configuration is what its page shows', () => {
    const args = ['kollect', '--cluster-id', 'prod', '--event-writer-url', 'kafka://kollect', '--print-config'];
    assert.deepEqual(printed(args, { KAFKA_BROKERS: 'kafka:9092' }), parse(ours('kollect.md')[0] as string));
  });

  test('what watch-proxy prints as its configuration is what its page shows', () => {
    const [theirs] = yaml('watch-proxy.md').filter((text) => text.includes('remoteEndpoints'));
    const file = join(temporaryFolder('watch-proxy'), 'config.yaml');
    writeFileSync(file, theirs as string);
    const args = ['watch-proxy', '-c', file, '-data-dir', './watershard-data', '-print-config'];
    const config = printed(args, { USERNAME1: 'u', PASSWORD1: 'p' });
    assert.deepEqual(config, parse(ours('watch-proxy.md')[0] as string));
  });
});
