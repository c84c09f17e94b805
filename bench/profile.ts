import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/*
 * Where the CPU goes, from V8's profiles, one of each thread: the functions with the most time of their own, as Markdown.
 *
 *     WATERSHARD_BENCH_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=DIR' node bench/run.ts churn-jetstream --runs 1 --dry
 *     node bench/profile.ts DIR
 */

/** Of the format of Chrome's DevTools protocol, `Profiler.Profile`. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Microseconds between the samples. */
  readonly timeDeltas: readonly number[];
}

const ROWS = 14;
/** Entries of threads that never run more than this are not worth a table. */
const LEAST_MICROS = 500_000;
/** Modules by which a thread is known. */
const THREADS: readonly (readonly [string, RegExp])[] = [
  ['transform', /stream-transform/],
  ['embedded state', /state\/embedded\/database/],
  ['Parquet encoder', /exporters\/parquet\/encoder/],
  ['main', /watch\/connection/],
];

function nameOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName === '' ? '(native code)' : functionName;
  const where = url.startsWith('wasm:') ? 'assembly' : basename(url);
  return `${functionName === '' ? '(anonymous)' : functionName} · ${where}`;
}

function table({ nodes, samples, timeDeltas }: Profile): string | undefined {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const own = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of samples.entries()) {
    const frame = byId.get(id);
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const micros = timeDeltas[i] ?? 0;
    busy += micros;
    const name = nameOf(frame);
    own.set(name, (own.get(name) ?? 0) + micros);
  }
  if (busy < LEAST_MICROS) return undefined;
  const thread =
    THREADS.find(([, module]) => nodes.some(({ callFrame }) => module.test(callFrame.url)))?.[0] ?? 'other';
  const rows = [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, ROWS)
    .map(([name, micros]) => `| ${name} | ${((micros / busy) * 100).toFixed(1)} % |`);
  return [`**${thread}**: ${(busy / 1e6).toFixed(1)} s busy`, '', '| own time in | share |', '|---|---|', ...rows].join(
    '\n',
  );
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('name the folder of the profiles');
const tables = readdirSync(folder)
  .filter((name) => name.endsWith('.cpuprofile'))
  .map((name) => table(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile));
console.log(tables.filter((text) => text !== undefined).join('\n\n'));
