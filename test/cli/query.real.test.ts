import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { CACHE, VERSIONS } from '../../tools/servers/build.mjs';
import { type Answer, BIN, watershard } from '../support/command-line.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { S3Server } from '../support/servers/s3.ts';

const folder = temporaryFolder('query');
const HTTPFS = join(CACHE, `duckdb-httpfs-${VERSIONS.duckdb}`);

describe('query', () => {
  let kube: KubeServer;
  let s3: S3Server;
  let file = '';

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
      ops: { listen: 'off' },
    };
    file = join(folder, 'watershard.yaml');
    writeFileSync(file, stringify(config));
    const { code, stderr } = await watershard(['snapshot', '-c', file], s3.environment);
    assert.equal(code, 0, stderr);
  });
  after(() => Promise.all([kube, s3].map((server) => server?.stop())));

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
