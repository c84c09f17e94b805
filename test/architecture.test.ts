import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Import, importsOf, type Module, readModules } from './support/modules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Room {
  /** Folders (ending in `/`) and modules that it may import, beside itself. `*` stands for one name. */
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** Modules of Node; undefined: any. */
  readonly node?: readonly string[];
}

const MODEL = 'src/model/';
const TELEMETRY = 'src/telemetry/';
const LEAVES = ['src/*/config.ts', 'src/*/*/config.ts'];
const STAGES = [
  'src/watch/',
  'src/shard/',
  'src/transform/',
  'src/state/',
  'src/buffer/',
  'src/exporters/',
  'src/checkpoint/',
];
const PURE = ['node:buffer'];

/** The import table of docs/architecture.md. A room that is not here fails. */
const ROOMS: Readonly<Record<string, Room>> = {
  'src/model/': { rooms: [], packages: [], node: PURE },
  'src/config/': { rooms: [MODEL, ...LEAVES, 'src/exporters/registry.ts'], packages: ['zod', 'yaml'] },
  'src/telemetry/': {
    rooms: [MODEL],
    packages: [
      'prom-client',
      'pino',
      'pino-pretty',
      '@opentelemetry/api',
      '@opentelemetry/exporter-metrics-otlp-proto',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace',
    ],
  },
  'src/watch/': { rooms: [MODEL, TELEMETRY], packages: ['@kubernetes/client-node', 'undici'] },
  'src/shard/': { rooms: [MODEL, TELEMETRY], packages: ['piscina'] },
  'src/transform/': {
    rooms: [MODEL],
    packages: ['@marcbachmann/cel-js', '@bufbuild/re2', '@msgpack/msgpack', 'protobufjs'],
    // compression is a function of its input, when called synchronously
    node: [...PURE, 'node:crypto', 'node:zlib'],
  },
  'workers/': {
    rooms: [MODEL, 'src/shard/protocol.ts', 'src/transform/', 'src/exporters/parquet/', 'src/state/embedded/'],
    packages: ['piscina'],
    node: [...PURE, 'node:worker_threads'],
  },
  'src/state/': { rooms: [MODEL, TELEMETRY], packages: ['ioredis'] },
  'src/buffer/': { rooms: [MODEL], packages: [] },
  'src/exporters/': {
    rooms: [MODEL, TELEMETRY],
    packages: [
      'zod',
      '@nats-io/transport-node',
      '@nats-io/jetstream',
      '@nats-io/obj',
      '@aws-sdk/client-s3',
      '@aws-sdk/client-sns',
      '@aws-sdk/client-sqs',
      '@google-cloud/pubsub',
      '@platformatic/kafka',
      '@google-cloud/pubsub',
      'amqplib',
      'rhea',
      'amqplib',
      'rhea',
      'hyparquet-writer',
      'undici',
    ],
  },
  'src/checkpoint/': { rooms: [MODEL], packages: [], node: PURE },
  'src/topology/': { rooms: [MODEL, 'src/config/', TELEMETRY, ...STAGES], packages: [] },
  'src/ops/': { rooms: [MODEL, TELEMETRY], packages: [] },
  'src/query/': { rooms: [MODEL], packages: ['@duckdb/node-api', '@aws-sdk/client-s3'] },
  'src/cli/': {
    rooms: [MODEL, 'src/config/', TELEMETRY, 'src/topology/', 'src/ops/', 'src/query/'],
    packages: ['commander'],
  },
  'src/simulator/': { rooms: [MODEL], packages: [] },
  'test/': { rooms: ['src/', 'workers/', 'tools/', 'bench/'], packages: ['*'] },
  'bench/': { rooms: ['src/', 'workers/', 'test/support/'], packages: ['*'] },
  'tools/': { rooms: ['src/'], packages: ['*'] },
};

const modules = readModules(ROOT, ['src', 'workers', 'test', 'bench', 'tools']);
const shipped = modules.filter((m) => m.path.startsWith('src/') || m.path.startsWith('workers/'));
const manifest = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as Record<
  'dependencies' | 'devDependencies' | 'peerDependencies',
  Record<string, string>
>;

function roomOf(path: string): string {
  const [first, second] = path.split('/');
  return first === 'src' ? `src/${second}/` : `${first}/`;
}

