import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceName } from '../../src/model/resource.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { JsonResponse } from '../../src/watch/api-client.ts';
import { Discovery } from '../../src/watch/discovery.ts';
import { logger } from './watch-setup.ts';

type Answer = { status?: number; value?: unknown; etag?: string };
const verbs = ['get', 'list', 'watch'];
const aggregated = (...items: unknown[]): unknown => ({ kind: 'APIGroupDiscoveryList', items });
const group = (name: string, versions: Record<string, string[] | 'stale'>): unknown => ({
  metadata: { name },
  versions: Object.entries(versions).map(([version, resources]) => ({
    version,
    freshness: resources === 'stale' ? 'Stale' : 'Current',
    resources: (resources === 'stale' ? [] : resources).map((resource) => ({
      resource,
      responseKind: { kind: resource },
      scope: 'Namespaced',
      verbs: resource === 'readonly' ? ['get'] : verbs,
    })),
  })),
});
const CORE = aggregated(group('', { v1: ['pods', 'readonly'] }));

function discovery(answers: Record<string, Answer>) {
  const asked: { path: string; etag: string | undefined }[] = [];
  const getJson = async (
    path: string,
    options?: { headers?: Readonly<Record<string, string>> },
  ): Promise<JsonResponse> => {
    const etag = options?.headers?.['If-None-Match'];
    asked.push({ path, etag });
    const answer = answers[path] ?? { status: 404 };
    const status = answer.etag !== undefined && answer.etag === etag ? 304 : (answer.status ?? 200);
    const failure =
      status >= 400 ? { code: status, reason: '', message: '', continueToken: '', retryAfterMs: undefined } : undefined;
    return { status, headers: { etag: answer.etag }, value: status === 200 ? answer.value : undefined, failure };
  };
  const found = new Discovery({ api: { getJson }, metrics: createMetrics(), logger });
  const refresh = async (): Promise<string[]> => {
    await found.refresh(new AbortController().signal);
    return found.resources.map((r) => `${resourceName(r)}/${r.version}`);
  };
  return { refresh, asked, found, answers };
}

test('aggregated discovery gives each resource in its most preferred version, and asks for changes alone', async () => {
  const apps = { value: aggregated(group('apps', { v2: ['deployments'], v1: ['deployments', 'old'] })), etag: '"1"' };
  const { refresh, asked } = discovery({ '/api': { value: CORE, etag: '"c"' }, '/apis': apps });
  assert.deepEqual(await refresh(), ['pods/v1', 'deployments.apps/v2', 'old.apps/v1']);
  assert.deepEqual(await refresh(), ['pods/v1', 'deployments.apps/v2', 'old.apps/v1']);
  assert.deepEqual(
    asked.map((a) => a.etag),
    [undefined, undefined, '"c"', '"1"'],
  );
});

test('a stale group keeps what was known of it, and one that is gone from the answer is gone', async () => {
  const { refresh, answers, found } = discovery({
    '/api': { value: CORE },
    '/apis': { value: aggregated(group('a', { v1: ['x'] }), group('b', { v1: ['y'] })) },
  });
  await refresh();
  answers['/apis'] = { value: aggregated(group('a', { v1: 'stale' }), group('b', { v1: ['y'] })) };
  assert.deepEqual(await refresh(), ['pods/v1', 'x.a/v1', 'y.b/v1']);
  assert.deepEqual(found.unanswered, []);
  answers['/apis'] = { value: aggregated(group('a', { v1: 'stale' }), group('new', { v1: 'stale' })) };
  assert.deepEqual(await refresh(), ['pods/v1', 'x.a/v1']);
  assert.deepEqual(found.unanswered, ['new/v1']);
});

test('a server without aggregated discovery is asked group by group, and one that fails keeps what it had', async () => {
  const list = (...names: string[]): Answer => ({
    value: { kind: 'APIResourceList', resources: names.map((name) => ({ name, kind: name, namespaced: true, verbs })) },
  });
  const groups = [
    { name: 'apps', versions: [{ version: 'v1beta1' }, { version: 'v1' }], preferredVersion: { version: 'v1' } },
    { name: 'broken', versions: [{ version: 'v1' }] },
  ];
  const { refresh, answers } = discovery({
    '/api': { value: { kind: 'APIVersions', versions: ['v1'] } },
    '/api/v1': list('pods', 'pods/status'),
    '/apis': { value: { kind: 'APIGroupList', groups } },
    '/apis/apps/v1': list('deployments'),
    '/apis/apps/v1beta1': list('deployments', 'older'),
    '/apis/broken/v1': list('things'),
  });
  const expected = ['pods/v1', 'deployments.apps/v1', 'older.apps/v1beta1', 'things.broken/v1'];
  assert.deepEqual(await refresh(), expected);
  answers['/apis/broken/v1'] = { status: 503 };
  assert.deepEqual(await refresh(), expected);
});

test('a discovery that fails changes nothing', async () => {
  const { refresh, answers, found } = discovery({ '/api': { value: CORE }, '/apis': { value: aggregated() } });
  await refresh();
  answers['/apis'] = { status: 503 };
  await assert.rejects(refresh(), { code: 'API_STATUS' });
  assert.equal(found.resources.length, 1);
});
