import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { decode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { cloudEventAttributes, cloudEventHeaders, cloudEventSource } from '../../src/model/cloudevents.ts';
import { fieldsFromJson, fieldsToJson } from '../../src/model/field-json.ts';
import { parseExactly } from '../../src/model/json-exact.ts';
import type { LaneRecord } from '../../src/model/lane.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord, FieldValue } from '../../src/model/record.ts';
import { OPERATIONS } from '../../src/model/record.ts';
import { jsonPatch, mergePatch } from '../../src/transform/diff.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { watershard } from '../../src/transform/gen/record.js';
import type { LanePlan } from '../../src/transform/plan.ts';
import { Encoding } from '../exporters/parquet/encoding.ts';
import { NOON, type TestRow } from '../exporters/parquet/rows.ts';
import { anyCharacter, fuzz } from '../support/fuzz.ts';
import { hasEscapedKey, looseJson } from '../support/json.ts';
import { applyJsonPatch, applyMergePatch, isMembers } from '../transform/patch-apply.ts';
import { PODS, podRecord } from '../transform/sample-record.ts';

const anyText = fc.string({ unit: anyCharacter });
const name = fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', ''));
const { value: fieldValue } = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(anyText, fc.double(), fc.boolean(), fc.constant(null), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })),
    fc.constantFrom<FieldValue>(
      2n ** 53n + 1n,
      2n ** 63n,
      -(2n ** 63n) - 1n,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
const fields = fc.dictionary(name, fieldValue, { maxKeys: 4 });

/** What stays of a value in JSON: NaN and the infinities are null, lone surrogates are U+FFFD where they are bytes. */
function plain(value: unknown, map: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, map));
  if (!isMembers(value)) return map(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, map)]));
}
const finite = (value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? null : value);

test('fields as JSON keep their types', () => {
  fc.assert(
    fc.property(fields, (all) => assert.deepEqual(fieldsFromJson(Buffer.from(fieldsToJson(all))), plain(all, finite))),
    fuzz(500),
  );
});

const record = fc
  .record({
    id: anyText,
    operation: fc.constantFrom(...OPERATIONS),
    detectedBy: fc.constantFrom('WATCH', 'LIST', 'RELIST'),
    namespace: anyText,
    name: anyText,
    uid: anyText,
    resourceVersion: anyText,
    observedAt: fc.nat({ max: 2_000_000_000 }).map((s) => s * 1_000_000 + (s % 1_000_000)),
    fields: fc.option(fields, { nil: undefined }),
    object: fc.option(
      looseJson.map((t) => Buffer.from(t)),
      { nil: undefined },
    ),
    patch: fc.option(
      looseJson.map((t) => Buffer.from(t)),
      { nil: undefined },
    ),
  })
  .map((changes) => podRecord(changes as Partial<ChangeRecord>));

function encode(lane: Partial<LanePlan>, r: ChangeRecord): LaneRecord {
  const writer = new LaneWriter();
  createEncoder({ exporter: 'x', encoding: 'json', ...lane }, PODS).append(r, writer);
  return new LaneReader(writer.finish()).at(0);
}

const TEXTS = ['id', 'operation', 'namespace', 'name', 'uid', 'resourceVersion', 'detectedBy'] as const;
type Members = Record<string, unknown>;

function assertSame(read: Members, r: ChangeRecord, wellFormed: boolean): void {
  for (const key of TEXTS) assert.equal(read[key], wellFormed ? r[key].toWellFormed() : r[key], key);
  for (const key of ['object', 'patch', 'fields'] as const) assert.equal(key in read, r[key] !== undefined, key);
}

test('JSON and CloudEvents give back every text, object and field', () => {
  fc.assert(
    fc.property(record, (r) => {
      const json = JSON.parse(Buffer.from(encode({}, r).payload).toString()) as Members;
      assertSame(json, r, false);
      for (const key of ['object', 'patch'] as const)
        if (r[key] !== undefined && !hasEscapedKey(r[key].toString()))
          assert.deepEqual(json[key], JSON.parse(r[key].toString()));
      const lane = encode({ encoding: 'cloudevents', cloudEvents: 'structured' }, r);
      const event = JSON.parse(Buffer.from(lane.payload).toString()) as Members;
      assert.deepEqual(event.data, json);
      assert.equal(event.specversion, '1.0');
      assert.equal(event.id, r.id);
      const source = cloudEventSource(PODS);
      const expected = cloudEventAttributes(source, lane);
      for (const [header, value] of Object.entries(cloudEventHeaders(source, lane))) {
        assert.match(value, /^[\x21-\x7e]*$/);
        const attribute = (expected as unknown as Members)[header.slice(3)];
        if (header.startsWith('ce-') && attribute !== undefined) assert.equal(decodeURIComponent(value), attribute);
      }
    }),
    fuzz(200),
  );
});

