import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pack } from '../../tools/release.mjs';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the package that is published', () => {
  const release = temporaryFolder('release');
  const home = temporaryFolder('installed');
  const bin = join(home, 'node_modules', '.bin', 'watershard');
  let made: ReturnType<typeof pack>;
  const run = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd: home, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  before(() => {
    execFileSync(process.execPath, ['tools/bootstrap.mjs', 'build'], { cwd: ROOT, stdio: 'ignore' });
    made = pack(release);
  });

  test('has the program, its papers, and nothing else', () => {
    const files = run('tar', ['-tzf', join(release, made.tarball)])
      .trim()
      .split('\n');
    const papers = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'THIRD_PARTY.md', 'package.json'];
    for (const paper of papers) assert.ok(files.includes(`package/${paper}`), paper);
    const others = files.map((f) => f.slice('package/'.length)).filter((f) => !papers.includes(f));
    assert.ok(others.length > 100);
    for (const file of others) assert.match(file, /^(bin\/watershard\.mjs|dist\/(src|workers)\/[\w./-]+\.js)$/);
  });

  test('has a bill of materials, the chart, and checksums that fit', () => {
    const bom = JSON.parse(readFileSync(join(release, made.sbom), 'utf8')) as {
      bomFormat: string;
      metadata: { component: { name: string; type: string } };
      components: { name: string; hashes?: unknown[]; licenses?: unknown[] }[];
    };
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.equal(bom.metadata.component.name, 'watershard');
    const names = bom.components.map((c) => c.name);
    for (const name of ['undici', '@nats-io/jetstream', 'zod']) assert.ok(names.includes(name), name);
    for (const name of ['typescript', 'rhea', 'fast-check']) assert.ok(!names.includes(name), name);
    assert.ok(bom.components.every((c) => c.licenses !== undefined));
    const sums = readFileSync(join(release, made.sums), 'utf8').trim().split('\n');
    assert.deepEqual(
      sums.map((line) => line.split('  ')[1]),
      [made.tarball, made.sbom, made.chart],
    );
    for (const line of sums) {
      const [sum, file] = line.split('  ') as [string, string];
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(release, file)))
          .digest('hex'),
        sum,
      );
    }
  });

  test('works where it is installed into an empty folder', async () => {
    writeFileSync(join(home, 'package.json'), '{"private":true}');
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--silent', join(release, made.tarball)]);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.equal(run(bin, ['--version']).trim(), version);

    const port = String(await freePort());
    const simulate = ['simulate', '--objects', '200', '--port', port, '--kubeconfig-out', 'kubeconfig'];
    const simulator = spawn(bin, simulate, { cwd: home, stdio: 'ignore' });
    try {
      await until('the simulator is there', () => existsSync(join(home, 'kubeconfig')));
      const exporters = `[{ name: lines, type: file, path: lines.jsonl }, { name: lake, type: parquet, url: ./lake }]`;
      writeFileSync(
        join(home, 'watershard.yaml'),
        `cluster: { name: demo }\nkubeconfig: kubeconfig\nops: false\nrules: [{ resources: [pods], extract: { phase: object.status.phase } }]\nexporters: ${exporters}\n`,
      );
      run(bin, ['snapshot', '--config', 'watershard.yaml']);
      const records = readFileSync(join(home, 'lines.jsonl'), 'utf8').trim().split('\n');
      assert.ok(records.length >= 200, `${records.length} records`);
      assert.ok(records.some((line) => line.includes('"phase":"Running"')));
      assert.ok(existsSync(join(home, 'lake', 'inventory', 'cluster=demo')));
    } finally {
      simulator.kill();
    }
  });
});
