import type { SimulatorOptions } from '../../src/simulator/options.ts';

/** What a scenario is run with; every number can be set on the command line. */
export interface Settings {
  readonly objects: number;
  /** Changes made after everything is synced. */
  readonly changes: number;
  readonly seed: number;
  readonly workers: number;
  /** Changes a second; 0: as fast as they are read. */
  readonly rate: number;
  /** Resource name to its share, as the simulator takes it. */
  readonly resources: Readonly<Record<string, number>>;
  readonly namespaces: number;
  readonly turnover: number;
  readonly heartbeats: number;
  readonly touches: number;
  readonly state: 'embedded' | 'redis';
  /** Runs that the medians are taken of. */
  readonly runs: number;
}

export const DEFAULT_SETTINGS: Settings = {
  objects: 20_000,
  changes: 100_000,
  seed: 1,
  workers: 1,
  rate: 0,
  resources: { pods: 1 },
  namespaces: 100,
  turnover: 0,
  heartbeats: 0,
  touches: 0,
  state: 'embedded',
  runs: 5,
};

/** Of the simulator, as its own process and as the replica of it that the checks are made against. */
export function simulatorOptions(s: Settings): Partial<SimulatorOptions> {
  return {
    objects: s.objects,
    rate: s.rate === 0 ? 'max' : s.rate,
    seed: s.seed,
    namespaces: s.namespaces,
    resources: s.resources,
    turnover: s.turnover,
    heartbeats: s.heartbeats,
    touches: s.touches,
    gadgets: Object.keys(s.resources).filter((name) => name.startsWith('gadgets')).length,
    // A window for each of many resources would be most of the simulator's memory.
    window: Object.keys(s.resources).length > 20 ? 8192 : 65_536,
  };
}

export function simulatorFlags(s: Settings): string[] {
  const { resources, ...rest } = simulatorOptions(s);
  const shares = Object.entries(resources ?? {}).map(([name, share]) => `${name}=${share}`);
  return [
    ...Object.entries(rest).flatMap(([name, value]) => [`--${name}`, String(value)]),
    '--resources',
    shares.join(','),
    '--paused',
    '--held',
  ];
}