test('watch-proxy gives back every object, with its keys sorted', () => {
  const sorted = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return true;
    // Those that look like an array's index JavaScript puts first.
    const keys = Array.isArray(value) ? [] : Object.keys(value).filter((key) => !/^\d+$/.test(key));
    const bytes = keys.map((key) => Buffer.from(key));
    return (
      bytes.every((key, i) => i === 0 || Buffer.compare(bytes[i - 1]!, key) <= 0) && Object.values(value).every(sorted)
    );
  };
  fc.assert(
    fc.property(record, looseJson, looseJson, (r, labels, spec) => {
      const text = `{"kind":"X","metadata":{"labels":${labels}},"spec":${spec}}`;
      fc.pre(!hasEscapedKey(text) && text.isWellFormed());
      const { payload } = encode({ encoding: 'watch-proxy' }, { ...r, object: Buffer.from(text) });
      if (r.operation === 'GAP') return assert.equal(payload.length, 0);
      const read = JSON.parse(payload.toString()) as Members;
      const uniqueId = `demo-${r.uid}`.toWellFormed();
      const { kind: _, ...object } = JSON.parse(text) as Members & { metadata: Members };
      object.metadata.uniqueId = uniqueId;
      assert.deepEqual(plain(read.data, wellFormed), plain(object, wellFormed));
      assert.equal(read.uniqueId, uniqueId);
      assert.ok(sorted(read.data));
      assert.doesNotMatch(payload.toString(), /[<>&\u2028\u2029]/);
    }),
    fuzz(200),
  );
});

const wellFormed = (value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : finite(value));

/** A number as MessagePack keeps it: an integer is a bigint or a number, and the same. */
const number = (value: unknown): unknown => {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : finite(value);
};

test('MessagePack gives back what JSON does', () => {
  fc.assert(
    fc.property(record, (r) => {
      const payload = encode({ encoding: 'msgpack' }, r).payload;
      // The reader has a guard of its own against this key.
      if (/__proto__/.test(Buffer.from(payload).toString('latin1'))) return;
      const read = decode(payload, { useBigInt64: true }) as Members;
      assertSame(read, r, true);
      for (const key of ['object', 'patch'] as const) {
        if (r[key] === undefined) continue;
        const text = Buffer.from(r[key]).toString();
        // Integers above 64 bits become doubles; texts with lone surrogates come back as U+FFFD.
        if (/\d{16}|[eE]|\\u[dD]/.test(text) || hasEscapedKey(text)) continue;
        assert.deepEqual(plain(read[key], number), plain(JSON.parse(text), number));
      }
    }),
    fuzz(300),
  );
});

test('protobuf gives back every text, and object, patch and fields as their bytes', () => {
  fc.assert(
    fc.property(record, (r) => {
      const read = watershard.record.v1.ChangeRecord.decode(encode({ encoding: 'protobuf' }, r).payload);
      for (const key of ['id', 'namespace', 'name', 'uid', 'resourceVersion'] as const)
        assert.equal(read[key], r[key].toWellFormed());
      assert.deepEqual(read.object && Buffer.from(read.object), r.object ?? null);
      assert.deepEqual(read.patch && Buffer.from(read.patch), r.patch ?? null);
      const all = read.fields && fieldsFromJson(Buffer.from(read.fields));
      assert.deepEqual(all, r.fields === undefined ? null : plain(r.fields, finite));
      assert.equal(Number(read.observedAt?.seconds) * 1e6 + Number(read.observedAt?.nanos) / 1000, r.observedAt);
    }),
    fuzz(200),
  );
});

