// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are looked at
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { parseSource } from '../../src/config/source.ts';
import { type Translation, translateWatchProxy } from '../../src/config/watch-proxy.ts';
import { readWatchProxyForm } from '../../src/config/watch-proxy-form.ts';
import { yamlText } from '../../src/config/yaml-text.ts';
import { checkConfig } from '../../src/topology/check.ts';

const SMALLEST = `
remoteEndpoints: [{ type: http, url: "http://echo/in" }]
resources: [{ name: pods }]
`;

/** Every key that the program has. */
const WHOLE = `
clusterName: "dev-cluster"
deltaUpdates: true
delayAddEventDuration: 30s
emitCacheDuration: 14400m
emitBatchMaxObjects: 25
emitInterval: 2
forceReuploadDuration: 500h
prometheusMetrics: { port: 9595, path: /prom }
httpLiveness: { port: "8080" }
remoteEndpoints:
  - { type: http, url: "http://echo1/in", usernameVar: USERNAME1, passwordVar: PASSWORD1, namespaces: [web], resourceTypes: [services, deployments] }
  - { type: vro, url: "https://vro/executions", region: ignored }
metadata: { platform: baremetal, nested: { rack: [1, 2] } }
resources:
  - { name: services, assetId: svc, pruneFields: [metadata.resourceVersion, metadata.annotations] }
  - { name: deployments, assetId: dep, pruneFields: [status] }
  - { name: nodes, filterEvents: [update] }
  - { name: secrets, pruneFields: [data] }
ignoreNamespaces: [kube-system]
another: key
`;

function translate(text: string, options = {}): Translation {
  return translateWatchProxy(readWatchProxyForm(parseSource(text, 'wp.yaml'), 'wp.yaml'), {
    dataDir: '/data',
    ...options,
  });
}

/** As the program reads it. */
const loaded = ({ config }: Translation, environment: Record<string, string> = {}) =>
  parseConfig(JSON.stringify(config), 'translated', { environment, checks: [checkConfig] });
// biome-ignore lint/suspicious/noExplicitAny: plain data is looked into
const exportersOf = ({ config }: Translation): any[] => config.exporters as any[];

test('the smallest file: defaults of watch-proxy', () => {
  const translation = translate(SMALLEST);
  assert.deepEqual(translation.config, {
    cluster: { name: 'watch-proxy' },
    watch: { resources: ['pods'] },
    dataDir: '/data',
    exporters: [
      {
        name: 'endpoint-1',
        type: 'http',
        url: 'http://echo/in',
        encoding: 'watch-proxy',
        watchProxy: { clusterName: '' },
        batch: { records: 10, interval: '1s' },
        requestTimeout: '5s',
      },
    ],
    ops: { listen: '127.0.0.1:8081' },
  });
  assert.deepEqual(
    [translation.notes, translation.metrics, translation.liveness, translation.variables],
    [[], undefined, undefined, []],
  );
  const [exporter] = loaded(translation).exporters;
  assert.equal(exporter?.required, true, 'the only endpoint loses nothing');
});

