import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { resourceName } from '../model/resource.ts';
import { gadgetKinds, KINDS } from './kinds.ts';
import { DEFAULTS, type SimulatorOptions } from './options.ts';

export interface Flags {
  readonly help: boolean;
  readonly kubeconfigOut?: string;
  readonly options: Partial<SimulatorOptions>;
}

/** More in one resource would give two objects one name, whose ordinal has six digits. */
const MOST_OBJECTS = 1_000_000;
const MOST_NAMESPACES = 10_000;
const MOST_GADGETS = 1000;
/** Events of one resource are 29 bytes each. */
const MOST_WINDOW = 2 ** 24;
const DAY_SECONDS = 86_400;

export const USAGE = `A simulated Kubernetes API server on 127.0.0.1, for demonstrations, tests and benchmarks.

  --port N               port; 0 takes a free one (${DEFAULTS.port})
  --objects N            objects over all resources, at most ${MOST_OBJECTS.toLocaleString('en')} (${DEFAULTS.objects})
  --rate N|max           changes a second, or as fast as the slowest watch reads (${DEFAULTS.rate})
  --seed N               the same seed gives the same objects and changes (${DEFAULTS.seed})
  --namespaces N         namespaces besides the system's (${DEFAULTS.namespaces})
  --resources LIST       shares, like pods=10,configmaps=2,widgets.example.com=1; others are not served (all)
  --gadgets N            further custom resources: gadgets001.gadgets.example.com and so on (${DEFAULTS.gadgets})
  --turnover F           share of creates and of deletes each (${DEFAULTS.turnover})
  --heartbeats F         share of changes of a heartbeat annotation alone (${DEFAULTS.heartbeats})
  --touches F            share of changes of resourceVersion and managedFields alone (${DEFAULTS.touches})
  --bookmark-seconds N   seconds between bookmarks (${DEFAULTS.bookmarkSeconds})
  --window N             events of each resource that are kept (${DEFAULTS.window})
  --no-streaming-lists   refuse sendInitialEvents
  --no-shard-selector    ignore shardSelector
  --no-aggregated-discovery
  --paused               no changes until /__simulator/start-churn
  --held                 lists and watches wait until /__simulator/release
  --tls-cert FILE --tls-key FILE    serve HTTPS
  --kubeconfig-out FILE  write a kubeconfig

It prints one line of JSON with its URL, and ends on SIGTERM. Resources:
${KINDS.map((k) => resourceName(k.resource)).join(', ')}.

While it runs, \`curl URL/__simulator/COMMAND\`:

  state                  what it is at: resourceVersion, changes, watches
  truth                  what there is: counts, a hash, each object (?objects=false leaves them out)
  start-churn, stop-churn    ?count=N stops after N changes
  prepare?count=N        at --rate max: makes and renders the next changes, which start-churn then only has to send
  change?count=N         N changes at once
  writes                 when the changes of the last start-churn with a count were made, at a --rate
  hold, release          lists and watches wait, rendered, and go on
  expire                 every resourceVersion and continue token so far is answered with 410
  end-watches, break-watches    ends the watches as an API server does, or cuts their connections
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Parses the command line. @throws Error that says in one line what is wrong with it */
export function readFlags(args: readonly string[]): Flags {
  const { values: v } = parseArgs({
    args: [...args],
    options: {
      port: text,
      objects: text,
      rate: text,
      seed: text,
      namespaces: text,
      resources: text,
      gadgets: text,
      turnover: text,
      heartbeats: text,
      touches: text,
      'bookmark-seconds': text,
      window: text,
      'no-streaming-lists': flag,
      'no-shard-selector': flag,
      'no-aggregated-discovery': flag,
      paused: flag,
      held: flag,
      'tls-cert': text,
      'tls-key': text,
      'kubeconfig-out': text,
      help: { ...flag, short: 'h' },
    },
  });
  if (v.help === true) return { help: true, options: {} };
  const whole = (name: 'port' | 'objects' | 'seed' | 'namespaces' | 'gadgets' | 'window', most: number): number => {
    const value = number(name, v[name], DEFAULTS[name]);
    if (!Number.isInteger(value) || value > most)
      throw new Error(`--${name}: not a whole number of 0 to ${most}: ${v[name]}`);
    return value;
  };
  const gadgets = whole('gadgets', MOST_GADGETS);
  const tls = tlsOf(v['tls-cert'], v['tls-key']);
  return {
    help: false,
    ...(v['kubeconfig-out'] === undefined ? {} : { kubeconfigOut: v['kubeconfig-out'] }),
    options: {
      port: whole('port', 65_535),
      objects: whole('objects', MOST_OBJECTS),
      rate: v.rate === 'max' ? 'max' : number('rate', v.rate, DEFAULTS.rate as number),
      seed: whole('seed', 2 ** 32 - 1),
      namespaces: whole('namespaces', MOST_NAMESPACES),
      resources: resourceShares(v.resources, gadgets),
      gadgets,
      ...changeShares(v),
      bookmarkSeconds: bookmarkSeconds(v['bookmark-seconds']),
      window: whole('window', MOST_WINDOW),
      streamingLists: v['no-streaming-lists'] !== true,
      shardSelector: v['no-shard-selector'] !== true,
      aggregatedDiscovery: v['no-aggregated-discovery'] !== true,
      paused: v.paused === true,
      held: v.held === true,
      ...(tls === undefined ? {} : { tls }),
    },
  };
}

function number(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed) || parsed < 0)
    throw new Error(`--${name}: not a number of at least 0: ${value}`);
  return parsed;
}

type Shares = Pick<SimulatorOptions, 'turnover' | 'heartbeats' | 'touches'>;

/** What is left of 1 is plain updates. */
function changeShares(given: { readonly [name in keyof Shares]?: string | undefined }): Shares {
  const turnover = number('turnover', given.turnover, DEFAULTS.turnover);
  const heartbeats = number('heartbeats', given.heartbeats, DEFAULTS.heartbeats);
  const touches = number('touches', given.touches, DEFAULTS.touches);
  // a sum like 0.8 + 0.1 + 0.1 is above 1 by rounding
  if (turnover * 2 + heartbeats + touches > 1 + 1e-9)
    throw new Error('twice --turnover, --heartbeats and --touches are shares, and more than 1 together');
  return { turnover, heartbeats, touches };
}

function bookmarkSeconds(value: string | undefined): number {
  const seconds = number('bookmark-seconds', value, DEFAULTS.bookmarkSeconds);
  if (seconds === 0 || seconds > DAY_SECONDS)
    throw new Error(`--bookmark-seconds: not above 0 and at most ${DAY_SECONDS}: ${value}`);
  return seconds;
}

/** `pods=10,configmaps` to the share of each; 1 where none is given. */
function resourceShares(list: string | undefined, gadgets: number): Record<string, number> {
  if (list === undefined) return {};
  const known = new Set([...KINDS, ...gadgetKinds(gadgets)].map((kind) => resourceName(kind.resource)));
  const shares = Object.fromEntries(
    list
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const [name = '', share] = part.split('=');
        return [name.trim(), number('resources', share, 1)];
      }),
  );
  const unknown = Object.keys(shares).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(
      `--resources: not simulated: ${unknown.join(', ')}; there are ${KINDS.map((k) => resourceName(k.resource)).join(', ')}, and gadgets as many as --gadgets says`,
    );
  if (!Object.values(shares).some((share) => share > 0)) throw new Error('--resources: no resource has a share');
  return shares;
}

function tlsOf(cert: string | undefined, key: string | undefined): SimulatorOptions['tls'] {
  if ((cert === undefined) !== (key === undefined)) throw new Error('--tls-cert and --tls-key go together');
  if (cert === undefined || key === undefined) return undefined;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
