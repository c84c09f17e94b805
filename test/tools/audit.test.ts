import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { auditFaults, EXPLAINED, registryAdvisories } from '../../tools/audit.mjs';
import { temporaryFolder } from '../support/servers/process.ts';

const PROGRAM = fileURLToPath(new URL('../../tools/audit.mjs', import.meta.url));
const BAD = { id: 'GHSA-aaaa-bbbb-cccc', name: 'b', severity: 'high', title: 'Bad' };

test('an advisory stops a release unless it is explained, with a reason and until a day', () => {
  assert.deepEqual(auditFaults([], {}), []);
  assert.match(auditFaults([BAD], {}).join(), /^b: high: Bad \(GHSA-aaaa-bbbb-cccc\); update it, or explain it/);
  const explained = { [BAD.id]: { reason: 'b is not used with input of others', until: '2026-03-01' } };
  assert.deepEqual(auditFaults([BAD], explained, '2026-02-28'), []);
  assert.match(
    auditFaults([BAD], explained, '2026-03-01').join(),
    /explained until 2026-03-01 \(b is not used.*look again/,
  );
  assert.match(auditFaults([], explained, '2026-02-28').join(), /concerns nothing any more; remove it/);
  assert.match(auditFaults([BAD], { [BAD.id]: { reason: '', until: 'later' } }).join(), /without a reason or a day/);
});

test('what the registry answers is read, and an answer that is none is no clean audit', () => {
  const { id, ...bad } = BAD;
  const report = { a: { via: ['b'] }, b: { via: [{ ...bad, url: `https://github.com/advisories/${id}` }] } };
  assert.deepEqual(registryAdvisories(JSON.stringify({ vulnerabilities: report })), [BAD]);
  assert.deepEqual(registryAdvisories('{"vulnerabilities":{}}'), []);
  assert.equal(registryAdvisories('{"message":"405 Method Not Allowed","statusCode":405}'), undefined);
  assert.equal(registryAdvisories('{"error":{"code":"ENOAUDIT"}}'), undefined);
  assert.equal(registryAdvisories(''), undefined);
});

/** The program with npm's own audit, asked of a registry that knows these advisories; undefined: that has no such endpoint. */
async function audited(known: object | undefined, ...args: string[]): Promise<{ code: number; said: string }> {
  const registry = createServer((request, response) => {
    request.resume().on('end', () => {
      const asked = request.url === '/-/npm/v1/security/advisories/bulk';
      response.writeHead(asked ? (known === undefined ? 405 : 200) : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known ?? {}));
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}` };
  try {
    return await new Promise((resolve) =>
      execFile(process.execPath, [PROGRAM, '--today', '2026-11-26', ...args], { env }, (error, _, said) =>
        resolve({ code: error === null ? 0 : Number(error.code), said }),
      ),
    );
  } finally {
    registry.close();
  }
}

const advisory = (id: string, range: string) => ({
  id: 1,
  url: `https://github.com/advisories/${id}`,
  title: `Flaw ${id}`,
  severity: 'high',
  vulnerable_versions: range,
});
/** What is explained, so that nothing of it is out of date. */
const EXPECTED = { '@opentelemetry/core': [advisory('GHSA-8988-4f7v-96qf', '<2.8.0')] };

test('the lock file is clean but for what is explained, where the registry answers', async () => {
  assert.deepEqual(Object.keys(EXPLAINED), ['GHSA-8988-4f7v-96qf']);
  const fixed = { ...EXPECTED, ws: [advisory('GHSA-96hv-2xvq-fx4p', '<8.21.0')] };
  const { code, said } = await audited(fixed);
  assert.equal(code, 0, said);
  assert.match(said, /nothing that is not explained/);
});

test('a flaw of a version in the lock file is told, of a dependency of a dependency too', async () => {
  const { code, said } = await audited({ ...EXPECTED, 'tar-fs': [advisory('GHSA-aaaa-bbbb-cccc', '<4.0.0')] });
  assert.equal(code, 1);
  assert.match(said, /tar-fs: high: Flaw GHSA-aaaa-bbbb-cccc \(GHSA-aaaa-bbbb-cccc\); update it, or explain it/);
});

test('a registry that cannot be asked is told, and a folder of advisories stands in for it', async () => {
  const refused = await audited(undefined);
  assert.equal(refused.code, 1);
  assert.match(refused.said, /the registry does not answer[\s\S]*--advisories FOLDER/);

  const folder = temporaryFolder('advisories');
  const write = (id: string, name: string, fixed: string): void => {
    mkdirSync(folder, { recursive: true });
    const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }];
    const about = { id, summary: 'Flaw', affected: [{ package: { ecosystem: 'npm', name }, ranges }] };
    writeFileSync(join(folder, `${id}.json`), JSON.stringify(about));
  };
  const empty = await audited(undefined, '--advisories', folder);
  assert.equal(empty.code, 1);
  assert.match(empty.said, /holds no advisories about npm packages/);
  write('GHSA-8988-4f7v-96qf', '@opentelemetry/core', '2.8.0');
  write('GHSA-96hv-2xvq-fx4p', 'ws', '8.21.0');
  const clean = await audited(undefined, '--advisories', folder);
  assert.equal(clean.code, 0, clean.said);
  assert.match(clean.said, /does not answer; 2 advisories about npm packages/);
  write('GHSA-aaaa-bbbb-cccc', 'tar-fs', '4.0.0');
  const found = await audited(undefined, '--advisories', folder);
  assert.equal(found.code, 1);
  assert.match(found.said, /tar-fs \d+\.\d+\.\d+: unknown: Flaw \(GHSA-aaaa-bbbb-cccc\)/);
});
