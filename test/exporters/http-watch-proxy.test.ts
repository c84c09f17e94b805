import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bodyForm, requestHeaders } from '../../src/exporters/http/request.ts';
import { streamFilter } from '../../src/exporters/record-filter.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { goJson } from '../../src/model/go-json.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord, Operation, RecordContext } from '../../src/model/record.ts';
import type { WatchProxyForm } from '../../src/model/watch-proxy.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { podRecord } from '../transform/sample-record.ts';

interface Entry {
  readonly asset_type_id: string;
  readonly data: Record<string, unknown> | null;
  readonly uniqueId: string;
  readonly event: 'add' | 'update' | 'delete';
}

interface Captured {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the real program sent to a server that kept it. */
const captured = readFileSync(new URL('../fixtures/watch-proxy/live-http-capture.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Captured);

const config = EXPORTERS.http.config.parse({
  name: 'endpoint',
  type: 'http',
  url: 'http://127.0.0.1/wp',
  encoding: 'watch-proxy',
  basic: { user: 'user1', password: 'pass1' },
  watchProxy: {
    clusterName: 'dev',
    assetIds: { services: 'svc', configmaps: 'cm' },
    meta: { platform: 'baremetal', cluster: 'dev' },
    filterEvents: { nodes: ['update'], 'deployments.apps': ['add', 'delete'] },
  },
});

const PLURALS: Readonly<Record<string, string>> = { svc: 'services', cm: 'configmaps', '': 'nodes' };
const OPERATIONS: Readonly<Record<string, Operation>> = { add: 'CREATED', update: 'UPDATED', delete: 'DELETED' };

function context(resource: string, group = ''): RecordContext {
  return { cluster: 'dev', clusterUid: '', group, version: 'v1', kind: 'X', resource };
}

function encode(record: ChangeRecord, of: RecordContext, form: WatchProxyForm): string {
  const lane = new LaneWriter();
  createEncoder({ exporter: 'endpoint', encoding: 'watch-proxy', watchProxy: form }, of).append(record, lane);
  return new LaneReader(lane.finish()).at(0).payload.toString();
}

/** The change that the entry tells of, with the object as a server would give it: in another order, without the uniqueId. */
function changeOf({ data, uniqueId, event }: Entry): ChangeRecord {
  const reversed = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(reversed);
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([k, v]) => [k, reversed(v)]),
    );
  };
  const { uniqueId: _, ...metadata } = (data?.metadata ?? {}) as Record<string, unknown>;
  const object = Buffer.from(JSON.stringify(reversed({ ...data, metadata }), null, 1));
  return podRecord({ uid: uniqueId.slice('dev-'.length), operation: OPERATIONS[event] ?? 'GAP', object });
}

