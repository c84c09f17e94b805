// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is about such text
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LoadOptions, loadConfig, parseConfig } from '../../src/config/load.ts';
import { configHints } from '../../src/config/semantics.ts';
import { WatershardError } from '../../src/model/errors.ts';
import { bytesPerStream } from '../../src/shard/config.ts';

const MINIMAL = 'cluster: { name: demo }\nexporters:\n  - { name: out, type: file, path: "-" }\n';

function refused(text: string, options: LoadOptions = { environment: {} }): WatershardError {
  try {
    parseConfig(text, 'test.yaml', options);
  } catch (e) {
    assert.ok(e instanceof WatershardError, String(e));
    assert.equal(e.class, 'configuration');
    return e;
  }
  throw new assert.AssertionError({ message: 'the configuration was accepted' });
}

/** The lines of problems, without the heading. */
function problems(text: string, options?: LoadOptions): string[] {
  return refused(text, options)
    .message.split('\n')
    .slice(1)
    .map((line) => line.trim());
}

describe('a configuration', () => {
  test('may be as small as a cluster and an exporter', () => {
    const config = parseConfig(MINIMAL, 'test.yaml');
    assert.deepEqual(config.watch.resources, ['*']);
    assert.equal(config.watch.discoveryInterval, 3000);
    assert.ok(config.workers >= 1);
    assert.equal(config.flow.bytesInFlight, 128 * 2 ** 20);
    assert.equal(config.state.url, undefined);
    assert.equal(config.dataDir, './watershard-data');
    assert.deepEqual(config.ops, { listen: '127.0.0.1:8081', profile: false, kollectPaths: 'off' });
    assert.equal(config.drain.timeout, 25_000);
    assert.deepEqual(config.rules, []);
  });

  test('of the contract is accepted as it stands', () => {
    const config = parseConfig(
      `
cluster: { name: demo }
kubeconfig: ./kubeconfig            # default: KUBECONFIG, ~/.kube/config, then in-cluster
watch:
  resources: ["pods", "configmaps", "deployments.apps", "widgets.example.com"]
  exclude: ["leases.coordination.k8s.io"]
  namespaces: { exclude: ["kube-system"] }
rules:
  - resources: ["pods"]
    prune: ["metadata.managedFields"]
    ignore: ["metadata.annotations['example.com/heartbeat']"]
    extract: { phase: "object.status.phase", images: "object.spec.containers.map(c, c.image)" }
    diff: merge-patch
workers: 2
state: { url: "redis://127.0.0.1:6379/0" }
dataDir: ./watershard-data
exporters:
  - { name: bus, type: jetstream, servers: ["nats://127.0.0.1:4222"], stream: K8S, encoding: json }
  - { name: lake, type: parquet, url: "s3://bucket/prefix", endpoint: "http://127.0.0.1:9000", region: us-east-1, rotate: { interval: 10s, rows: 100000 } }
ops: { listen: "127.0.0.1:8081" }
`,
      'test.yaml',
    );
    assert.deepEqual(
      config.exporters.map((e) => [e.name, e.type, e.required]),
      [
        ['bus', 'jetstream', true],
        ['lake', 'parquet', true],
      ],
    );
    assert.equal(config.workers, 2);
  });

  test('with several mistakes is told all of them, with lines, paths and remedies', () => {
    const found = problems(
      `cluster: { nmae: demo }
worker: 2
watch:
  discoveryInterval: 3
  pageSize: many
rules:
  - resources: [pods]
    diff: merge-pach
flow: { bytesInFlight: 12 parsecs }
exporters:
  - { name: bus, type: jetsream }
  - { name: b, type: file, encoding: json }
  - { name: c, type: jetstream, servers: [], stream: K8S, tls: { cafile: x } }
`,
    );
    assert.deepEqual(
      found.map((line) => line.replace(/; (add it|it is): .*/, '; $1')),
      [
        'line 1: cluster.name: missing; add it',
        'line 1: cluster.nmae: unknown key; did you mean "name"?',
        'line 2: worker: unknown key; did you mean "workers"?',
        'line 4: watch.discoveryInterval: expected text, found a number; write it with a unit, like 10s or 5m',
        'line 5: watch.pageSize: expected a whole number, found text; it is',
        'line 8: rules[0].diff: not a known value; did you mean "merge-patch"? Known are none, merge-patch, json-patch',
        'line 9: flow.bytesInFlight: not a size of at least 1MiB; write it like 64MiB or 100MB',
        found[7]!.startsWith('line 11: exporters[0].type: not a known value; did you mean "jetstream"? Known are ')
          ? found[7]!
          : 'a suggestion of the type',
        'line 12: exporters[1].path: missing; add it',
        'line 13: exporters[2].servers: empty; give at least one entry',
        'line 13: exporters[2].tls.cafile: unknown key; remove it, or use one of ca, cert, key, handshakeFirst',
      ],
    );
  });

  test('refuses keys that would reach into prototypes', () => {
    assert.match(problems(`${MINIMAL}__proto__: { workers: 1 }\n`)[0]!, /^line 4: __proto__: unknown key/);
    assert.match(problems(`${MINIMAL}constructor: 1\n`)[0]!, /^line 4: constructor: unknown key/);
  });

  test('is checked across its parts', () => {
    const text = `cluster: { name: demo }
exporters:
  - { name: bus, type: file, path: a, deadLetter: leters }
  - { name: bus, type: file, path: b, deadLetter: bus }
  - { name: letters, type: file, path: c, deadLetter: other }
flow: { bytesInFlight: 8MiB, bytesPerStream: 9MiB }
`;
    assert.deepEqual(problems(text), [
      'line 3: exporters[0].deadLetter: there is no exporter "leters"; did you mean "letters"?',
      'line 4: exporters[1].name: "bus" is also the name of exporters[0]; give each exporter a name of its own',
      'line 4: exporters[1].deadLetter: names the exporter itself; name another exporter',
      'line 5: exporters[2].deadLetter: there is no exporter "other"; name one of bus, bus',
      'line 6: flow.bytesPerStream: more than flow.bytesInFlight; make it smaller, or bytesInFlight larger',
    ]);
  });

  test('a buffer on disk is for an exporter that is not required, and has room for more by default', () => {
    const exporter = (rest: string): string =>
      `cluster: { name: demo }\nexporters:\n  - { name: bus, type: file, path: a, ${rest} }\n`;
    assert.deepEqual(problems(exporter('buffer: { type: disk }')), [
      'line 3: exporters[0].buffer.type: "bus" is required, and a required exporter has no buffer: what it has not stored is read again; set required: false, or leave buffer out',
    ]);
    const buffer = (rest: string): unknown =>
      parseConfig(exporter(`required: false, ${rest}`), 'test.yaml').exporters[0]!.buffer;
    assert.deepEqual(buffer('buffer: { type: disk }'), { type: 'disk', bytes: 2 ** 30, overflow: 'drop-newest' });
    assert.deepEqual(buffer('buffer: { type: disk, bytes: 5MiB, overflow: drop-oldest }'), {
      type: 'disk',
      bytes: 5 * 2 ** 20,
      overflow: 'drop-oldest',
    });
    assert.deepEqual(buffer('buffer: {}'), { type: 'memory', bytes: 64 * 2 ** 20, overflow: 'drop-newest' });
  });

  test('takes a small bytesInFlight alone: the share of one stream is never more', () => {
    const { flow } = parseConfig(`${MINIMAL}flow: { bytesInFlight: 8MiB }\n`, 'test.yaml');
    assert.equal(bytesPerStream(flow), 8 * 2 ** 20);
  });

  test('needs a cluster name that is a token', () => {
    for (const name of ['""', '"a b"', 'x.', `"${'x'.repeat(64)}"`]) {
      assert.match(
        problems(`cluster: { name: ${name} }\nexporters: [{ name: o, type: file, path: "-" }]\n`)[0]!,
        /^line 1: cluster\.name: must be 1 to 63/,
        name,
      );
    }
    assert.equal(parseConfig(MINIMAL.replace('demo', 'prod-eu.1'), 'x').cluster.name, 'prod-eu.1');
  });

  test('goes through the checks that are injected', () => {
    const expression = new WatershardError('EXPRESSION_INVALID', 'rules[0].extract.phase: undeclared name "objekt"');
    const failing = () => {
      throw expression;
    };
    const one = refused(MINIMAL, { checks: [failing] });
    assert.equal(one.code, 'EXPRESSION_INVALID');
    assert.match(one.message, /undeclared name "objekt"/);
    const two = refused(MINIMAL, { checks: [failing, failing] });
    assert.equal(two.code, 'CONFIG_INVALID');
    assert.match(two.message, /2 problems/);
  });

  test('hints at a duplicate window that is shorter than what a replay covers', () => {
    const config = parseConfig(
      'cluster: { name: demo }\nexporters:\n  - { name: bus, type: jetstream, servers: ["nats://x"], stream: K }\n  - { name: lake, type: parquet, url: "./lake", rotate: { interval: 10m } }\n',
      'test.yaml',
    );
    assert.match(configHints(config).join('\n'), /exporters\[0\] \(bus\): files are closed every 600 s/);
    assert.deepEqual(configHints(parseConfig(MINIMAL, 'x')), []);
  });
});

