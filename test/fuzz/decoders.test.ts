import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerReader, subjectFault } from '../../src/exporters/jetstream/request.ts';
import { DeltaWriter, readDelta } from '../../src/model/delta.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import { headerWriter } from '../../src/model/nats-frame.ts';
import { compareResourceVersions } from '../../src/model/position.ts';
import { DETECTED_BY, OPERATIONS } from '../../src/model/record.ts';
import { readRow } from '../../src/model/row.ts';
import { parseBytes, parseDuration } from '../../src/model/units.ts';
import { isKnownValue, knownResourceVersion, knownSnapshot, knownUid } from '../../src/transform/known-value.ts';
import { escapeToken, unescapeToken } from '../../src/transform/subject.ts';
import { parseErrorEvent, parseRetryAfter, parseStatus, statusError } from '../../src/watch/api-status.ts';
import {
  parseAggregated,
  parseCoreVersions,
  parseGroupList,
  parseResourceList,
} from '../../src/watch/discovery-document.ts';
import { testRow } from '../exporters/parquet/rows.ts';
import { anyCharacter, damaged, fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';

const PIECES = ['"', '{', '}', '[', ']', ',', ':', '0', '-', 'null', '{}', '7', '\0', '\xff', 'true'];
const anyText = fc.string({ unit: anyCharacter });

/** Runs it; only errors of the kinds that its callers expect may come out. */
function contained<T>(work: () => T, expected: (error: unknown) => boolean): T | undefined {
  try {
    return work();
  } catch (error) {
    if (expected(error)) return undefined;
    throw error;
  }
}
const isRange = (error: unknown): boolean => error instanceof RangeError;

test('a delta gives back what was put in, and a damaged one is refused or still one', () => {
  const entries = fc.array(
    fc.tuple(
      anyText.map((s) => s.toWellFormed()),
      fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
    ),
  );
  const writer = new DeltaWriter();
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat({ max: 255 }), (all, at, byte) => {
      for (const [key, value] of all) value === undefined ? writer.delete(key) : writer.put(key, value);
      const packed = new Uint8Array(writer.finish());
      const read = [...readDelta(packed)].map(({ key, value }) => [key, value && new Uint8Array(value)]);
      assert.deepEqual(read, all);
      if (packed.length === 0) return;
      const bad = packed.slice();
      bad[at % bad.length] = byte;
      const cut = packed.subarray(0, at % packed.length);
      for (const bytes of [bad, cut]) {
        let length = 0;
        contained(() => {
          for (const { key, value } of readDelta(bytes)) length += 6 + Buffer.byteLength(key) + (value?.length ?? 0);
          // A byte that is not UTF-8 becomes three.
          assert.ok(length >= bytes.length);
        }, isRange);
      }
    }),
    fuzz(300),
  );
});

test('a delta that is cut inside a value is refused', () => {
  const writer = new DeltaWriter();
  writer.put('ns/a', new Uint8Array(8));
  const packed = new Uint8Array(writer.finish());
  assert.throws(() => [...readDelta(packed.subarray(0, packed.length - 1))], RangeError);
});

test('a damaged row is refused, or has values of its types', () => {
  const row = testRow({ labels: { a: 'b' }, fields: { n: 1n, s: 'x' }, object: '{"a":1}', patch: '{}' });
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.nat(), (at, bytes, cut) => {
      const bad = Buffer.from(row);
      bad.set(bytes, at % (bad.length - bytes.length));
      contained(
        () => {
          const read = readRow(bad.subarray(0, bad.length - (cut % 3 === 0 ? cut % bad.length : 0)));
          assert.ok(OPERATIONS.includes(read.operation) && DETECTED_BY.includes(read.detectedBy));
          assert.equal(typeof (read.id + read.namespace + read.name + read.uid + read.resourceVersion), 'string');
        },
        (error) => isRange(error) || error instanceof SyntaxError,
      );
    }),
    fuzz(1000),
  );
});

test('a lane holds any texts, and a damaged one gives no bytes of others', () => {
  const writer = new LaneWriter();
  fc.assert(
    fc.property(anyText, anyText, fc.uint8Array({ maxLength: 50 }), fc.nat(), (key, id, payload, at) => {
      writer.append('s', key, id, 'GAP', payload);
      const packed = writer.finish();
      const { payload: read, ...rest } = new LaneReader(packed).at(0);
      assert.deepEqual(rest, { subject: 's', key: key.toWellFormed(), id: id.toWellFormed(), operation: 'GAP' });
      assert.deepEqual(new Uint8Array(read), payload);
      contained(() => new LaneReader(packed.slice(0, at % packed.byteLength)), isRange);
    }),
    fuzz(300),
  );
});

