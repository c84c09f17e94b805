import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DEFAULTS, type SimulatorOptions } from './options.ts';
import { startSimulator } from './simulator.ts';

const USAGE = `A simulated Kubernetes API server on 127.0.0.1, for demonstrations, tests and benchmarks.

  --port N               port; 0 takes a free one (${DEFAULTS.port})
  --objects N            objects over all resources (${DEFAULTS.objects})
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
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Parses the command line. @throws Error that says what is wrong with it */
function options(args: readonly string[]): {
  options: Partial<SimulatorOptions>;
  kubeconfigOut?: string;
  help: boolean;
} {
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
      help: flag,
    },
  });
  const cert = v['tls-cert'];
  const key = v['tls-key'];
  if ((cert === undefined) !== (key === undefined)) throw new Error('--tls-cert and --tls-key go together');
  return {
    help: v.help === true,
    ...(v['kubeconfig-out'] === undefined ? {} : { kubeconfigOut: v['kubeconfig-out'] }),
    options: {
      port: number('port', v.port, DEFAULTS.port),
      objects: number('objects', v.objects, DEFAULTS.objects),
      rate: v.rate === 'max' ? 'max' : number('rate', v.rate, DEFAULTS.rate as number),
      seed: number('seed', v.seed, DEFAULTS.seed),
      namespaces: number('namespaces', v.namespaces, DEFAULTS.namespaces),
      resources: shares(v.resources ?? ''),
      gadgets: number('gadgets', v.gadgets, DEFAULTS.gadgets),
      turnover: number('turnover', v.turnover, DEFAULTS.turnover),
      heartbeats: number('heartbeats', v.heartbeats, DEFAULTS.heartbeats),
      touches: number('touches', v.touches, DEFAULTS.touches),
      bookmarkSeconds: number('bookmark-seconds', v['bookmark-seconds'], DEFAULTS.bookmarkSeconds),
      window: number('window', v.window, DEFAULTS.window),
      streamingLists: v['no-streaming-lists'] !== true,
      shardSelector: v['no-shard-selector'] !== true,
      aggregatedDiscovery: v['no-aggregated-discovery'] !== true,
      paused: v.paused === true,
      held: v.held === true,
      ...(cert === undefined || key === undefined
        ? {}
        : { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } }),
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

function shares(list: string): Record<string, number> {
  return Object.fromEntries(
    list
      .split(',')
      .filter((part) => part !== '')
      .map((part) => {
        const [name, share] = part.split('=');
        return [name!.trim(), number('resources', share, 1)];
      }),
  );
}

try {
  const parsed = options(process.argv.slice(2));
  if (parsed.help) {
    process.stdout.write(USAGE);
  } else {
    const simulator = await startSimulator(parsed.options);
    if (parsed.kubeconfigOut !== undefined) writeFileSync(parsed.kubeconfigOut, simulator.kubeconfig, { mode: 0o600 });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.close());
    process.stdout.write(`${JSON.stringify({ url: simulator.url, pid: process.pid })}\n`);
  }
} catch (error) {
  process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
