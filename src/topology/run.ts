import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Config } from '../config/schema.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { HealthReport, StatusReport } from '../model/status.ts';
import { WorkerThread } from '../shard/threads.ts';
import { createStateStore } from '../state/open-state.ts';
import type { StateStore } from '../state/state.ts';
import type { BatchTracer } from '../telemetry/batch-trace.ts';
import { componentLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { ApiClient } from '../watch/api-client.ts';
import { Credentials } from '../watch/credentials.ts';
import { runInventories } from './inventory.ts';
import { KeptState } from './kept-state.ts';
import { backoff, pause } from './pause.ts';
import { stateName } from './state-name.ts';
import { type OpenedState, openState } from './state-opening.ts';
import { startingStatus } from './status.ts';
import { StatusMemory } from './status-memory.ts';
import { Topology } from './topology.ts';

export interface Running {
  status(): StatusReport;
  health(): HealthReport;
}

export interface RunProgress {
  readonly streams: number;
  readonly streamsDone: number;
  readonly records: number;
}

export interface RunOutcome {
  /** Everything that was read is delivered and committed. */
  readonly delivered: boolean;
  /** What is not, and why, a line each. */
  readonly undelivered: readonly string[];
  /** Records made. */
  readonly records: number;
}

export interface RunOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Is told of batches on their way. */
  readonly tracer?: BatchTracer;
  /** Aborted: drain and return. */
  readonly signal: AbortSignal;
  /** `run` streams until the signal; `snapshot` lists everything once, with a state in memory, and returns. */
  readonly mode: 'run' | 'snapshot';
  /** Of a process that runs one configuration after the other: keeps the session of the state from run to run. */
  readonly kept?: KeptState;
  /** List everything at the start and compare by content, whatever the positions are. */
  readonly relist?: boolean;
  readonly onRunning?: (running: Running) => void;
  readonly onProgress?: (progress: RunProgress) => void;
  /**
   * Called when the required exporters are there and every stream has begun, and once more (`all`) when the optional
   * exporters have started too.
   */
  readonly onStarted?: (all: boolean) => void;
}

/**
 * Runs a configuration to its end. Where the topology cannot go on with its state, the next one begins at what the state
 * has then: where that is nothing, everything is listed again, and gap markers say so.
 * @throws WatershardError of class `configuration`, or STATE_HELD where another instance has taken the state over
 */
export async function runTopology(config: Config, options: RunOptions): Promise<RunOutcome> {
  const { logger, metrics, signal } = options;
  const trouble = new Map<string, string>();
  const memory = new StatusMemory();
  let topology: Topology | undefined;
  const starting = (): string[] => [...trouble.values(), ...(trouble.size === 0 ? ['it is starting'] : [])];
  options.onRunning?.({
    status: () => topology?.status() ?? startingStatus(config, memory.startedAt, starting()),
    health: () => topology?.health() ?? { live: true, ready: false, reasons: starting() },
  });

  const credentials = await Credentials.load(config.kubeconfig);
  await credentials.check();
  const client = new ApiClient({ credentials, metrics, logger: componentLogger(logger, 'watch') });
  const store = createStore(config, options);
  const kept = options.kept ?? new KeptState();
  let records = 0;
  const ending = new AbortController();
  const inventories = options.mode === 'run' ? inventoriesOf(config, options, ending) : undefined;
  try {
    const clusterUid = await patiently(
      () => client.clusterUid(signal),
      (reason) => note(trouble, 'api', reason),
      logger,
      signal,
    );
    if (clusterUid === undefined) return ended(options.mode, records);
    const identity = {
      cluster: stateName(config),
      clusterUid,
      owner: `${hostname()}/${process.pid}/${resolve(config.dataDir)}`,
    };
    const open = (): Promise<OpenedState | undefined> =>
      openState(store, kept, identity, config.dataDir, componentLogger(logger, 'state'), signal, (reason) =>
        note(trouble, 'state', reason),
      );
    while (!signal.aborted) {
      const opened = await open();
      if (opened === undefined) break;
      const gap = opened.lost ? LOST : undefined;
      topology = new Topology(config, {
        ...options,
        client,
        clusterUid,
        session: opened.session,
        open,
        leave: (session, clean, atRest) => kept.leave(session, identity, clean, atRest),
        stateKind: store.kind,
        memory,
        gap,
        former: opened.former,
        remember: opened.remember,
      });
      const end = await topology.run();
      records += topology.records;
      if (end.kind === 'failed') throw end.error;
      if (end.kind === 'done')
        return { delivered: end.undelivered.length === 0, undelivered: end.undelivered, records };
      logger.error({ err: errorMessage(end.error) }, 'everything begins again at what the state has');
      topology = undefined;
    }
    return ended(options.mode, records);
  } finally {
    ending.abort();
    await inventories;
    if (options.kept === undefined) await kept.close();
    await client.close();
  }
}

/** Inventories are snapshots with a state, metrics and connections of their own; the log hears of them only what goes wrong. */
function inventoriesOf(config: Config, options: RunOptions, ending: AbortController): Promise<void> {
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const logger = options.logger.child({ inventory: true }, { level: 'warn' });
  const take = async (part: Config): Promise<boolean> =>
    (await runTopology(part, { logger, metrics: createMetrics(), signal, mode: 'snapshot' })).delivered;
  return runInventories(config, take, logger, signal);
}

const LOST = 'the state was lost; deletes before this may have been missed';

/** The outcome of a run that was told to end before it began. */
function ended(mode: RunOptions['mode'], records: number): RunOutcome {
  return { delivered: mode === 'run', undelivered: mode === 'run' ? [] : ['it was ended before it began'], records };
}

function createStore(config: Config, { logger, metrics, mode }: RunOptions): StateStore {
  const state = mode === 'snapshot' ? { ...config.state, url: 'memory:' } : config.state;
  return createStateStore(state, {
    dataDir: config.dataDir,
    openThread: () => new WorkerThread('store'),
    logger: componentLogger(logger, 'state'),
    metrics,
  });
}

/** Tries until it works or the signal is aborted, when the answer is undefined. */
async function patiently<T extends string>(
  work: () => Promise<T>,
  onTrouble: (reason: string | undefined) => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const value = await work();
      onTrouble(undefined);
      return value;
    } catch (e) {
      if (e instanceof WatershardError && e.class === 'configuration') throw e;
      if (signal.aborted) break;
      onTrouble(errorMessage(e));
      if (attempt === 0) logger.warn({ err: errorMessage(e) }, 'the API server cannot be read yet; trying again');
      await pause(backoff(attempt), signal);
    }
  }
  return undefined;
}

function note(trouble: Map<string, string>, what: string, reason: string | undefined): void {
  if (reason === undefined) trouble.delete(what);
  else trouble.set(what, reason);
}
