import { deadlineAfter, pause } from './pause.ts';
import type { StreamRun } from './stream-run.ts';
import type { Topology } from './topology.ts';
import { unacknowledged, unlisted } from './undelivered.ts';

/** Delivers and commits what has been read, until all of it is or the topology has ended. @returns what could not be, a line each */
export async function drain(topology: Topology): Promise<string[]> {
  const { config, options, watcher, runs, outlets } = topology;
  const missing = options.mode === 'snapshot' ? unlisted(topology) : [];
  // A snapshot has all the time it needs until it is told to end.
  const begins = options.mode === 'run' ? undefined : options.signal;
  const deadline = deadlineAfter(config.drain.timeout, begins);
  await watcher.stop();
  // What a thread that has ended did not answer comes no more, since no stream begins again.
  const isVoid = (run: StreamRun): boolean => (run.halted && !run.quiet) || topology.void.has(run.stream.id);
  const pending = (): StreamRun[] => [...runs.values()].filter((run) => !run.idle && !isVoid(run));
  while (pending().length > 0 && !deadline.aborted && !topology.ended) {
    for (const run of pending()) if (run.quiet) run.cut();
    await pause(20, deadline);
  }
  await Promise.all(outlets.map((o) => o.drain(deadline)));
  return [...missing, ...unacknowledged(topology)];
}
