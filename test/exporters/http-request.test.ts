import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { retryAfter, verdictOn } from '../../src/exporters/http/answer.ts';
import { Ledger } from '../../src/exporters/http/ledger.ts';
import { bodyForm, requestHeaders, splitUrl } from '../../src/exporters/http/request.ts';
import { streamFilter } from '../../src/exporters/record-filter.ts';
import { EXPORTERS, exporterConfig } from '../../src/exporters/registry.ts';
import type { Resource } from '../../src/model/resource.ts';
import { makeBatch, PODS } from '../support/batches.ts';

const SMALLEST = { name: 'hook', type: 'http', url: 'https://example.com/in' };
const payloads = ['{"n":1}', '{\n"n":2}'].map((text) => Buffer.from(text));

test('the smallest configuration gets its defaults', () => {
  const config = EXPORTERS.http.config.parse(SMALLEST);
  assert.deepEqual(config.batch, { records: 500, bytes: 2 ** 20, interval: 500 });
  assert.deepEqual(
    [config.encoding, config.format, config.compression, config.oversize, config.requestTimeout, config.headers],
    ['json', 'array', 'none', 'send', 30_000, {}],
  );
  assert.deepEqual(EXPORTERS.http.lane(config), { encoding: 'json' });
});

test('what cannot work is refused at its path, and no secret is said', () => {
  const faults: [Record<string, unknown>, RegExp][] = [
    [{ url: 'ftp://host/' }, /url: not a URL of http/],
    [{ url: 'nonsense' }, /url: not a URL of http/],
    [{ headers: { 'Content-Length': '3' } }, /set by the exporter itself/],
    [{ headers: { 'bad name': 'x' } }, /headers/],
    [{ headers: { 'X-Key': 'hidden\n' } }, /printable/],
    [{ bearerToken: 'hidden', basic: { user: 'a', password: 'hidden' } }, /only one of/],
    [{ url: 'https://me:hidden@host/', bearerTokenFile: '/t' }, /only one of/],
    [{ basic: { user: 'a' } }, /basic\.password: one of/],
    [{ basic: { user: 'a', password: 'hidden', passwordFile: '/p' } }, /basic\.password: one of/],
    [{ bearerToken: 'hidden token' }, /bearerToken/],
    [{ tls: { cert: 'c.pem' } }, /tls\.key: cert and key/],
    [{ operations: ['MODIFIED'] }, /operations/],
    [{ encoding: 'msgpack' }, /encoding/],
  ];
  for (const [changes, expected] of faults) {
    const result = exporterConfig.safeParse({ ...SMALLEST, ...changes });
    const told = result.error?.issues.flatMap((issue) => [
      issue,
      ...(issue.code === 'invalid_key' ? issue.issues : []),
    ]);
    const text = told?.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n') ?? '';
    assert.match(text, expected, JSON.stringify(changes));
    assert.doesNotMatch(text, /hidden/);
  }
});

test('records stand in a body as the format says', () => {
  const { watchProxy } = EXPORTERS.http.config.parse(SMALLEST);
  const bodies = (['array', 'ndjson', 'single'] as const).map((format) => {
    const form = bodyForm({ encoding: 'json', format, watchProxy });
    return [
      form.contentType,
      form.assemble(format === 'single' ? payloads.slice(0, 1) : payloads).toString(),
      form.most,
    ];
  });
  assert.deepEqual(bodies, [
    ['application/json', '[{"n":1},{\n"n":2}]', Number.POSITIVE_INFINITY],
    ['application/x-ndjson', '{"n":1}\n{ "n":2}\n', Number.POSITIVE_INFINITY],
    ['application/json', '{"n":1}', 1],
  ]);
  const types = (['array', 'ndjson', 'single'] as const).map(
    (format) => bodyForm({ encoding: 'cloudevents', format, watchProxy }).contentType,
  );
  assert.deepEqual(types, [
    'application/cloudevents-batch+json',
    'application/x-ndjson',
    'application/cloudevents+json',
  ]);
});