test('the whole file', () => {
  const translation = translate(WHOLE, { kubeconfig: './kube' });
  const watchProxy = {
    clusterName: 'dev-cluster',
    assetIds: { services: 'svc', 'deployments.apps': 'dep' },
    meta: { platform: 'baremetal', nested: { rack: [1, 2] }, cluster: 'dev-cluster' },
    filterEvents: { nodes: ['update'] },
  };
  const shared = {
    type: 'http',
    required: false,
    buffer: { type: 'disk' },
    encoding: 'watch-proxy',
    batch: { records: 25, interval: '2s' },
    requestTimeout: '5s',
    operations: ['CREATED', 'UPDATED', 'DELETED'],
  };
  assert.deepEqual(translation.config, {
    cluster: { name: 'dev-cluster' },
    kubeconfig: './kube',
    watch: {
      resources: ['services', 'deployments.apps', 'nodes', 'secrets'],
      namespaces: { exclude: ['kube-system'] },
    },
    rules: [
      {
        resources: ['services'],
        prune: ['metadata.resourceVersion', 'metadata.annotations'],
        ignore: ['metadata.resourceVersion', 'metadata.annotations'],
      },
      { resources: ['deployments.apps'], prune: ['status'] },
      { resources: ['secrets'], prune: ['data'], redact: false },
    ],
    dataDir: '/data',
    exporters: [
      {
        name: 'endpoint-1',
        ...shared,
        url: 'http://echo1/in',
        watchProxy,
        basic: { user: '${USERNAME1:-}', password: '${PASSWORD1:-}' },
        namespaces: { include: ['web'], exclude: ['kube-system'] },
        resources: ['services', 'deployments'],
      },
      {
        name: 'endpoint-2',
        ...shared,
        url: 'https://vro/executions',
        watchProxy: { ...watchProxy, body: 'vro' },
        namespaces: { exclude: ['kube-system'] },
      },
    ],
    ops: { listen: '127.0.0.1:8081' },
  });
  assert.deepEqual(translation.metrics, { port: 9595, path: '/prom' });
  assert.deepEqual(translation.liveness, { port: 8080, path: '/live' });
  assert.deepEqual(translation.variables, ['USERNAME1', 'PASSWORD1']);
  for (const word of [
    'deltaUpdates',
    'delayAddEventDuration',
    'emitCacheDuration',
    'forceReuploadDuration',
    'buffer on disk',
    'Secrets',
  ])
    assert.ok(
      translation.notes.some((note) => note.includes(word)),
      word,
    );
  assert.equal(translation.notes.length, 6);
  loaded(translation);
});

