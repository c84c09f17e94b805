// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a configuration are written so
import fc from 'fast-check';
import { stringify } from 'yaml';
import { damaged } from '../support/fuzz.ts';

/** Values of variables that must never be shown, with everything that a URL or a pattern could stumble over. */
export const SECRETS: Readonly<Record<string, string>> = {
  BUS_PASSWORD: 'quokka-bus-7f3a',
  MOVED_SECRET: 'canary-moved-81cc',
  STATE_PASSWORD: 'canary/state#2b?9@c:1',
  ODD_SECRET: 'canary\'odd"{}[]*>.\n\t4d %',
  LONG_SECRET: `canary-long-${'k'.repeat(5000)}`,
};

/** The one of RECORD.md, with secrets. */
export const GOOD = {
  cluster: { name: 'demo' },
  kubeconfig: './kubeconfig',
  watch: {
    resources: ['pods', 'configmaps', 'deployments.apps', 'widgets.example.com'],
    exclude: ['leases.coordination.k8s.io'],
    namespaces: { exclude: ['kube-system'] },
  },
  rules: [
    {
      resources: ['pods'],
      prune: ['metadata.managedFields'],
      ignore: ["metadata.annotations['example.com/heartbeat']"],
      extract: { phase: 'object.status.phase', images: 'object.spec.containers.map(c, c.image)' },
      diff: 'merge-patch',
    },
  ],
  workers: 2,
  state: { url: 'redis://:${BUS_PASSWORD}@127.0.0.1:6379/0' },
  dataDir: './watershard-data',
  exporters: [
    {
      name: 'bus',
      type: 'jetstream',
      servers: ['nats://127.0.0.1:4222'],
      stream: 'K8S',
      encoding: 'json',
      user: 'u',
      password: '${BUS_PASSWORD}',
    },
    {
      name: 'lake',
      type: 'parquet',
      url: 's3://bucket/prefix',
      endpoint: 'http://127.0.0.1:9000',
      region: 'us-east-1',
      rotate: { interval: '10s', rows: 100000 },
    },
  ],
  ops: { listen: '127.0.0.1:8081' },
};

type Key = string | number;
type Container = Record<Key, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Paths of every value in it. */
function places(value: unknown, path: readonly Key[] = []): Key[][] {
  if (!isContainer(value)) return [];
  const keys: Key[] = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  return keys.flatMap((key) => [[...path, key], ...places(value[key], [...path, key])]);
}

const PLACES = places(GOOD);

const nested = (depth: number): unknown =>
  depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };

const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -1e308,
  2 ** 53,
  '',
  ' ',
  '\0',
  '\ud800',
  '99999999999999999999d',
  '365d',
  '-5s',
  '1e9GiB',
  '9'.repeat(400),
  'x'.repeat(10_000),
  'a.'.repeat(20_000),
  `[${'('.repeat(5000)}`,
  '__proto__',
  'constructor',
  '*',
  '$JS.>',
  'nats://u:p@host',
  'redis://',
  'http://[::1',
  '../../../../etc/passwd',
  '${MOVED_SECRET}',
  '${STATE_PASSWORD}',
  '${ODD_SECRET}',
  '${LONG_SECRET}',
  'redis://:${STATE_PASSWORD}@127.0.0.1:6379',
  'nats://${ODD_SECRET}@127.0.0.1',
  'k8s.${ODD_SECRET}.{name}',
  'object.${MOVED_SECRET} +',
  '${NOT_SET}',
  '${NOT_SET:-}',
  '${',
  '${MOVED_SECRET',
  '${MOVED_SECRET:-${X}}',
  '$${X}',
  [],
  [[]],
  [null],
  ['', ''],
  {},
  JSON.parse('{"__proto__":{"a":1}}'),
  { type: 'jetstream' },
  { toString: 1, constructor: 2 },
  nested(40),
  nested(60),
  Array.from({ length: 2000 }, (_, i) => `r${i}`),
];

const edit = fc.record({
  place: fc.constantFrom(...PLACES),
  how: fc.oneof(
    fc.constantFrom(...WRONG_VALUES).map((value) => ({ value })),
    fc.jsonValue({ maxDepth: 2 }).map((value) => ({ value })),
    fc.constant({ remove: true }),
    fc
      .constantFrom('__proto__', 'constructor', '', 'nmae', '${MOVED_SECRET}', 'a b', '\u202e', '0')
      .map((key) => ({ key })),
  ),
});

/** Values of wrong types, sizes and names; missing and unknown keys. */
export const wrongValues: fc.Arbitrary<string> = fc.array(edit, { minLength: 1, maxLength: 2 }).map((edits) => {
  const config = structuredClone(GOOD) as Container;
  for (const { place, how } of edits) {
    const parent = place.slice(0, -1).reduce<unknown>((at, key) => (isContainer(at) ? at[key] : undefined), config);
    const key = place.at(-1) as Key;
    if (!isContainer(parent)) continue;
    if ('value' in how) parent[key] = how.value;
    else if ('remove' in how) delete parent[key];
    else Object.defineProperty(parent, how.key, { value: parent[key], enumerable: true, configurable: true });
  }
  return stringify(config, { lineWidth: 0 });
});

/** Bytes that are no YAML, or another YAML. */
export const wrongText: fc.Arbitrary<Buffer> = damaged(fc.constant(stringify(GOOD)), [
  '\t',
  '\0',
  '\xff\xfe',
  '\xef\xbb\xbf',
  '\r',
  '\n',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  ',',
  '#',
  '&a ',
  '*a',
  '!!js/function ',
  '!!binary ',
  '!<tag:x> ',
  '|\n',
  '>-\n',
  '%YAML 9.9\n',
  '---\n',
  '...\n',
  '<<: *a\n',
  '? ',
  '@',
  '`',
  '~',
  '\u0085'.slice(0, 1),
  '\n  ',
  'cluster: 1\n',
]);