test('any bytes are a known value or not, and one can be read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isMarked) => {
      const value = Buffer.from(isMarked ? [1, 0, bytes.length % 7, 0, bytes.length % 5, 0, ...bytes] : bytes);
      if (!isKnownValue(value)) return;
      assert.ok(knownSnapshot(value).length <= value.length);
      contained(
        () => knownUid(value) + knownResourceVersion(value),
        (error) => error instanceof SyntaxError,
      );
    }),
    fuzz(1000),
  );
});

test('any answer of JetStream is stored only where it says stream and sequence', () => {
  const read = answerReader('K8S');
  const answer = fc.oneof(
    fc.constantFrom(
      '{"stream":"K8S","seq":7}',
      '{"stream":"K8S","seq":7,"duplicate":true}',
      '{"stream":"K8S","domain":"d","seq":18446744073709551615}',
      '{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"K8S","seq":0}',
    ),
    looseJson,
  );
  fc.assert(
    fc.property(
      fc.oneof(
        answer.map((t) => Buffer.from(t)),
        damaged(answer, PIECES),
      ),
      fc.nat({ max: 600 }),
      (data, status) => {
        const got = read(data, status);
        if (got.type !== 'stored') return;
        const { stream, seq, error, duplicate } = JSON.parse(data.toString()) as Record<string, unknown>;
        assert.equal(stream, 'K8S');
        assert.ok(typeof seq === 'number' && seq > 0);
        assert.equal(error, undefined);
        assert.equal(got.duplicate, duplicate === true);
      },
    ),
    fuzz(2000),
  );
});

test('answers of JetStream that were once taken for stored, or threw', () => {
  const read = (text: string): string => answerReader('K8S')(Buffer.from(text), 0).type;
  for (const text of [
    '{"stream":"K8S","seq":0}',
    '{"stream":"K8S","seq":-5}',
    '{"stream":"K8S","seq":""}',
    '{"stream":"K8S","seq":12',
    '{"stream":"OTHER","seq":12}',
    '{"error":null}',
    '{"error":"full"}',
    '{"error":{"err_code":"a"}}',
  ])
    assert.equal(read(text), 'refused', text);
  assert.equal(read('{"stream":"K8S","seq":18446744073709551615}'), 'stored');
});

test('no id or attribute makes a header of its own, or throws', () => {
  const write = headerWriter('K8S');
  fc.assert(
    fc.property(fc.oneof(anyText, fc.constant('\ud800\r\n\r\nX: y')), anyText, (id, more) => {
      const lines = write(id, 'CREATED', { 'ce-id': more }).split('\r\n');
      assert.equal(lines.length, 7);
      assert.ok(!lines.join('').includes('\n'));
    }),
    fuzz(300),
  );
});

test('a subject of tokens is legal, and its length is counted as the server counts it', () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 6 }), (texts) => {
      const subject = ['k8s', ...texts.map(escapeToken)].join('.');
      if (Buffer.byteLength(subject) <= 2048) assert.equal(subjectFault(subject), undefined, subject);
      assert.deepEqual(
        Buffer.from(subject).toString().split('.').slice(1).map(unescapeToken),
        texts.map((t) => t.toWellFormed()),
      );
    }),
    fuzz(300),
  );
  assert.match(subjectFault(`k8s.${'漢'.repeat(700)}`) ?? '', /2104 bytes, more than 2048/);
});