function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith('/')) return path.startsWith(pattern);
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`).test(path);
}

/** Every rule that the import breaks, in words. */
function violations(module: Module, { kind, target, package: name, specifier }: Import): string[] {
  const own = roomOf(module.path);
  const room = ROOMS[own];
  if (room === undefined) return [`${module.path}: room ${own} is not in the table`];
  const says = (what: string) => [`${module.path} imports ${specifier}: ${what}`];
  const ships = own.startsWith('src/') || own === 'workers/';
  const leaf = module.path.endsWith('/config.ts') && own !== 'src/config/';
  if (name?.startsWith('node:')) {
    const allowed = leaf ? ['node:os'] : room.node;
    return allowed === undefined || allowed.includes(name)
      ? []
      : says(`${leaf ? 'a leaf config.ts' : own} may use ${allowed.join(', ')} of Node`);
  }
  if (name !== undefined) {
    const optional = name in manifest.peerDependencies;
    const declared = name in manifest.dependencies || optional || (!ships && name in manifest.devDependencies);
    if (!declared) return says('the package is not declared in package.json');
    if (optional && ships && kind !== 'dynamic') return says('an optional package is loaded by import() alone');
    if (leaf) return name === 'zod' ? [] : says('a leaf config.ts may use zod and the model only');
    return room.packages.includes('*') || room.packages.includes(name)
      ? []
      : says(`${own} may use ${room.packages.join(', ') || 'no package'}`);
  }
  if (target === undefined || kind === 'url') return [];
  if (leaf && !target.startsWith(MODEL) && !(/(\/config|[/-]options)\.ts$/.test(target) && roomOf(target) === own))
    return says('a leaf config.ts may import the model, and config.ts, options.ts and *-options.ts of its own stage');
  if (own === 'src/exporters/' && roomOf(target) === own) return betweenExporters(module.path, target).flatMap(says);
  if (roomOf(target) === own) return [];
  return room.rooms.some((pattern) => matches(pattern, target)) ? [] : says(`${own} may not import ${roomOf(target)}`);
}

/** An exporter may use what stands beside the folders, never another exporter; the registry alone knows them all. */
function betweenExporters(from: string, to: string): string[] {
  const sink = (path: string) => (path.split('/').length > 3 ? path.split('/')[2] : undefined);
  if (sink(to) === undefined || sink(from) === sink(to)) return [];
  return sink(from) === undefined && from.endsWith('/registry.ts') ? [] : ['exporters do not import each other'];
}

describe('architecture', () => {
  test('the modules were read', () => {
    assert.ok(modules.length > 60, `only ${modules.length} modules`);
    for (const room of Object.keys(ROOMS))
      assert.ok(modules.some((m) => m.path.startsWith(room)) || room === 'bench/', `no module in ${room}`);
    const imports = modules.flatMap((m) => m.imports);
    assert.ok(imports.length > 3 * modules.length, `only ${imports.length} imports`);
  });

  test('imports are found in every form', () => {
    const text = [
      "import a from 'one';",
      "import type { B } from './two.ts';",
      "import {\n  c,\n  d,\n} from '../three.ts';",
      "export { e } from './four.ts';",
      "export * from '@five/six/seven';",
      "import 'node:fs';",
      "const f = await import('./eight.ts');",
      "const g = new URL('../../workers/nine.ts', import.meta.url);",
      "type H = import('./ten.ts').H;",
      "const no = `import x from 'nothing'`; ",
    ].join('\n');
    const found = importsOf(text, 'src/cli/x.ts').map((i) => i.target ?? i.package);
    assert.deepEqual(found, [
      'one',
      'src/cli/two.ts',
      'src/three.ts',
      'src/cli/four.ts',
      '@five/six',
      'node:fs',
      'src/cli/eight.ts',
      'src/cli/ten.ts',
      'workers/nine.ts',
    ]);
  });

  test('a forbidden import is told', () => {
    const told = (path: string, text: string) =>
      importsOf(text, path).flatMap((i) => violations({ path, lines: 1, imports: [], opaqueImports: 0 }, i)).length;
    assert.equal(told('src/watch/x.ts', "import { a } from '../transform/plan.ts';"), 1);
    assert.equal(told('src/watch/x.ts', "import { a } from '../model/resource.ts';"), 0);
    assert.equal(told('src/model/x.ts', "import fs from 'node:fs';"), 1);
    assert.equal(told('src/exporters/jetstream/x.ts', "import { a } from '../parquet/client.ts';"), 1);
    assert.equal(told('src/exporters/jetstream/config.ts', "import { a } from './client.ts';"), 1);
    assert.equal(told('src/config/schema.ts', "import { a } from '../watch/driver.ts';"), 1);
    assert.equal(told('src/config/schema.ts', "import { a } from '../watch/config.ts';"), 0);
    assert.equal(told('src/topology/x.ts', "import { a } from '../../workers/transform.ts';"), 1);
    assert.equal(told('src/cli/x.ts', "import { a } from 'left-pad';"), 1);
    assert.equal(told('src/exporters/kafka/x.ts', "import { a } from '@platformatic/kafka';"), 1);
    assert.equal(told('src/exporters/kafka/x.ts', "const a = await import('@platformatic/kafka');"), 0);
  });

  test('every import is one that the table allows', () => {
    assert.deepEqual(
      modules.flatMap((m) => m.imports.flatMap((i) => violations(m, i))),
      [],
    );
  });

  test('nothing that ships is imported under a computed name, and thread entries are reached by URL only', () => {
    assert.deepEqual(
      shipped.filter((m) => m.opaqueImports > 0).map((m) => m.path),
      [],
    );
    const importers = shipped.filter((m) =>
      m.imports.some((i) => i.kind !== 'url' && i.target?.startsWith('workers/')),
    );
    assert.deepEqual(
      importers.map((m) => m.path),
      [],
    );
  });

  test('names and sizes', () => {
    const wrongNames = modules
      .map((m) => m.path)
      .filter((path) => {
        const name = path.split('/').at(-1)!;
        const folders = path.split('/').slice(0, -1);
        return (
          /^index\./.test(name) ||
          !/^[a-z0-9]+(-[a-z0-9]+)*(\.real)?(\.test)?\.m?ts$/.test(name) ||
          [name.split('.')[0]!, ...folders].some((n) => /^(utils?|helpers?|common|lib)$|(^|-)manager$/.test(n))
        );
      });
    assert.deepEqual(wrongNames, []);
    assert.deepEqual(
      shipped.filter((m) => m.path.endsWith('/watershard.ts')).map((m) => m.path),
      [],
    ); // what rots is named after the service
    assert.deepEqual(
      modules.filter((m) => m.lines > 400).map((m) => `${m.path}: ${m.lines} lines`),
      [],
    );
    assert.deepEqual(
      modules.filter((m) => m.path.startsWith('workers/') && m.lines > 60).map((m) => `${m.path}: ${m.lines} lines`),
      [],
    );
  });

  test('every folder of src is a room of the table', () => {
    for (const entry of readdirSync(`${ROOT}/src`, { withFileTypes: true })) {
      assert.ok(entry.isDirectory() && `src/${entry.name}/` in ROOMS, `src/${entry.name} is not in the table`);
    }
  });
});
