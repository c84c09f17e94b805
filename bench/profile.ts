import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** @returns the exit code */
function main(folder: string | undefined): number {
  if (folder === undefined) {
    console.error('profile: name the folder of the profiles: bench/profile.ts FOLDER');
    return 2;
  }
  if (folder === '--help' || folder === '-h') {
    console.log(
      'Where the CPU goes, of the .cpuprofile files of a folder, one a thread, as Markdown: bench/profile.ts FOLDER',
    );
    return 0;
  }
  const profiles = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.cpuprofile')) : [];
  const tables = profiles.map((name) => table(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile));
  const shown = tables.filter((text) => text !== undefined);
  if (shown.length === 0) {
    console.error(`profile: ${folder} has no .cpuprofile of a thread that was busy for ${LEAST_MICROS / 1e6} s`);
    return 2;
  }
  console.log(shown.join('\n\n'));
  return 0;
}

process.exitCode = main(process.argv[2]);