test('any answer of an API server becomes a status, and any event an error', () => {
  const status = fc.oneof(
    looseJson,
    fc.json(),
    fc
      .record({
        code: fc.jsonValue(),
        reason: fc.jsonValue(),
        message: fc.jsonValue(),
        details: fc.jsonValue(),
        metadata: fc.jsonValue(),
      })
      .map((s) => JSON.stringify(s)),
    fc.constantFrom('{"details":{"retryAfterSeconds":1e999}}', '{"code":1e999}', '', 'null'),
  );
  fc.assert(
    fc.property(status, fc.boolean(), fc.nat({ max: 599 }), (text, isEvent, code) => {
      const read = isEvent ? parseErrorEvent(`{"type":"ERROR","object":${text}}`) : parseStatus(code, text, undefined);
      assert.equal(typeof read.code, 'number');
      assert.equal(typeof (read.reason + read.message + read.continueToken), 'string');
      assert.ok(read.retryAfterMs === undefined || read.retryAfterMs > 0);
      assert.ok(statusError(read, 'x') instanceof WatershardError);
    }),
    fuzz(800),
  );
  fc.assert(
    fc.property(fc.oneof(anyText, fc.nat().map(String), fc.constant('9'.repeat(400))), (header) => {
      const wait = parseRetryAfter(header, 0);
      assert.ok(wait === undefined || wait >= 0);
    }),
    fuzz(200),
  );
});

test('any discovery document is read or refused as a whole', () => {
  const served = {
    kind: 'APIGroupDiscoveryList',
    items: [
      {
        metadata: { name: 'apps' },
        versions: [
          {
            version: 'v1',
            freshness: 'Current',
            resources: [
              {
                resource: 'deployments',
                responseKind: { kind: 'Deployment' },
                scope: 'Namespaced',
                singularResource: 'deployment',
                shortNames: ['deploy'],
                verbs: ['list', 'watch'],
              },
            ],
          },
        ],
      },
    ],
  };
  const groups = { groups: [{ name: 'apps', versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } }] };
  const resources = { resources: [{ name: 'pods', kind: 'Pod', namespaced: true, verbs: ['list', 'watch'] }] };
  const versions = { versions: ['v1'] };
  const whole = fc.constantFrom<unknown>(served, groups, resources, versions);
  /** The same with one of its values replaced. */
  const changed = fc.tuple(whole, fc.nat(), fc.jsonValue({ maxDepth: 1 })).map(([document, n, value]) => {
    let left = n % 20;
    return JSON.parse(JSON.stringify(document), (_key, old: unknown) => (left-- === 0 ? value : old)) as unknown;
  });
  const isRefused = (error: unknown): boolean => error instanceof WatershardError && error.code === 'API_STATUS';
  fc.assert(
    fc.property(fc.oneof(changed, fc.jsonValue()), (document) => {
      const all = [
        contained(() => parseAggregated(document), isRefused)?.flatMap((g) =>
          g.versions.flatMap((v) => v.resources ?? []),
        ),
        contained(() => parseResourceList(document, 'g', 'v'), isRefused),
      ].flatMap((r) => r ?? []);
      for (const r of all) {
        assert.equal(typeof (r.group + r.version + r.kind + r.singular), 'string');
        assert.equal(typeof r.namespaced, 'boolean');
        assert.ok(r.resource !== '' && r.shortNames.every((s) => typeof s === 'string'));
      }
      const listed = contained(() => parseGroupList(document), isRefused) ?? [];
      assert.ok(listed.every((g) => g.group !== '' && g.versions.every((v) => typeof v === 'string')));
      assert.ok((contained(() => parseCoreVersions(document), isRefused) ?? []).every((v) => typeof v === 'string'));
    }),
    fuzz(1000),
  );
});

test('units: what is read is a whole number, and texts of the form are read', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: fc.constantFrom(...'0123456789.msdhkMGiB -e') })), (text) => {
      for (const value of [parseDuration(text), parseBytes(text)])
        assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0));
    }),
    fuzz(1000),
  );
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 999 }), (seconds, millis) => {
      assert.equal(parseDuration(`${seconds}s${millis}ms`), seconds * 1000 + millis);
      assert.equal(parseBytes(`${seconds}KiB`), seconds * 1024);
    }),
    fuzz(100),
  );
});

test('versions are compared as integers of any length, and nothing else is compared', () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 40n });
  fc.assert(
    fc.property(digits, digits, anyText, (a, b, text) => {
      const order = compareResourceVersions(String(a), String(b));
      if (a > 0n && b > 0n) assert.equal(Math.sign(order ?? Number.NaN), a < b ? -1 : a > b ? 1 : 0);
      if (!/^[1-9][0-9]*$/.test(text) && text !== String(a))
        assert.equal(compareResourceVersions(text, String(a)), undefined);
    }),
    fuzz(300),
  );
});