test('headers carry the credentials and the signature; those of the configuration come on top', () => {
  const body = Buffer.from('[]');
  const base = { contentType: 'application/json', basic: undefined, bearerToken: undefined, body, seconds: 1700000000 };
  const config = { headers: {}, compression: 'none', hmac: undefined } as const;
  assert.deepEqual(requestHeaders({ ...base, config }), {
    'content-type': 'application/json',
    'user-agent': 'watershard',
  });
  assert.equal(
    requestHeaders({ ...base, config, basic: { user: 'user1', password: 'pass1' } }).authorization,
    'Basic dXNlcjE6cGFzczE=',
  );
  assert.equal(requestHeaders({ ...base, config, bearerToken: 'abc' }).authorization, 'Bearer abc');
  const hmac = { secret: 'key', header: 'X-Signature', algorithm: 'sha256' } as const;
  const signed = requestHeaders({
    ...base,
    config: { headers: { 'X-A': '1', 'Content-Type': 'text/plain' }, compression: 'gzip', hmac },
  });
  assert.deepEqual(signed, {
    'content-type': 'text/plain',
    'user-agent': 'watershard',
    'content-encoding': 'gzip',
    'x-a': '1',
    'x-signature': `t=1700000000,v1=${createHmac('sha256', 'key').update('1700000000.[]').digest('hex')}`,
  });
});

test('a user in the address becomes basic authentication, and only the host is shown', () => {
  assert.deepEqual(splitUrl('https://us%40er:p%3Aw@example.com:8443/hook/s3cret?token=t'), {
    url: 'https://example.com:8443/hook/s3cret?token=t',
    origin: 'https://example.com:8443',
    basic: { user: 'us@er', password: 'p:w' },
  });
});

test('what a status says of the records', () => {
  const kinds = (statuses: number[]): string[] => [...new Set(statuses.map((status) => verdictOn(status).type))];
  assert.deepEqual(kinds([200, 201, 202, 204]), ['stored']);
  assert.deepEqual(kinds([408, 425, 429, 500, 502, 503, 504, 507]), ['again']);
  assert.deepEqual(
    kinds([301, 302, 307, 401, 403, 404, 405, 406, 410, 411, 415, 417, 426, 428, 431]),
    ['again'],
    'no record is at fault for these',
  );
  assert.deepEqual(kinds([400, 402, 409, 413, 414, 422, 424, 451]), ['refused']);
});

test('Retry-After is a number of seconds or a date, and not believed beyond an hour', () => {
  const now = Date.UTC(2026, 0, 1);
  assert.deepEqual(
    [
      undefined,
      '',
      'soon',
      '0',
      ' 7 ',
      ['3', '9'],
      '999999',
      'Thu, 01 Jan 2026 00:00:30 GMT',
      'Wed, 31 Dec 2025 00:00:00 GMT',
    ].map((header) => retryAfter(header, now)),
    [0, 0, 0, 0, 7000, 3000, 3_600_000, 30_000, 0],
  );
});

const NAMESPACES: Resource = { group: '', version: 'v1', kind: 'Namespace', resource: 'namespaces', namespaced: false };
const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
};
const NODES: Resource = { group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false };

