import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Lock, thirdParty } from '../../tools/licenses.ts';
import { publishFaults, publishing, versionFaults } from '../../tools/release.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('THIRD_PARTY.md is up to date', () => {
  const text = thirdParty(JSON.parse(read('package-lock.json')) as Lock);
  assert.ok(read('THIRD_PARTY.md') === text, 'run: node tools/licenses.ts');
  for (const name of Object.keys((JSON.parse(read('package.json')) as { dependencies: object }).dependencies))
    assert.ok(text.includes(`[${name}]`), name);
});

test('a licence that nobody has looked at is refused', () => {
  const lock = (license?: string): Lock => ({
    packages: { '': {}, 'node_modules/a': { version: '1.0.0', ...(license && { license }) } },
  });
  assert.match(thirdParty(lock('MIT')), /\| 1\.0\.0 \| MIT \|/);
  assert.throws(() => thirdParty(lock('AGPL-3.0')), /a 1\.0\.0: licence AGPL-3\.0/);
  assert.throws(() => thirdParty(lock()), /not given/);
});

test('the lock file names no host', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; link?: boolean; integrity?: string }>;
  };
  for (const [path, { resolved, link, integrity }] of Object.entries(packages)) {
    assert.ok(resolved === undefined || link === true, `${path}: ${resolved}`);
    if (path.startsWith('node_modules/') && link !== true) assert.match(integrity ?? '', /^sha512-/, path);
  }
});

const STATE = {
  manifest: { version: '1.2.3' },
  lock: { version: '1.2.3', packages: { '': { version: '1.2.3' } } },
  changelog: '# Changelog\n\n## 1.2.3 - 2026-01-02\n',
  tags: ['v1.2.2'],
  status: '',
};

test('a release needs one version everywhere, a section in the changelog, a clean tree and no tag', () => {
  assert.deepEqual(versionFaults(STATE), []);
  const fault = (changes: Partial<typeof STATE>): string => versionFaults({ ...STATE, ...changes }).join('\n');
  assert.match(fault({ manifest: { version: '1.2.4' } }), /package-lock\.json has another version[\s\S]*no section/);
  assert.match(fault({ changelog: '## Unreleased\n## 1.2.30\n' }), /no section "## 1\.2\.3"/);
  assert.match(fault({ tags: ['v1.2.3'] }), /there already/);
  assert.match(fault({ status: ' M x' }), /not clean/);
  const resolved = { ...STATE.lock, packages: { ...STATE.lock.packages, a: { resolved: 'https://r.test/a.tgz' } } };
  assert.match(fault({ lock: resolved }), /names a host/);
});

test('the chart and the Dockerfile name the version too', () => {
  const named = { 'Chart.yaml: version': '1.2.2', 'Dockerfile: VERSION': '1.2.3' };
  assert.deepEqual(versionFaults({ ...STATE, named }), ['Chart.yaml: version says 1.2.2, package.json 1.2.3']);
});

test('a version that is not released yet has no section in the changelog, and is told how to get one', () => {
  const [fault] = versionFaults({ ...STATE, changelog: '# Changelog\n\n## Unreleased\n' });
  assert.match(fault!, /write "## 1\.2\.3 - \d{4}-\d\d-\d\d" below "## Unreleased", and commit that/);
});

test('what is published has provenance', () => {
  const commit = { id: 'abc', date: '2026-01-02T03:04:05+00:00' };
  const made = { tarball: 't.tgz', sbom: 's.json', chart: 'chart/c.tgz' };
  const release = { version: '1.2.3', folder: 'f', ...made, commit, repository: 'https://r.test/w' };
  const commands = publishing({ ...release, image: 'r.test/watershard' }).map((command) => command.join(' '));
  assert.ok(commands.some((c) => c.startsWith('npm publish f/t.tgz --provenance')));
  assert.ok(commands.some((c) => c.includes('--attest type=provenance,mode=max --attest type=sbom')));
  assert.ok(commands.some((c) => c.startsWith('cosign attest') && c.includes('f/s.json r.test/watershard:1.2.3')));
  assert.ok(commands.includes('helm push f/chart/c.tgz oci://r.test/charts'));
  const image = commands.find((c) => c.startsWith('docker'))!;
  for (const given of ['VERSION=1.2.3', 'REVISION=abc', 'CREATED=2026-01-02T03:04:05+00:00'])
    assert.ok(image.includes(`--build-arg ${given} `), image);
  assert.ok(image.includes('--label org.opencontainers.image.source=https://r.test/w'));
  assert.ok(!publishing(release).some(([command]) => command === 'docker'));
});

test('what would fail half-way is not begun', () => {
  const ready = { env: { SIGSTORE_ID_TOKEN: 'x' }, skipped: false, repository: 'https://r.test/w' };
  assert.deepEqual(publishFaults(ready), []);
  assert.match(publishFaults({ ...ready, skipped: true }).join(), /leave out --skip-tests/);
  assert.match(publishFaults({ ...ready, env: {} }).join(), /OIDC identity/);
  assert.match(publishFaults({ ...ready, repository: undefined }).join(), /"repository" in package\.json/);
});
