import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { advisoriesIn, affects, compareVersions } from '../../tools/advisories.mjs';
import { temporaryFolder } from '../support/servers/process.ts';

test('versions are in the order of SemVer', () => {
  // The example of its section 11, with a little around it.
  const order =
    '0 0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.10';
  const versions = order.split(' ');
  for (const [i, a] of versions.entries())
    for (const [j, b] of versions.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  assert.equal(compareVersions('1.2.3+build', '1.2.3'), 0);
  assert.ok(compareVersions('1.5.5-r.5', '1.5.5') < 0);
});

test('a version is affected from where a flaw was introduced until where it was fixed', () => {
  const range = (...events: Record<string, string>[]) => ({ ranges: [{ type: 'SEMVER', events }] });
  const two = range({ introduced: '2.0.0' }, { fixed: '2.1.0' }, { introduced: '0' }, { fixed: '1.0.5' });
  for (const version of ['0.1.0', '1.0.4', '2.0.0', '2.0.9']) assert.ok(affects(two, version), version);
  for (const version of ['1.0.5', '1.9.0', '2.1.0', '3.0.0']) assert.ok(!affects(two, version), version);
  const last = range({ introduced: '1.0.0' }, { last_affected: '1.4.0' });
  assert.ok(affects(last, '1.4.0') && !affects(last, '1.4.1') && !affects(last, '0.9.0'));
  assert.ok(affects(range({ introduced: '1.0.0' }), '99.0.0'));
  assert.ok(affects({ versions: ['1.0.1'] }, '1.0.1') && !affects({ versions: ['1.0.1'] }, '1.0.2'));
  assert.ok(!affects({ ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }, '1.0.0'));
});

test('a folder of advisories is compared with every version of the lock file', () => {
  const folder = temporaryFolder('advisories');
  mkdirSync(join(folder, '2026/01'), { recursive: true });
  const write = (id: string, name: string, more: object = {}, ecosystem = 'npm'): void => {
    const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }];
    const advisory = { id, summary: `${id} of ${name}`, affected: [{ package: { ecosystem, name }, ranges }], ...more };
    writeFileSync(join(folder, '2026/01', `${id}.json`), JSON.stringify(advisory));
  };
  write('GHSA-1', 'nested', { database_specific: { severity: 'HIGH' } });
  write('GHSA-2', 'absent');
  write('GHSA-3', 'nested', { withdrawn: '2026-01-01T00:00:00Z' });
  write('GHSA-4', '@scope/name', {}, 'PyPI');
  write('MAL-5', '@scope/name', { aliases: ['CVE-1', 'GHSA-5'] });
  writeFileSync(join(folder, 'README.md'), '"npm"');
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/nested': { version: '2.0.0' },
      'node_modules/a/node_modules/nested': { version: '1.9.9' },
      'node_modules/@scope/name': { version: '1.0.0' },
      'tools/absent': { version: '1.0.0' },
    },
  };
  const { read, found } = advisoriesIn(folder, lock);
  assert.equal(read, 4);
  assert.deepEqual(found, [
    { id: 'GHSA-1', name: 'nested 1.9.9', severity: 'HIGH', title: 'GHSA-1 of nested' },
    { id: 'GHSA-5', name: '@scope/name 1.0.0', severity: 'unknown', title: 'MAL-5 of @scope/name' },
  ]);
});
