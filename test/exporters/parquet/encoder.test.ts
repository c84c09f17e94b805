import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { EncodedFile, EncoderAnswer } from '../../../src/exporters/parquet/protocol.ts';
import type { Table } from '../../../src/exporters/parquet/request.ts';
import { type DuckDb, type DuckDbRow, openDuckDb } from '../../support/duckdb.ts';
import { temporaryFolder } from '../../support/servers/process.ts';
import { Encoding } from './encoding.ts';
import { DAY, NOON, type TestRow, testLane } from './rows.ts';

describe('the Parquet encoder', () => {
  let duckdb: DuckDb;
  let folders = 0;
  const folder = temporaryFolder('parquet-encoder');
  before(async () => {
    duckdb = await openDuckDb();
  });
  after(() => duckdb.close());

  /** What DuckDB reads from these files together. */
  async function read(files: readonly EncodedFile[], columns = '*', order = 'id'): Promise<DuckDbRow[]> {
    return await duckdb.query(`SELECT ${columns} FROM ${source(files)} ORDER BY ${order}`);
  }

  function source(files: readonly EncodedFile[], options = ', union_by_name = true'): string {
    const at = join(folder, String(folders++));
    mkdirSync(at);
    for (const [i, file] of files.entries()) writeFileSync(join(at, `${i}.parquet`), new Uint8Array(file.bytes));
    return `read_parquet('${at}/*.parquet'${options})`;
  }

  async function types(files: readonly EncodedFile[]): Promise<Record<string, unknown>> {
    const rows = await duckdb.query(`DESCRIBE SELECT * FROM ${source(files)}`);
    return Object.fromEntries(rows.map((row) => [String(row.column_name), row.column_type]));
  }

  test('writes every fixed column as the record says it', async () => {
    const encoding = new Encoding();
    encoding.append([
      {
        name: 'a',
        labels: { app: 'web', 'x/y': '' },
        object: '{"a":"é😀"}',
        patch: '{}',
        resourceVersion: '9'.repeat(30),
      },
      { name: 'b', namespace: '', operation: 'DELETED', detectedBy: 'RELIST', observedAt: NOON + 1 },
    ]);
    const { files } = encoding.cut();
    assert.deepEqual(
      files.map(({ table, date, part, rows }) => ({ table, date, part, rows })),
      [{ table: 'changes', date: '2026-01-31', part: 0, rows: 2 }],
    );
    const same = { cluster: 'demo', group: '', version: 'v1', kind: 'Pod', resource: 'pods' };
    assert.deepEqual(await read(files), [
      {
        id: `uid-a:${'9'.repeat(30)}`,
        operation: 'CREATED',
        ...same,
        namespace: 'default',
        name: 'a',
        uid: 'uid-a',
        resource_version: '9'.repeat(30),
        observed_at: '2026-01-31 12:00:00.123456+00',
        detected_by: 'WATCH',
        labels: [
          { key: 'app', value: 'web' },
          { key: 'x/y', value: '' },
        ],
        object: '{"a":"é😀"}',
        patch: '{}',
      },
      {
        id: 'uid-b:1',
        operation: 'DELETED',
        ...same,
        namespace: '',
        name: 'b',
        uid: 'uid-b',
        resource_version: '1',
        observed_at: '2026-01-31 12:00:00.123457+00',
        detected_by: 'RELIST',
        labels: null,
        object: null,
        patch: null,
      },
    ]);
    const found = await types(files);
    assert.equal(found.observed_at, 'TIMESTAMP WITH TIME ZONE');
    assert.equal(found.labels, 'MAP(VARCHAR, VARCHAR)');
    assert.equal(found.object, 'VARCHAR');
  });

  test('gives each extracted field a typed column', async () => {
    const encoding = new Encoding();
    const { misfits } = encoding.append(
      [
        {
          name: 'a',
          fields: {
            text: 'x',
            count: 2n ** 53n + 1n,
            ratio: 0.5,
            ready: true,
            at: '2026-01-31T12:00:00.1234567+02:00',
            spec: { a: [1n, 2.5, null] },
            images: ['nginx', 'busybox'],
            ports: [80n, 2n ** 62n],
            loads: [1n, 0.5],
            flags: [true, false],
            nothing: null,
          },
        },
        { name: 'b' },
        { name: 'c', fields: { count: -(2n ** 63n), images: [], ratio: 3n, text: { not: 'text' } } },
      ],
      { fields: { at: 'timestamp', count: '', never: 'int', nothing: '' } },
    );
    assert.deepEqual(misfits, []);
    const { files, types: settled } = encoding.cut();
    assert.deepEqual(
      await read(
        files,
        'name, count::VARCHAR AS count, ratio, ready, "at", spec, images, ports::VARCHAR AS ports, loads, flags, never, text',
      ),
      [
        {
          name: 'a',
          count: '9007199254740993',
          ratio: 0.5,
          ready: true,
          at: '2026-01-31 10:00:00.123456+00',
          spec: '{"a":[1,2.5,null]}',
          images: ['nginx', 'busybox'],
          ports: '[80, 4611686018427387904]',
          loads: [1, 0.5],
          flags: [true, false],
          never: null,
          text: '"x"',
        },
        {
          name: 'b',
          count: null,
          ratio: null,
          ready: null,
          at: null,
          spec: null,
          images: null,
          ports: null,
          loads: null,
          flags: null,
          never: null,
          text: null,
        },
        {
          name: 'c',
          count: '-9223372036854775808',
          ratio: 3,
          ready: null,
          at: null,
          spec: null,
          images: [],
          ports: null,
          loads: null,
          flags: null,
          never: null,
          text: '{"not":"text"}',
        },
      ],
    );
    const found = await types(files);
    const want = {
      count: 'BIGINT',
      ratio: 'DOUBLE',
      ready: 'BOOLEAN',
      at: 'TIMESTAMP WITH TIME ZONE',
      images: 'VARCHAR[]',
      ports: 'BIGINT[]',
      loads: 'DOUBLE[]',
      flags: 'BOOLEAN[]',
      never: 'BIGINT',
    };
    for (const [name, type] of Object.entries(want)) assert.equal(found[name], type, name);
    assert.equal('nothing' in found, false, 'a field that never had a value has no column');
    assert.equal(settled[0]?.types.text, 'json', 'values that differ in kind');
  });

  test('keeps the type of a column over files, and leaves out what does not fit', async () => {
    const encoding = new Encoding();
    encoding.encoder.run({
      type: 'types',
      table: 'changes',
      resource: 'pods',
      types: { n: 'int', list: 'list<int>', when: 'timestamp' },
    });
    const { misfits } = encoding.append([
      { name: 'a', fields: { n: 'text', list: [1n, 'x'], when: 'yesterday' } },
      { name: 'b', fields: { n: 4.0, list: [null, 2n] } },
      { name: 'c', fields: { n: 2n ** 64n } },
    ]);
    const { files } = encoding.cut();
    assert.deepEqual(await read(files, 'n, list, "when"'), [
      { n: null, list: null, when: null },
      { n: '4', list: [null, '2'], when: null },
      { n: null, list: null, when: null },
    ]);
    assert.deepEqual(misfits.map(({ field, type, count, sample }) => [field, type, count, sample]).sort(), [
      ['list', 'list<int>', 1, '{"list":[1,"x"]}'],
      ['n', 'int', 2, '{"n":"text"}'],
      ['when', 'timestamp', 1, '{"when":"yesterday"}'],
    ]);
  });

  test('lets no field take the name of a fixed column', async () => {
    const encoding = new Encoding();
    encoding.append([{ name: 'a', fields: { Name: 'x', field_name: 'y', date: 'z', other: 'o' } }]);
    const { files } = encoding.cut();
    assert.deepEqual(await read(files, 'name, field_Name, field_field_name, field_date, other'), [
      { name: 'a', field_Name: 'x', field_field_name: 'y', field_date: 'z', other: 'o' },
    ]);
  });

  test('writes row groups as rows come, and begins another part where the columns have grown', async () => {
    const encoding = new Encoding(65_536);
    const noise = (i: number): string =>
      JSON.stringify({ i, text: Array.from({ length: 40 }, (_, k) => (i * 7919 + k * 104_729) % 9973).join(' ') });
    const rows = Array.from(
      { length: 3000 },
      (_, i): TestRow => ({
        name: `n${String(i).padStart(4, '0')}`,
        object: noise(i),
        fields: i < 1500 ? { a: BigInt(i) } : { a: BigInt(i), late: `v${i}` },
      }),
    );
    let held = 0;
    for (let i = 0; i < rows.length; i += 10) held = encoding.append(rows.slice(i, i + 10)).held;
    const raw = rows.reduce((sum, row) => sum + Buffer.byteLength(row.object ?? ''), 0);
    assert.ok(held < raw, `${held} bytes are held for ${raw}`);
    const { files, held: rest } = encoding.cut();
    assert.equal(rest, 0);
    assert.deepEqual(
      files.map((file) => file.part),
      [0, 1],
    );
    const groups = await duckdb.query(
      `SELECT count(DISTINCT file_name || row_group_id) AS n FROM ${source(files).replace('read_parquet', 'parquet_metadata').replace(', union_by_name = true', '')}`,
    );
    assert.ok(Number(groups[0]?.n) > 4);
    const found = await read(files, 'name, a, late, object', 'name');
    assert.deepEqual(
      found,
      rows.map((row, i) => ({ name: row.name, a: String(i), late: i < 1500 ? null : `v${i}`, object: row.object })),
    );
  });

  test('has statistics, dictionaries and zstd', async () => {
    const encoding = new Encoding();
    encoding.append(
      Array.from({ length: 500 }, (_, i) => ({
        name: `n${i}`,
        observedAt: NOON + i,
        fields: { phase: i % 2 === 0 ? 'Running' : 'Failed', n: BigInt(i) - 5n },
      })),
    );
    const { files } = encoding.cut();
    const metadata = source(files, '').replace('read_parquet', 'parquet_metadata');
    const columns = await duckdb.query(
      `SELECT path_in_schema, compression, encodings, stats_min_value, stats_max_value FROM ${metadata}`,
    );
    const of = (name: string): DuckDbRow => columns.find((column) => column.path_in_schema === name) ?? {};
    assert.deepEqual(new Set(columns.map((column) => column.compression)), new Set(['ZSTD']));
    assert.equal(of('n').stats_min_value, '-5');
    assert.equal(of('n').stats_max_value, '494');
    assert.equal(of('phase').stats_min_value, 'Failed');
    assert.match(String(of('phase').encodings), /DICTIONARY/);
    assert.match(String(of('observed_at').stats_max_value), /2026-01-31 12:00:00\.123955/);
  });

  test('parts the rows by the UTC day of their observation', async () => {
    const encoding = new Encoding();
    const midnight = Date.UTC(2026, 1, 1) * 1000;
    encoding.append([
      { name: 'a', observedAt: midnight - 1 },
      { name: 'b', observedAt: midnight },
      { name: 'c', observedAt: midnight + DAY },
    ]);
    const { files } = encoding.cut();
    assert.deepEqual(
      files.map(({ date, rows }) => [date, rows]),
      [
        ['2026-01-31', 1],
        ['2026-02-01', 1],
        ['2026-02-02', 1],
      ],
    );
  });

  test('writes an inventory as of its moment, of living objects only', async () => {
    for (const inventoryObjects of [false, true]) {
      const encoding = new Encoding();
      const more = { table: 'inventory' as Table, inventoryObjects };
      encoding.append(
        [
          { name: 'a', operation: 'SNAPSHOT', object: '{}', labels: { a: 'b' }, fields: { phase: 'x' } },
          { name: 'b', operation: 'DELETED' },
        ],
        more,
      );
      const { files } = encoding.cut();
      assert.deepEqual(
        files.map(({ table, asOf }) => [table, asOf]),
        [['inventory', NOON]],
      );
      const [row] = await read(files);
      const names = [
        'id',
        'cluster',
        'group',
        'version',
        'kind',
        'resource',
        'namespace',
        'name',
        'uid',
        'resource_version',
        'as_of',
        'labels',
      ];
      assert.deepEqual(Object.keys(row ?? {}), [...names, ...(inventoryObjects ? ['object'] : []), 'phase']);
      assert.equal(row?.as_of, '2026-01-31 12:00:00.123456+00');
    }
  });

  test('sets aside a row that cannot be read, and keeps the others', async () => {
    const encoding = new Encoding();
    const lane = testLane([{ name: 'good' }, { name: 'odd', labels: { a: 'b' } }]);
    Buffer.from(lane).write('!', Buffer.from(lane).lastIndexOf('{"a":"b"}'));
    const { rejected } = encoding.append([], { lane });
    assert.deepEqual(
      rejected.map(({ key, id }) => [key, id]),
      [['pods/default/odd', 'uid-odd:1']],
    );
    const nowhen = encoding.append([{ name: 'nowhen', observedAt: Number.NaN }]);
    assert.match(nowhen.rejected[0]?.message ?? '', /observed at NaN/);
    assert.deepEqual(await read(encoding.cut().files, 'name'), [{ name: 'good' }]);
  });

  test('lets go of an older incarnation', () => {
    const { encoder } = new Encoding();
    const append = (incarnation: number): EncoderAnswer =>
      new Encoding(encoder).append([{ name: 'a' }], { incarnation });
    const cut = (incarnation: number, batches: number): EncoderAnswer =>
      encoder.run({ type: 'cut', stream: 'pods', incarnation, batches });
    append(1);
    assert.ok(append(2).held > 0);
    append(1);
    assert.deepEqual(cut(1, 2).files, []);
    assert.deepEqual(
      cut(2, 1).files.map((file) => file.rows),
      [1],
    );
    append(3);
    assert.equal(encoder.run({ type: 'discard', stream: 'pods', incarnation: 4 }).held, 0);
  });

  test('does not hand over a file that lacks a batch', () => {
    const encoding = new Encoding();
    encoding.append([{ name: 'a' }]);
    const cut = { type: 'cut', stream: 'pods', incarnation: 1, batches: 2 } as const;
    assert.throws(() => encoding.encoder.run(cut), {
      code: 'INTERNAL',
      message: /cut after 2 batches, and the encoder has 1/,
    });
  });
});