describe('a shard', () => {
  const text = `${MINIMAL}watch: { shard: { index: "${'${POD_INDEX}'}", count: 3 } }\n`;
  const loaded = (POD_INDEX: string) => parseConfig(text, 'test.yaml', { environment: { POD_INDEX } }).watch.shard;

  test('is that of the pod, by a variable', () => {
    assert.deepEqual(loaded('2'), { index: 2, count: 3, key: 'uid' });
    assert.deepEqual(loaded('0'), { index: 0, count: 3, key: 'uid' });
  });

  test('is one of those that there are', () => {
    const told = (POD_INDEX: string): string => problems(text, { environment: { POD_INDEX } }).join('\n');
    assert.match(told('3'), /watch\.shard\.index.*must be below count/);
    assert.match(told('-1'), /watch\.shard\.index/);
    assert.match(told('watershard-2'), /watch\.shard\.index/);
    assert.match(told(''), /watch\.shard\.index/);
    assert.match(problems(text).join('\n'), /POD_INDEX is not set/);
  });
});

describe('variables', () => {
  const text = (path: string, more = '') =>
    `cluster: { name: demo }\nexporters:\n  - { name: out, type: file, path: ${path} }\n${more}`;
  const pathOf = (value: string, environment: Record<string, string>) => {
    const [exporter] = parseConfig(text(value), 'x', { environment }).exporters;
    return exporter?.type === 'file' ? exporter.path : undefined;
  };

  test('are replaced in text, with defaults and escapes', () => {
    assert.equal(pathOf('"${DIR}/${FILE:-records}.jsonl"', { DIR: 'out' }), 'out/records.jsonl');
    assert.equal(pathOf('"${FILE:-x}"', { FILE: '' }), 'x');
    assert.equal(pathOf('"${FILE:-}y"', {}), 'y');
    assert.equal(pathOf('"a-$${FILE}-$FILE"', { FILE: 'no' }), 'a-${FILE}-$FILE');
  });

  test('cannot change the structure', () => {
    assert.equal(pathOf('"${A}"', { A: 'x, required: false }\nworkers: 7' }), 'x, required: false }\nworkers: 7');
    assert.equal(pathOf('"${A}"', { A: '${B}', B: 'b' }), '${B}');
  });

  test('become numbers and booleans where these are wanted', () => {
    const config = parseConfig(text('x', 'workers: ${W}\n').replace('path: x', 'path: x, required: "${R}"'), 'x', {
      environment: { W: '3', R: 'false' },
    });
    assert.equal(config.workers, 3);
    assert.equal(config.exporters[0]?.required, false);
    assert.deepEqual(
      problems(text('x', 'workers: ${W}\n'), { environment: { W: 'three' } }).map((line) => line.split(';')[0]),
      ['line 4: workers: expected a whole number, found text'],
    );
  });

  test('that are not set are told, all of them', () => {
    const error = refused(text('"${NOWHERE}/${NOR_HERE}"'));
    assert.equal(error.code, 'CONFIG_VARIABLE_MISSING');
    assert.deepEqual(error.message.split('\n').slice(1), [
      '  line 3: exporters[0].path: the environment variable NOWHERE is not set; set it, or give a default with ${NOWHERE:-default}',
      '  line 3: exporters[0].path: the environment variable NOR_HERE is not set; set it, or give a default with ${NOR_HERE:-default}',
    ]);
    assert.equal(refused(text('"${NOWHERE}"', 'foo: 1\n')).code, 'CONFIG_INVALID');
  });

  test('that are written wrongly are told', () => {
    for (const wrong of ['${A', '${}', '${A:-${B}}', '${A-b}', '${1}']) {
      assert.match(
        problems(text(`"${wrong}"`), { environment: { A: 'a' } })[0]!,
        /is no reference to a variable; write \$\{NAME\}/,
        wrong,
      );
    }
  });

  test('never show their values in an error', () => {
    const error = refused(text('x', 'state: { url: "${STATE}" }\nlog: { level: "${STATE}" }\n'), {
      environment: { STATE: 'http://user:hunter2@host' },
    });
    assert.doesNotMatch(error.message, /hunter2/);
  });
});

