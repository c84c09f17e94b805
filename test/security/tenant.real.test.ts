import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { unescapeToken } from '../../src/transform/subject.ts';
import { Rig } from '../support/rig.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';

const NAMESPACE = 'team-a';
const ROLES = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles`;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Kubernetes takes any text without / and % for the name of a Role, and an admin of a namespace makes Roles. */
const NAMES = [
  '...',
  '..\\..\\x',
  '*',
  '>',
  '_',
  'a b',
  'k8s.demo.core.secrets.kube-system.x',
  'x\r\nNats-Msg-Id: forged\r\n\r\nPUB k8s.demo.forged 1\r\nx\r\n',
  'x\n{"level":60,"msg":"forged"}\nx',
  '\u001b[2Jcleared\u0007\u009b31m',
  '\u202egnp.exe',
  '<img src=x onerror=alert(1)>',
  "'; DROP TABLE changes;--",
  '${HOME}',
  '{name}',
  '__proto__',
  'constructor',
  'watershard:{demo}:meta',
  'ünï-名前-🔥',
  'con',
];
/** Longer than a subject may be, shorter than what etcd takes for a key. */
const LONG = `\u001b[2J\u009b31m\n\u202e${'l'.repeat(2500)}`;

describe('what a tenant writes into the cluster', () => {
  let rig: Rig;
  let labelsBefore = new Set<string>();
  const uids = new Map<string, string>();
  const lake = (): string => join(rig.program.folder, 'lake');
  /** Every value of a label of its metrics, those of Node.js left out. */
  const labels = async (): Promise<Set<string>> => {
    const own = (await rig.program.metrics()).split('\n').filter((line) => line.startsWith('watershard_'));
    return new Set([...own.join('\n').matchAll(/="((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value as string));
  };
  const linesOf = (name: string): string[] =>
    readFileSync(join(rig.program.folder, name), 'utf8').trimEnd().split('\n');

  before(async () => {
    rig = await Rig.start();
    await makeStream(rig.nats.url, 'CE', ['ce.>']);
    await rig.kube.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await rig.kube.must('POST', CRDS, anything());
    const nats = { type: 'jetstream', servers: [rig.nats.url] };
    await rig.program.start(
      rig.config({
        watch: { resources: ['roles', 'secrets', 'anythings.example.com'] },
        rules: [{ resources: ['*'], extract: { all: 'object', label: "object.metadata.labels['app']" } }],
        exporters: [
          { name: 'bus', stream: 'K8S', ...nats, deadLetter: 'letters' },
          {
            name: 'events',
            stream: 'CE',
            subject: 'ce.{resource}.{namespace}.{name}',
            encoding: 'cloudevents',
            cloudEventsMode: 'binary',
            ...nats,
            deadLetter: 'letters',
          },
          { name: 'lake', type: 'parquet', url: './lake', rotate: { interval: '1s' } },
          { name: 'lines', type: 'file', path: './lines.jsonl' },
          { name: 'letters', type: 'file', path: './letters.jsonl' },
        ],
        log: { level: 'trace' },
      }),
    );
    await rig.program.ready();
    await rig.kube.must('POST', ROLES, { metadata: { name: 'plain' } });
    await rig.settled();
    labelsBefore = await labels();
    for (const name of [...NAMES, LONG]) {
      const { metadata } = await rig.kube.must('POST', ROLES, {
        metadata: { name, labels: { app: 'web', constructor: 'x' } },
      });
      uids.set(name, `${metadata.uid}:${metadata.resourceVersion}`);
    }
    await rig.settled();
  });
  after(() => rig.stop());

  const roles = async (stream?: string): Promise<SeenRecord[]> =>
    (await readStream(rig.nats.url, stream)).filter((r) => r.resource === 'roles' && r.namespace === NAMESPACE);

  test('a name cannot choose the subject that its record is published under', async () => {
    for (const stream of ['K8S', 'CE']) {
      const records = await roles(stream);
      assert.equal(records.length, NAMES.length + 1);
      for (const name of NAMES) {
        const [record, ...more] = records.filter((r) => r.name === name);
        assert.ok(record !== undefined && more.length === 0, JSON.stringify(name));
        const tokens = record.subject.split('.');
        assert.equal(tokens.length, stream === 'K8S' ? 6 : 4);
        assert.deepEqual(tokens.slice(-2).map(unescapeToken), [NAMESPACE, name]);
      }
    }
  });

  test('a name cannot add a header, a message, or take the id of another record', async () => {
    const known = new Set(uids.values());
    for (const record of await roles()) {
      if (record.name === 'plain') continue;
      assert.equal(record.messageId, uids.get(record.name));
      assert.ok(known.delete(record.messageId));
    }
    assert.deepEqual([...known], [uids.get(LONG)]);
  });

  test('a name cannot choose a path: files are where their resource is, whatever their objects are called', async () => {
    const files = readdirSync(lake(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(lake(), join(entry.parentPath, entry.name)).split(sep).join('/'));
    assert.ok(files.some((file) => file.includes('roles')));
    for (const file of files)
      assert.match(file, /^changes\/cluster=demo\/resource=(roles\.rbac|secrets|anythings\.example)[\w.=/-]+$/);
    const rows = await rig.rows(lake());
    for (const name of [...NAMES, LONG]) assert.equal(rows.filter((row) => row.name === name).length, 1, name);
  });

  test('a name cannot make a line of its own in a file or a log, nor send control characters to a terminal', () => {
    const names = linesOf('lines.jsonl').map((line) => (JSON.parse(line) as { name: string }).name);
    for (const name of [...NAMES, LONG]) assert.equal(names.filter((n) => n === name).length, 1);
    assert.ok(
      linesOf('watershard.log').some((line) => line.includes('lllll')),
      'the long name is in the log',
    );
    for (const line of linesOf('watershard.log')) {
      assert.notEqual((JSON.parse(line) as { msg: string }).msg, 'forged');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });

  test('names make no metric series, and are not in the status', async () => {
    // statuses and results of what goes on meanwhile
    const others = /^(\d{3}|ok|changed|unchanged|closed)$/;
    const added = [...(await labels())].filter((value) => !labelsBefore.has(value) && !others.test(value));
    assert.deepEqual(added, ['RECORD_REJECTED']);
    const status = JSON.stringify(await rig.program.status());
    for (const name of [NAMESPACE, ...NAMES.filter((n) => n.length > 4 && n !== 'constructor')])
      assert.ok(!status.includes(JSON.stringify(name).slice(1, -1)), name);
  });

  test('a name cannot reach the keys of the state', async () => {
    const redis = new Redis(rig.redis.url);
    const keys = await redis.keys('*');
    await redis.quit();
    assert.ok(keys.length > 0);
    for (const key of keys) assert.match(key, /^watershard:\{demo\}(:[\w.@-]+)+$/);
    assert.equal(keys.filter((key) => key.endsWith(':meta')).length, 1);
  });

  test('a record that a sink cannot take goes to the dead letters and holds up no other', async () => {
    const letters = linesOf('letters.jsonl').map((line) => JSON.parse(line) as { exporter: string; id: string });
    assert.deepEqual(letters.map(({ exporter, id }) => [exporter, id]).sort(), [
      ['bus', uids.get(LONG)],
      ['events', uids.get(LONG)],
    ]);
  });

  test('a label cannot hide others from a rule', async () => {
    const records = await roles();
    for (const name of NAMES) assert.equal(records.find((r) => r.name === name)?.fields?.label, 'web');
  });

  test('an object that is nested deeply is delivered, and costs its own field alone', async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 2000; i++) deep = { a: deep };
    const path = `/apis/example.com/v1/namespaces/${NAMESPACE}/anythings`;
    const body = (name: string, spec: unknown): unknown => ({
      apiVersion: 'example.com/v1',
      kind: 'Anything',
      metadata: { name, labels: { app: 'deep' } },
      spec,
    });
    await rig.kube.must('POST', path, body('deep', { deep }));
    await rig.kube.must('POST', path, body('shallow', { shallow: true }));
    const records = await until('both are there', async () => {
      const found = (await readStream(rig.nats.url)).filter((r) => r.resource === 'anythings');
      return found.length === 2 && found;
    });
    assert.deepEqual(
      records.map((r) => [r.name, r.fields?.label, r.fields?.all === null]),
      [
        ['deep', 'deep', true],
        ['shallow', 'deep', false],
      ],
    );
    assert.equal(JSON.stringify(records[0]!.object).split('"a":').length, 2001);
    assert.doesNotMatch(await rig.program.metrics(), /^watershard_shard_restarts_total\{.*\} [1-9]/m);
  });

  test('a Secret that no sink can take has no value in its dead letter either', async () => {
    const value = Buffer.from('canary-5b1f-value').toString('base64');
    const data = Object.fromEntries(Array.from({ length: 4500 }, (_, i) => [`${'k'.repeat(245)}.${i}`, value]));
    const { metadata } = await rig.kube.must('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: 'many' },
      data,
    });
    const letters = await until('its letters are there', () => {
      const lines = linesOf('letters.jsonl').filter((line) => line.includes(metadata.uid as string));
      return lines.length === 2 && lines;
    });
    for (const letter of letters) {
      assert.match(letter, /RECORD_TOO_LARGE/);
      assert.ok(letter.includes('kkk.4499') && letter.includes('[REDACTED]'));
    }
    await rig.settled();
    for (const file of ['letters.jsonl', 'lines.jsonl', 'watershard.log'])
      for (const text of ['canary-5b1f', value])
        assert.ok(!readFileSync(join(rig.program.folder, file), 'utf8').includes(text), file);
  });
});

/** A resource whose objects may hold anything. */
function anything(): unknown {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    metadata: { name: 'anythings.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'anythings', singular: 'anything', kind: 'Anything' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