test('filters go by exact namespace, by resource and by operation', () => {
  const none = EXPORTERS.http.config.parse(SMALLEST);
  assert.equal(streamFilter(none, DEPLOYMENTS), undefined);
  const passes = (settings: object, resource: Resource, key: string, operation = 'UPDATED' as const): string =>
    streamFilter({ ...none, ...settings }, resource)?.({ key, operation }) ?? '';
  const foo = { namespaces: { include: ['foo'], exclude: [] } };
  assert.deepEqual(
    [
      passes(foo, DEPLOYMENTS, 'deployments.apps/foo/a'),
      passes(foo, DEPLOYMENTS, 'deployments.apps/foobar/a'),
      passes(foo, NAMESPACES, 'namespaces//foo'),
      passes(foo, NAMESPACES, 'namespaces//foobar'),
      passes(foo, NODES, 'nodes//foo'),
    ],
    ['', 'namespace', '', 'namespace', 'namespace'],
  );
  const notFoo = { namespaces: { include: [], exclude: ['foo'] } };
  assert.deepEqual(
    [
      passes(notFoo, DEPLOYMENTS, 'deployments.apps/foo/a'),
      passes(notFoo, DEPLOYMENTS, 'deployments.apps/foobar/foo'),
      passes(notFoo, NAMESPACES, 'namespaces//foo'),
      passes(notFoo, NODES, 'nodes//n'),
    ],
    ['namespace', '', 'namespace', ''],
  );
  for (const name of ['deployments', 'deployments.apps', '*.apps', '*'])
    assert.equal(passes({ resources: [name] }, DEPLOYMENTS, 'deployments.apps/a/b'), '', name);
  for (const name of ['pods', 'deployments.other', '*.other'])
    assert.equal(passes({ resources: [name] }, DEPLOYMENTS, 'deployments.apps/a/b'), 'resource', name);
  assert.equal(passes({ operations: ['DELETED'] }, NODES, 'nodes//n'), 'operation');
  const letters: Resource = { ...NODES, group: 'watershard.dev', kind: 'DeadLetter', resource: 'deadletters' };
  assert.equal(streamFilter({ ...none, ...foo, resources: ['pods'] }, letters), undefined, 'dead letters always pass');
});

test('a gap passes the filter of namespaces, since it concerns them all', () => {
  const filter = streamFilter(
    EXPORTERS.http.config.parse({ ...SMALLEST, namespaces: { include: ['a'] } }),
    PODS.resource,
  );
  assert.equal(filter?.({ key: 'pods//', operation: 'GAP' }), '');
});

test('batches are acknowledged in order, when their records and those before are settled', () => {
  const acked: string[] = [];
  const ledger = new Ledger(({ stream, incarnation, sequence }) => acked.push(`${stream} ${incarnation}.${sequence}`));
  const add = (sequence: number, names: string[], incarnation = 1) =>
    ledger.add(makeBatch({ sequence, incarnation, records: names.map((name) => ({ name, version: 1 })) }), undefined)
      .batch;
  const [one, two, three] = [add(1, ['a', 'b']), add(2, []), add(3, ['c'])];
  assert.deepEqual([ledger.records, ledger.idle], [3, false]);
  const next = ledger.peek(2, 1e6);
  assert.deepEqual(
    next.map((r) => r.key),
    ['pods/default/a', 'pods/default/b'],
  );
  assert.equal(ledger.peek(10, 1).length, 1, 'one at least');
  ledger.take(ledger.peek(3, 1e6));
  ledger.settle(three, 1);
  ledger.settle(two, 0);
  ledger.settle(one, 1);
  assert.deepEqual(acked, []);
  ledger.settle(one, 1);
  assert.deepEqual(acked, ['pods 1.1', 'pods 1.2', 'pods 1.3']);
  assert.deepEqual([ledger.records, ledger.bytes, ledger.idle], [0, 0, true]);

  const old = add(4, ['a', 'b']);
  const inFlight = ledger.peek(1, 1e6);
  ledger.open('pods', 2);
  assert.deepEqual([ledger.records, ledger.bytes, ledger.idle], [0, 0, true]);
  const fresh = add(1, ['a'], 2);
  ledger.take(inFlight);
  ledger.settle(old, 1);
  assert.deepEqual([ledger.records, acked.length], [1, 3], 'what is void takes nothing from its successor');
  ledger.take(ledger.peek(5, 1e6));
  ledger.settle(fresh, 1);
  assert.equal(acked.at(-1), 'pods 2.1');
});