/** With numbers of every form, in shapes that are often the same. */
const document = fc
  .tuple(
    fc.json({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b', '/', '~') }),
    fc.constantFrom('9007199254740993', '1e20', '-0', '12345678901234567890', '1.50', '1E-5'),
  )
  .map(([json, number]) => `{"v":${json},"n":[${number}, ${number}]}`);
const digits = (text: string): unknown =>
  parseExactly(Buffer.from(text), (source) => (/^-?\d+$/.test(source) ? `${BigInt(source)}` : `${Number(source)}`));
/** Doubles cannot say it, and no API server can. */
const beyondDoubles = (text: string): boolean => /\d[eE]\+?\d{3}/.test(text);

test('patches of any two documents, with numbers of any length, make the one of the other', () => {
  const withoutNulls = (value: unknown): unknown =>
    isMembers(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, v]) => v !== null)
            .map(([k, v]) => [k, withoutNulls(v)]),
        )
      : value;
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b'), document),
      fc.dictionary(fc.constantFrom('a', 'b'), document),
      (x, y) => {
        const text = (d: Readonly<Record<string, string>>): string =>
          `{${Object.entries(d)
            .map(([k, v]) => `"${k}":${v}`)
            .join(',')}}`;
        const [a, b] = [text(x), text(y)];
        fc.pre(!beyondDoubles(a + b) && !hasEscapedKey(a + b));
        const list = jsonPatch(Buffer.from(a), Buffer.from(b));
        const operations = list === undefined ? [] : (digits(Buffer.from(list).toString()) as never[]);
        assert.deepEqual(applyJsonPatch(digits(a), operations), digits(b));
        const merge = mergePatch(Buffer.from(a), Buffer.from(b));
        const merged =
          merge === undefined ? digits(a) : applyMergePatch(digits(a), digits(Buffer.from(merge).toString()));
        assert.deepEqual(withoutNulls(merged), withoutNulls(digits(b)));
        assert.equal(jsonPatch(Buffer.from(a), Buffer.from(` ${a}`)), undefined);
      },
    ),
    fuzz(150),
  );
});

test('an integer in scientific notation has not changed where another one is long', () => {
  const before = Buffer.from('{"a":1e20,"b":12345678901234567890}');
  assert.equal(Buffer.from(mergePatch(before, Buffer.from('{"a":1e20,"b":1}')) ?? '').toString(), '{"b":1}');
});

const decompress = { ZSTD: (bytes: Uint8Array): Uint8Array => new Uint8Array(zstdDecompressSync(bytes)) };

/** What a column makes of a value; undefined where anything may stand, as the type came from other values. */
const readable = (value: FieldValue): unknown => (typeof value === 'string' ? value.toWellFormed() : value);

test('a Parquet file gives back what was put in, whatever the fields are over time', async () => {
  const row = fc.record({
    name: anyText,
    namespace: anyText,
    fields: fc.dictionary(
      fc.constantFrom('a', 'B', 'id', 'date', 'field_id', 'constructor', 'toString', 'x'.repeat(63)),
      fieldValue,
      { maxKeys: 4 },
    ),
    labels: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
    object: fc.oneof(looseJson, fc.constant(JSON.stringify('x'.repeat(70_000)))),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      async (groups) => {
        const encoding = new Encoding(1);
        const rows: TestRow[] = [];
        for (const group of groups) {
          const { rejected } = encoding.append(group);
          assert.deepEqual(rejected, []);
          rows.push(...group);
        }
        const { files } = encoding.cut();
        const read: Members[] = [];
        for (const { bytes } of files)
          read.push(...(await parquetReadObjects({ file: bytes, compressors: decompress })));
        assert.equal(read.length, rows.length);
        for (const [i, r] of rows.entries()) {
          const got = read[i] as Members;
          assert.equal(got.name, r.name?.toWellFormed());
          assert.equal(got.namespace, r.namespace?.toWellFormed());
          assert.equal(got.operation, 'CREATED');
          assert.equal((got.observed_at as Date).getTime(), Math.floor(NOON / 1000));
          assert.deepEqual(got.object, r.object);
          for (const [field, value] of Object.entries(r.fields ?? {})) {
            const column = ['id', 'date', 'field_id'].includes(field) ? `field_${field}` : field;
            const stored = got[column];
            if (stored === null || stored === undefined) continue;
            if (typeof value === 'string' && typeof stored === 'string') {
              assert.ok(stored === readable(value) || stored === JSON.stringify(value), `${stored} is not ${value}`);
            } else if (typeof value === 'bigint' && typeof stored === 'bigint') assert.equal(stored, value);
            else if (typeof value === 'number' && typeof stored === 'number') assert.ok(Object.is(stored, value));
            else if (typeof value === 'boolean' && typeof stored === 'boolean') assert.equal(stored, value);
          }
        }
      },
    ),
    fuzz(25),
  );
});
