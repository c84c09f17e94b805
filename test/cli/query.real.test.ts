import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { CACHE, VERSIONS } from '../../tools/servers/build.mjs';
import { type Answer, BIN, watershard } from '../support/command-line.ts';
import { DuckDb } from '../support/duckdb.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { S3Server } from '../support/servers/s3.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const folder = temporaryFolder('query');
const both = join(folder, 'both');
const HTTPFS = join(CACHE, `duckdb-httpfs-${VERSIONS.duckdb}`);

/** The pod, the change and the delete are in `changes`, and there is an inventory with the pod. */
async function hasRows(url: string): Promise<boolean> {
  const db = await DuckDb.open();
  try {
    const operations = (await db.table(url, 'changes')).map((row) => `${row.operation} ${row.name}`);
    const made = ['CREATED web-0', 'UPDATED a', 'DELETED b'].every((o) => operations.includes(o));
    return made && (await db.table(url, 'inventory')).some((row) => row.name === 'web-0');
  } finally {
    db.close();
  }
}

describe('query', () => {
  let kube: KubeServer;
  let s3: S3Server;
  let file = '';
  const program = new Watershard();

  before(async () => {
    [kube, s3] = await Promise.all([KubeServer.start(), S3Server.start('bucket')]);
    for (const name of ['a', 'b', 'c'])
      await kube.must('POST', '/api/v1/namespaces/default/configmaps', {
        metadata: { name, labels: { app: 'x' } },
        data: { size: `"${name}", ${name.charCodeAt(0)}` },
      });
    const config = {
      cluster: { name: 'demo' },
      kubeconfig: kube.kubeconfig,
      watch: { resources: ['configmaps'], namespaces: { include: ['default'] } },
      rules: [{ resources: ['configmaps'], extract: { size: 'object.data.size' } }],
      exporters: [
        { name: 'here', type: 'parquet', url: join(folder, 'lake') },
        { name: 'away', type: 'parquet', url: 's3://bucket/prefix', endpoint: s3.endpoint, region: 'us-east-1' },
      ],
    };
    file = join(folder, 'watershard.yaml');
    writeFileSync(file, stringify({ ...config, ops: { listen: 'off' } }));
    const { code, stderr } = await watershard(['snapshot', '-c', file], s3.environment);
    assert.equal(code, 0, stderr);
    // The folder has the table of inventories alone; another one has both.
    await program.start({
      ...config,
      watch: { resources: ['configmaps', 'pods'], namespaces: { include: ['default'] } },
      rules: [{ resources: ['pods'], extract: { phase: 'object.status.phase' } }],
      exporters: [{ name: 'both', type: 'parquet', url: both, rotate: { interval: '1s' }, inventoryInterval: '2s' }],
    });
    await program.ready();
    await kube.must('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'web-0', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await kube.must('PATCH', '/api/v1/namespaces/default/configmaps/a', { data: { size: '2' } });
    await kube.must('DELETE', '/api/v1/namespaces/default/configmaps/b');
    await until('both tables have their files', () => hasRows(both));
    assert.equal(await program.stop(), 0, program.log);
  });
  after(async () => {
    await program.kill();
    await Promise.all([kube, s3].map((server) => server?.stop()));
  });

  const query = (args: string[], environment: Record<string, string> = {}): Promise<Answer> =>
    watershard(['query', ...args], { ...s3.environment, ...environment });

  test('shows a table of a folder, the newest rows first', async () => {
    const { code, stdout, stderr } = await query(['--path', join(folder, 'lake'), '--table', 'inventory']);
    assert.equal(code, 0, stderr);
    const [head, rule, ...rows] = stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^as_of +resource +namespace +name +resource_version$/);
    assert.match(rule ?? '', /^─+ {2}─+/);
    assert.deepEqual(
      rows.map((row) => row.split(/ {2,}/).slice(1, 4)),
      ['a', 'b', 'c'].map((name) => ['configmaps', 'default', name]),
    );
    assert.equal(stderr, '3 rows\n');
  });

  test('gives JSON with numbers as numbers, and CSV with quotes', async () => {
    const sql = 'SELECT name, size, count(*) AS n FROM inventory GROUP BY ALL ORDER BY name';
    const json = await query(['--path', join(folder, 'lake'), '--json', sql]);
    assert.equal(json.code, 0, json.stderr);
    assert.deepEqual(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      ['a', 'b', 'c'].map((name) => ({ name, size: `"${name}", ${name.charCodeAt(0)}`, n: 1 })),
    );
    const csv = await query(['--path', join(folder, 'lake'), '--csv', sql]);
    assert.equal(csv.stdout, 'name,size,n\r\na,"""a"", 97",1\r\nb,"""b"", 98",1\r\nc,"""c"", 99",1\r\n');
  });

  test('reads from S3 with the settings of the exporter and the credentials of the environment', async () => {
    const sql = 'SELECT name FROM inventory ORDER BY name';
    const { code, stdout, stderr } = await query([
      '-c',
      file,
      '--exporter',
      'away',
      '--csv',
      sql,
      '--extensions',
      HTTPFS,
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'name\r\na\r\nb\r\nc\r\n');
    const args = ['--path', 's3://bucket/prefix', '--endpoint', s3.endpoint, '--csv', sql];
    const path = await query(args, { WATERSHARD_DUCKDB_EXTENSIONS: HTTPFS });
    assert.equal(path.stdout, 'name\r\na\r\nb\r\nc\r\n', path.stderr);
  });

  test('shows the newest changes', async () => {
    const { code, stdout, stderr } = await query(['--path', both, '--limit', '3']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^observed_at +operation +resource +namespace +name +resource_version +detected_by\n/);
    assert.equal(stdout.trimEnd().split('\n').length, 5);
    const all = await query(['--path', both, '--limit', '2', 'SELECT * FROM changes']);
    assert.match(all.stderr, /^2 rows; there are more/);
  });

  test('the queries of the documentation run, and answer', async () => {
    const page = readFileSync(new URL('../../docs/query.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/<!-- example: query -->\n```sql\n(.*?)\n```/gs)].map(([, sql]) => sql ?? '');
    assert.equal(examples.length, 7);
    const answers: Record<string, unknown>[][] = [];
    for (const sql of examples) {
      const { code, stdout, stderr } = await query(['--path', both, '--json', sql]);
      assert.equal(code, 0, stderr);
      const lines = stdout.split('\n').filter((line) => line !== '');
      answers.push(lines.map((line) => JSON.parse(line) as Record<string, unknown>));
      assert.ok(lines.length > 0, sql);
    }
    const [counts, most, living, deleted, phases, inventory, inner] = answers;
    assert.ok(counts?.some((r) => r.resource === 'configmaps' && r.operation === 'DELETED' && r.records === 1));
    assert.deepEqual(most, [{ resource: 'configmaps', namespace: 'default', name: 'a', updates: 1 }]);
    assert.deepEqual(
      living?.map((r) => r.name).filter((name) => String(name).length === 1 || name === 'web-0'),
      ['a', 'c', 'web-0'],
    );
    assert.deepEqual(
      deleted?.map((r) => r.name),
      ['b'],
    );
    assert.deepEqual(
      phases?.map((r) => [r.name, r.phase]),
      [['web-0', 'Pending']],
    );
    assert.ok(inventory?.some((r) => r.resource === 'pods' && r.objects === 1));
    assert.deepEqual(inner, [{ name: 'web-0', node: null, app: 'web' }]);
  });

  test('says what is wrong, and nothing of the credentials', async () => {
    const cases: [string[], number, RegExp][] = [
      [[], 2, /give --config FILE or --path FOLDER/],
      [
        ['-c', file],
        2,
        /error CONFIG_INVALID: .*several exporters of type parquet \(here, away\); choose with --exporter/,
      ],
      [['-c', file, '--exporter', 'x'], 2, /no exporter of type parquet named x; it has: here, away/],
      [['--path', join(folder, 'lake')], 1, /error QUERY_TABLE_MISSING: there is no file of table changes yet/],
      [['--path', join(folder, 'lake'), 'SELECT nothing FROM inventory'], 1, /error QUERY_FAILED: .*nothing/],
      [['--path', join(folder, 'lake'), '--json', '--csv'], 2, /cannot be used with/],
      [
        ['--path', 's3://other', '--endpoint', s3.endpoint, '--extensions', folder],
        1,
        /no httpfs\.duckdb_extension in/,
      ],
      [['--path', 's3://other', '--endpoint', s3.endpoint, '--extensions', HTTPFS], 1, /error QUERY_FAILED/],
    ];
    for (const [args, code, words] of cases) {
      const answer = await query(args);
      assert.equal(answer.code, code, `${args.join(' ')}: ${answer.stderr}`);
      assert.match(answer.stderr, words);
      if (answer.stderr.includes('QUERY_TABLE_MISSING')) assert.doesNotMatch(answer.stderr, /Catalog|Did you mean/);
      for (const secret of [s3.accessKeyId, s3.secretAccessKey])
        assert.ok(!answer.stderr.includes(secret), answer.stderr);
    }
  });

  test('without DuckDB it says what to install', () => {
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name !== '@duckdb/node-api') return next(name, context);
        throw Object.assign(new Error("Cannot find package '@duckdb/node-api'"), { code: 'ERR_MODULE_NOT_FOUND' });
      } });`;
    const url = `data:text/javascript,${encodeURIComponent(hooks)}`;
    const args = ['--import', url, BIN, 'query', '--path', folder];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /error QUERY_DRIVER_MISSING: .*run: npm install @duckdb\/node-api/);
  });
});
