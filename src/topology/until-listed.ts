import { pause } from './pause.ts';
import type { Topology } from './topology.ts';

/** Waits until each stream that may be listed has been, and tells how far it is; not beyond an abort. */
export async function untilListed(topology: Topology, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const streams = topology.watcher.streams();
    const open = streams.filter((s) => topology.runs.get(s.stream.id)?.listed !== true && s.state !== 'forbidden');
    topology.options.onProgress?.({
      streams: streams.length,
      streamsDone: streams.length - open.length,
      records: topology.records,
    });
    if (open.length === 0) return;
    await pause(50, signal);
  }
}