describe('what watch-proxy sends', () => {
  for (const [i, { body, headers, method }] of captured.entries()) {
    test(`captured request ${i + 1}: the same bytes`, () => {
      const golden = JSON.parse(body) as { data: Entry[]; meta: unknown };
      // Objects that were gone when it looked again, and a delete of one with a | in it: its faults, and not ours.
      const entries = golden.data.filter(({ data }) => data !== null && data.metadata !== undefined);
      const faults = golden.data.length - entries.length;
      assert.equal(faults, [0, 0, 1, 2][i]);
      const payloads = entries.map((entry) => {
        const keepKind = entry.data?.kind !== undefined; // its server repeated them in lists, and then it passes them on
        return Buffer.from(
          encode(changeOf(entry), context(PLURALS[entry.asset_type_id] ?? ''), {
            ...config.watchProxy,
            keepKind,
          } as WatchProxyForm),
        );
      });
      const expected = faults === 0 ? body : JSON.stringify({ ...golden, data: entries });
      const made = bodyForm(config).assemble(payloads);
      assert.equal(made.toString(), expected);
      const own = requestHeaders({
        config,
        contentType: bodyForm(config).contentType,
        basic: { user: 'user1', password: 'pass1' },
        bearerToken: undefined,
        body: made,
        seconds: 0,
      });
      assert.deepEqual(
        ['POST', own.authorization, own['content-type']],
        [method, headers.Authorization, headers['Content-Type']],
      );
    });
  }

  test('kind and apiVersion are left out unless asked for', () => {
    const form = { assetIds: {}, keepKind: false };
    const made = JSON.parse(encode(podRecord(), context('pods'), form)) as Entry;
    assert.deepEqual(Object.keys(made), ['asset_type_id', 'data', 'uniqueId', 'event']);
    assert.deepEqual(Object.keys(made.data ?? {}), ['metadata', 'spec', 'status']);
    assert.equal(made.uniqueId, `dev-${podRecord().uid}`);
    const kept = JSON.parse(encode(podRecord(), context('pods'), { ...form, keepKind: true })) as Entry;
    assert.deepEqual(Object.keys(kept.data ?? {}), ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  test('event words; a snapshot is an add, and a gap has no word', () => {
    const form = { assetIds: {}, keepKind: false };
    const word = (operation: Operation): string =>
      /"event":"(\w+)"}$/.exec(encode(podRecord({ operation }), context('pods'), form))?.[1] ?? '';
    assert.deepEqual((['SNAPSHOT', 'CREATED', 'UPDATED', 'DELETED', 'GAP'] as const).map(word), [
      'add',
      'add',
      'update',
      'delete',
      '',
    ]);
  });

  test('the uniqueId begins with a dash where the cluster has no name', () => {
    const made = JSON.parse(
      encode(podRecord(), context('pods'), { clusterName: '', assetIds: {}, keepKind: false }),
    ) as Entry;
    assert.equal(made.uniqueId, `-${podRecord().uid}`);
    assert.deepEqual((made.data?.metadata as Record<string, unknown> | undefined)?.uniqueId, made.uniqueId);
  });

  test('the asset id goes by resource, with its group before without', () => {
    const id = (assetIds: Record<string, string>): string =>
      (JSON.parse(encode(podRecord(), context('deployments', 'apps'), { assetIds, keepKind: false })) as Entry)
        .asset_type_id;
    assert.deepEqual(
      [
        id({ deployments: 'd' }),
        id({ 'deployments.apps': 'a', deployments: 'd' }),
        id({ 'deployments.x': 'x' }),
        id({}),
      ],
      ['d', 'a', '', ''],
    );
  });

  test('a message on SQS is the object alone, with the uniqueId in its metadata', () => {
    const made = encode(podRecord(), context('pods'), { assetIds: {}, keepKind: false, objectOnly: true });
    assert.ok(made.startsWith('{"metadata":{"labels":{"app":"web"},"name":"web-0"'));
    assert.ok(made.includes(`"uniqueId":"dev-${podRecord().uid}"}`));
  });

  test('metadata that was pruned gets no uniqueId', () => {
    const object = Buffer.from('{"kind":"Pod","spec":{}}');
    const made = JSON.parse(encode(podRecord({ object }), context('pods'), { assetIds: {}, keepKind: false })) as Entry;
    assert.deepEqual(made.data, { spec: {} });
  });

  test('a delete that was found by comparing carries the identity', () => {
    const record = podRecord({ operation: 'DELETED', object: undefined });
    const made = JSON.parse(encode(record, context('pods'), { assetIds: {}, keepKind: false })) as Entry;
    const { name, namespace, uid, resourceVersion } = record;
    assert.deepEqual(made.data, { metadata: { name, namespace, resourceVersion, uid, uniqueId: `dev-${uid}` } });
    assert.equal(made.event, 'delete');
  });

  test('meta is null where there is none, and may be nested', () => {
    const body = (meta: unknown): string =>
      bodyForm({ ...config, watchProxy: { ...config.watchProxy, meta: meta as null } })
        .assemble([Buffer.from('{}')])
        .toString();
    assert.equal(body(null), '{"data":[{}],"meta":null}');
    assert.equal(
      body({ z: 1, a: { c: ['<'], b: null } }),
      '{"data":[{}],"meta":{"a":{"b":null,"c":["\\u003c"]},"z":1}}',
    );
  });

  test('the body of vRO holds the other one as text', () => {
    const vro = { ...config, watchProxy: { ...config.watchProxy, body: 'vro' as const } };
    const entry = Buffer.from(
      encode(
        podRecord({ object: Buffer.from('{"metadata":{},"a":"<\\"\\n"}') }),
        context('pods'),
        config.watchProxy as WatchProxyForm,
      ),
    );
    const made = bodyForm(vro).assemble([entry]).toString();
    const text = bodyForm(config).assemble([entry]).toString();
    assert.deepEqual(JSON.parse(made), {
      parameters: [{ value: { string: { value: text } }, type: 'string', name: 'input' }],
    });
    assert.ok(made.startsWith('{"parameters":[{"value":{"string":{"value":"{\\"data\\":[{\\"asset_type_id\\":'));
    assert.ok(made.endsWith('}"}},"type":"string","name":"input"}]}'));
    assert.ok(made.includes('\\\\u003c'), 'escapes of the inner text are escaped again');
  });
});

test('filterEvents names what is not sent, by resource', () => {
  const left = (resource: string, group: string, operation: Operation): string =>
    streamFilter(config, { group, version: 'v1', kind: 'X', resource, namespaced: true })?.({
      key: `${resource}/a/b`,
      operation,
    }) ?? '';
  assert.deepEqual(
    (['SNAPSHOT', 'CREATED', 'UPDATED', 'DELETED', 'GAP'] as const).map((operation) => [
      left('nodes', '', operation),
      left('deployments', 'apps', operation),
      left('pods', '', operation),
    ]),
    [
      ['', 'event', ''],
      ['', 'event', ''],
      ['event', '', ''],
      ['', 'event', ''],
      ['event', 'event', 'event'],
    ],
  );
});

test('JSON as Go writes it', () => {
  const value = {
    b: 1,
    a: { '\u{1f600}': 1, '\uffee': 2, '<': '>&\u2028' },
    c: [1e21, 1e-7, 1.5, 12345678901234567890n, true, null],
    d: undefined,
  };
  assert.equal(
    goJson(value),
    '{"a":{"\\u003c":"\\u003e\\u0026\\u2028","\uffee":2,"\u{1f600}":1},"b":1,"c":[1e+21,1e-7,1.5,12345678901234567890,true,null]}',
  );
  assert.equal(goJson(JSON.parse('{"__proto__":{"x":1}}')), '{"__proto__":{"x":1}}');
  assert.equal(goJson('\ud800'), '"\ufffd"');
});

test('integers beyond 2^53 keep their digits', () => {
  const object = Buffer.from('{"metadata":{},"spec":{"n":9007199254740993,"big":123456789012345678901234567890}}');
  const made = encode(podRecord({ object }), context('pods'), { assetIds: {}, keepKind: false });
  assert.ok(made.includes('"spec":{"big":123456789012345678901234567890,"n":9007199254740993}'));
});