describe('a file', () => {
  test('that is not there is told', () => {
    assert.throws(() => loadConfig('no-such-file.yaml'), {
      code: 'CONFIG_UNREADABLE',
      message: 'reading the configuration no-such-file.yaml: there is no such file',
    });
  });

  test('that is not good YAML is told with line and column', () => {
    const cases: [string, RegExp][] = [
      ['a: [1,\nb: 2\n', /line 2, column 1/],
      ['a: 1\nb: 2\na: 3\n', /line 3, column 1: this key stands twice/],
      ['a: !!js/function x\n', /line 1, column 4: this tag is not known/],
      ['a: 1\n---\nb: 1\n', /line 2, column 1: the file holds more than one document/],
      ['# nothing\n', /the file is empty/],
      ['a: &a [*a]\n', /nested too deeply, or an alias holds itself/],
      [`a: ${'['.repeat(100)}${']'.repeat(100)}\n`, /nested too deeply/],
    ];
    for (const [text, expected] of cases) {
      const error = refused(text);
      assert.equal(error.code, 'CONFIG_UNREADABLE', text);
      assert.match(error.message, expected);
    }
  });

  test('cannot make much of little', () => {
    const bomb = ['a: &l0 [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 9; level++)
      bomb.push(
        `l${level}: &l${level} [${Array(9)
          .fill(`*l${level - 1}`)
          .join(',')}]`,
      );
    assert.match(refused(bomb.join('\n')).message, /aliases stand for too much data/);
    const error = refused(`a: ${'['.repeat(50_000)}`);
    assert.equal(error.code, 'CONFIG_UNREADABLE');
    assert.ok(error.message.length < 3000);
  });
});
