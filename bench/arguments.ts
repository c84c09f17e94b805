import { parseArgs } from 'node:util';
import { DEFAULT_SET, SCENARIOS } from './pipeline/scenarios.ts';
import { DEFAULT_SETTINGS, type Settings } from './pipeline/settings.ts';

/** What the command line cannot be taken for: said in one line, and nothing is measured. */
export class WrongArguments extends Error {}

/** Parts of the suite that are programs of their own, by the name that `npm run bench --` takes. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  compare: 'compare.ts',
  micro: 'micro/run.ts',
  profile: 'profile.ts',
  report: 'report.ts',
};

export const USAGE = `Measures Watershard between a simulated API server and real NATS, Redis and S3 servers.

  npm run bench                    the default set: about twenty minutes on two quiet cores
  npm run bench -- --all           all scenarios: about an hour
  npm run bench -- --list          what there is; * is of the default set
  npm run bench -- NAME… [flags]   these scenarios

  --objects N --changes N --seed N --workers N --rate N --namespaces N
  --turnover F --heartbeats F --touches F   shares of the changes, as the simulator takes them
  --state embedded|redis
  --runs N       runs of each scenario; the medians count (${DEFAULT_SETTINGS.runs})
  --out FILE     where the result of one scenario goes (bench/results/NAME.json)
  --dry          write no result

  npm run bench -- compare A.json B.json     two results of one scenario, by ratio
  npm run bench -- micro [PART OF A NAME…]   single steps, each beside its floor
  npm run bench -- report                    bench/README.md, its plots and docs/operations/sizing.md, of bench/results
  npm run bench -- profile FOLDER            where the CPU goes, of V8's profiles

Each run checks its output against the simulator; a wrong run has no number, and the exit code is 1.
WATERSHARD_BENCH_NODE_OPTIONS goes to the measured process: '--cpu-prof --cpu-prof-dir=/tmp/prof' for profiles.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const WHOLE = ['objects', 'changes', 'seed', 'workers', 'namespaces', 'runs'] as const;
const NUMBERS = [...WHOLE, 'rate', 'turnover', 'heartbeats', 'touches'] as const;
/** Without any of it there is nothing to measure. */
const AT_LEAST_ONE: ReadonlySet<string> = new Set(['objects', 'workers', 'runs']);

export interface Arguments {
  readonly help: boolean;
  readonly list: boolean;
  readonly dry: boolean;
  readonly out: string | undefined;
  /** By scenario, in the order in which they are run. */
  readonly settings: ReadonlyMap<string, Settings>;
}

/** @throws WrongArguments before anything is built or measured */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args);
  const given = values as Readonly<Record<string, string | boolean | undefined>>;
  const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown.length > 0) throw new WrongArguments(`no scenario ${unknown.join(', ')}; --list names them`);
  if (given.all === true && positionals.length > 0)
    throw new WrongArguments('--all, or the names of scenarios, and not both');
  const names = given.all === true ? Object.keys(SCENARIOS) : positionals.length > 0 ? positionals : DEFAULT_SET;
  const out = typeof given.out === 'string' ? given.out : undefined;
  if (out !== undefined && names.length !== 1) throw new WrongArguments('--out takes the result of one scenario');
  const changes = settingsOf(given);
  return {
    help: given.help === true,
    list: given.list === true,
    dry: given.dry === true,
    out,
    settings: new Map(names.map((name) => [name, { ...DEFAULT_SETTINGS, ...SCENARIOS[name]!.settings, ...changes }])),
  };
}

function parsed(args: readonly string[]): { readonly values: object; readonly positionals: readonly string[] } {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(NUMBERS.map((name) => [name, text])),
        state: text,
        out: text,
        all: flag,
        dry: flag,
        list: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw new WrongArguments(error instanceof Error ? error.message : String(error));
  }
}

function settingsOf(given: Readonly<Record<string, string | boolean | undefined>>): Partial<Settings> {
  const changes: Record<string, number> = {};
  for (const name of NUMBERS) {
    const value = given[name];
    if (typeof value === 'string') changes[name] = number(name, value);
  }
  const { state } = given;
  if (state === undefined) return changes;
  if (state !== 'embedded' && state !== 'redis') throw new WrongArguments(`--state: embedded or redis, not ${state}`);
  return { ...changes, state };
}

function number(name: (typeof NUMBERS)[number], value: string): number {
  const least = AT_LEAST_ONE.has(name) ? 1 : 0;
  const whole = (WHOLE as readonly string[]).includes(name);
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed) || parsed < least || (whole && !Number.isInteger(parsed)))
    throw new WrongArguments(`--${name}: not a ${whole ? 'whole ' : ''}number of at least ${least}: ${value}`);
  return parsed;
}
