import { pause } from './pause.ts';
import type { Topology } from './topology.ts';

/** Waits until each stream that may be listed has been, and tells how far it is; not beyond an abort. */
export async function untilListed(topology: Topology, signal: AbortSignal): Promise<void> {
  const isListed = (stream: string): boolean => {
    const run = topology.runs.get(stream);
    // One that is halted, or asked to, begins again first: what it has on its way is void.
    return run?.listed === true && !run.halted && !topology.restarts.isUnderway(stream);
  };
  while (!signal.aborted) {
    const streams = topology.watcher.streams();
    const beginning = topology.watcher.beginning().length;
    const open = beginning + streams.filter((s) => !isListed(s.stream.id) && s.state !== 'forbidden').length;
    const all = beginning + streams.length;
    topology.options.onProgress?.({ streams: all, streamsDone: all - open, records: topology.records });
    if (open === 0) return;
    await pause(50, signal);
  }
}