describe('each key by itself', () => {
  const notes = (more: string): readonly string[] => translate(SMALLEST + more).notes;

  test('clusterName that no cluster here can have stays in the ids, and nothing stands where there is none', () => {
    const [exporter] = exportersOf(translate(`${SMALLEST}\nclusterName: "prod / east ${'$'}{X}"`));
    assert.equal(exporter.watchProxy.clusterName, 'prod / east $${X}');
    assert.deepEqual(exporter.watchProxy.meta, { cluster: 'prod / east $${X}' });
    const config = loaded(translate(`${SMALLEST}\nclusterName: "prod / east ${'$'}{X}"`));
    assert.equal(config.cluster.name, 'watch-proxy');
    assert.equal(
      (config.exporters[0] as { watchProxy?: { clusterName?: string } }).watchProxy?.clusterName,
      'prod / east ${X}',
    );
    assert.equal(exportersOf(translate(`${SMALLEST}\nclusterName: 12`))[0].watchProxy.clusterName, '12');
  });

  test('metadata without a clusterName, and a clusterName without metadata (upstream: it ends with a panic)', () => {
    assert.deepEqual(exportersOf(translate(`${SMALLEST}\nmetadata: { a: 1 }`))[0].watchProxy.meta, { a: 1 });
    assert.deepEqual(exportersOf(translate(`${SMALLEST}\nclusterName: dev`))[0].watchProxy.meta, { cluster: 'dev' });
    assert.equal('meta' in exportersOf(translate(`${SMALLEST}\nmetadata:`))[0].watchProxy, false);
  });

  test('emitInterval and emitBatchMaxObjects: 0 is the default, text is refused as there', () => {
    assert.deepEqual(exportersOf(translate(`${SMALLEST}\nemitInterval: 0\nemitBatchMaxObjects: 0`))[0].batch, {
      records: 10,
      interval: '1s',
    });
    assert.throws(() => translate(`${SMALLEST}\nemitInterval: 1s`), {
      code: 'CONFIG_INVALID',
      message: /line 5: emitInterval: expected/,
    });
  });

  test('durations: those of Go, and what is none is said', () => {
    assert.equal(exportersOf(translate(`${SMALLEST}\ndelayAddEventDuration: 1h2.5m`))[0].operations.length, 3);
    for (const none of ['0', '0s', '-5s', 'soon', '']) {
      const translation = translate(`${SMALLEST}\ndelayAddEventDuration: "${none}"`);
      assert.equal('operations' in exportersOf(translation)[0], false, none);
      assert.equal(translation.notes.length, none === 'soon' ? 1 : 0);
    }
    assert.match(notes('\nemitCacheDuration: 5').join(), /emitCacheDuration: "5" is not a duration/);
  });

  test('ports: text or number, and what is none is not served; equal paths are refused (upstream: a panic)', () => {
    assert.deepEqual(translate(`${SMALLEST}\nprometheusMetrics: { port: 9 }`).metrics, { port: 9, path: '/metrics' });
    assert.equal(translate(`${SMALLEST}\nhttpLiveness: { path: /live }`).liveness, undefined);
    assert.equal(translate(`${SMALLEST}\nhttpLiveness:`).liveness, undefined);
    assert.match(notes('\nprometheusMetrics: { port: http }').join(), /prometheusMetrics.port: "http" is not a port/);
    assert.throws(
      () => translate(`${SMALLEST}\nprometheusMetrics: {port: 1, path: /x}\nhttpLiveness: {port: 2, path: /x}`),
      {
        message: /httpLiveness.path/,
      },
    );
    assert.deepEqual(translate(`${SMALLEST}\nhttpLiveness: { port: 8081 }`).config.ops, { listen: '127.0.0.1:8082' });
  });

  test('resources: each that it knows, and no other', () => {
    const all = [
      'namespaces',
      'pods',
      'nodes',
      'configmaps',
      'secrets',
      'services',
      'ingresses',
      'deployments',
      'replicasets',
    ];
    const translation = translate(
      `remoteEndpoints: [{type: http, url: "http://a/"}]\nresources: [${all.map((name) => `{name: ${name}}`).join()}]`,
    );
    assert.deepEqual((translation.config.watch as { resources: string[] }).resources, [
      ...all.slice(0, 6),
      'ingresses.networking.k8s.io',
      'deployments.apps',
      'replicasets.apps',
    ]);
    assert.match(
      translate(SMALLEST.replace('{ name: pods }', '{ name: pods }, { name: widgets }')).notes.join(),
      /"widgets"/,
    );
    assert.throws(() => translate(SMALLEST.replace('pods', 'widgets')), {
      code: 'CONFIG_INVALID',
      message: /resources: there is none/,
    });
  });

  test('a resource that stands twice: the later entry counts (upstream: a reload may end with a panic)', () => {
    const translation = translate(
      SMALLEST.replace('{ name: pods }', '{ name: pods, assetId: a, pruneFields: [spec] }, { name: pods, assetId: b }'),
    );
    assert.deepEqual((translation.config.watch as { resources: string[] }).resources, ['pods']);
    assert.deepEqual(exportersOf(translation)[0].watchProxy.assetIds, { pods: 'b' });
    assert.equal('rules' in translation.config, false);
  });

  test('pruneFields: paths with dots between, whatever the keys are', () => {
    const fields = ['spec.a-b.c_d', "metadata.labels.app/it's", 'spec.0', 'a..b', ''];
    const text = SMALLEST.replace('{ name: pods }', `{ name: pods, pruneFields: ${JSON.stringify(fields)} }`);
    const translation = translate(text);
    assert.deepEqual((translation.config.rules as { prune: string[] }[])[0]?.prune, [
      'spec.a-b.c_d',
      "metadata.labels['app/it\\'s']",
      "spec['0']",
    ]);
    assert.equal(translation.notes.length, 2);
    loaded(translation);
  });

  test('filterEvents: what is no event is said', () => {
    const translation = translate(
      SMALLEST.replace('{ name: pods }', '{ name: pods, filterEvents: [add, delete, modify] }'),
    );
    assert.deepEqual(exportersOf(translation)[0].watchProxy.filterEvents, { pods: ['add', 'delete'] });
    assert.match(translation.notes.join(), /"modify"/);
  });

  test('ignoreNamespaces: exact names alone', () => {
    const translation = translate(`${SMALLEST}\nignoreNamespaces: [foo, kube-]`);
    assert.deepEqual((translation.config.watch as { namespaces: unknown }).namespaces, { exclude: ['foo'] });
    assert.deepEqual(exportersOf(translation)[0].namespaces, { exclude: ['foo'] });
    assert.match(translation.notes.join(), /"kube-"/);
  });

  test('remoteEndpoints: what cannot be done is refused at its place', () => {
    const fault = (endpoint: string): string => {
      try {
        translate(SMALLEST.replace('{ type: http, url: "http://echo/in" }', endpoint));
      } catch (e) {
        return (e as Error).message;
      }
      return 'taken';
    };
    assert.match(
      fault('{ type: kafka, url: "http://a/" }'),
      /remoteEndpoints\[0\]\.type: not a known value.*http, vro, sqs/s,
    );
    assert.match(fault('{ type: sqs, url: "https://a/" }'), /remoteEndpoints\[0\]\.url: not a URL of a queue/);
    assert.match(fault('{ type: sqs, url: queue }'), /remoteEndpoints\[0\]\.url: not a URL of a queue/);
    assert.match(fault('{ type: http, url: nonsense }'), /remoteEndpoints\[0\]\.url: not a URL/);
    assert.match(fault('{ type: http }'), /remoteEndpoints\[0\]\.url/);
    assert.match(fault('{ type: http, url: "http://a/", usernameVar: "a-b" }'), /remoteEndpoints\[0\]\.usernameVar/);
    assert.match(fault(''), /remoteEndpoints: there is none/);
  });

  test('an endpoint of type sqs is an exporter sqs with the same filters, hidden for ten seconds as there; a FIFO queue has no such delay', () => {
    const url = 'https://sqs.eu-central-1.amazonaws.com/123456789012/wp';
    const endpoint = (suffix: string): string =>
      `{ type: sqs, url: "${url}${suffix}", region: eu-central-1, namespaces: [web], resourceTypes: [services] }`;
    const translation = translate(
      WHOLE.replace(/ {2}- \{ type: vro.*/, `  - ${endpoint('')}\n  - ${endpoint('.fifo')}`),
    );
    const [, standard, fifo] = exportersOf(translation);
    assert.deepEqual(standard, {
      name: 'endpoint-2',
      required: false,
      buffer: { type: 'disk' },
      type: 'sqs',
      queue: url,
      region: 'eu-central-1',
      encoding: 'watch-proxy',
      watchProxy: {
        clusterName: 'dev-cluster',
        assetIds: { services: 'svc', 'deployments.apps': 'dep' },
        filterEvents: { nodes: ['update'] },
      },
      delay: '10s',
      requestTimeout: '5s',
      namespaces: { include: ['web'], exclude: ['kube-system'] },
      resources: ['services'],
      operations: ['CREATED', 'UPDATED', 'DELETED'],
    });
    assert.deepEqual([fifo.queue, fifo.delay], [`${url}.fifo`, undefined]);
    assert.match(translation.notes.join(), /type sqs.*emitInterval/);
    loaded(translation, { USERNAME1: 'u', PASSWORD1: 'p' });
  });

  test('credentials: a variable that is not set or empty means none; set, they come before those of the address', () => {
    const translation = translate(
      SMALLEST.replace('url: "http://echo/in"', 'url: "http://old:pw@echo/in?q=${Q}", usernameVar: U, passwordVar: P'),
    );
    const basic = (environment: Record<string, string>) => {
      const [exporter] = loaded(translation, environment).exporters;
      return exporter?.type === 'http' ? [exporter.url, exporter.basic] : [];
    };
    assert.deepEqual(basic({ U: 'me', P: 'x' }), ['http://echo/in?q=${Q}', { user: 'me', password: 'x' }]);
    assert.deepEqual(basic({}), ['http://echo/in?q=${Q}', { user: '', password: '' }]);
  });
});

test('what is printed is an ordinary configuration, with references or stars in the place of secrets', () => {
  const translation = translate(WHOLE.replace('https://vro/executions', 'https://robot:hidden@vro/executions'));
  const text = yamlText(translation.config, translation.notes);
  assert.ok(text.startsWith('# '));
  assert.doesNotMatch(text, /hidden/);
  const again = parse(text) as { exporters: { basic?: unknown; url: string }[] };
  assert.deepEqual(again.exporters[0]?.basic, { user: '${USERNAME1:-}', password: '${PASSWORD1:-}' });
  assert.equal(again.exporters[1]?.url, 'https://robot:***@vro/executions');
  const same = parseConfig(yamlText(translate(WHOLE).config, ['a note']), 'printed', {
    environment: { USERNAME1: 'u', PASSWORD1: 'p' },
  });
  assert.deepEqual(same, loaded(translate(WHOLE), { USERNAME1: 'u', PASSWORD1: 'p' }));
});
