import type { Outlet } from './outlet.ts';
import type { Topology } from './topology.ts';

/** What a snapshot that goes on to its end now will not have, a line each. */
export function unlisted(topology: Topology): string[] {
  const { config, watcher, runs } = topology;
  if (!topology.discovered) return ['it was ended before anything was listed', ...sinkTrouble(topology)];
  const lines = watcher
    .streams()
    .filter((s) => runs.get(s.stream.id)?.listed !== true)
    .map((s) => `${s.stream.id}: ${s.lastError?.message ?? s.state}`);
  for (const { id } of watcher.beginning()) lines.push(`${id}: it had to begin again, and was not listed`);
  for (const name of watcher.unknownResources) lines.push(`${name}: the API server does not serve this resource`);
  // Named outright, a resource of such a group is an unknown one.
  if (config.watch.resources.includes('*'))
    for (const group of watcher.unansweredGroups) lines.push(`${group}: this API group does not answer to discovery`);
  for (const [stream, count] of topology.setAside)
    lines.push(`${stream}: ${count} could not be processed; see the log`);
  return lines;
}

/** What was read and is not stored by every required exporter, a line each. */
export function unacknowledged(topology: Topology): string[] {
  const late = [...topology.runs.values()].filter((run) => !run.idle);
  if (late.length === 0) return [];
  const rest = topology.options.mode === 'run' ? '; it is sent after the next start' : '';
  const lines = late.map(({ stream: { id } }) => {
    const reason = topology.void.get(id);
    return `${id}: ${reason === undefined ? 'not acknowledged within the grace period' : `lost at the end: ${reason}`}${rest}`;
  });
  topology.options.logger.warn(
    { streams: late.length },
    `not everything was delivered within the grace period${rest === '' ? '' : '; the rest is sent after the next start'}`,
  );
  return [...lines, ...sinkTrouble(topology, (o) => o.required || o.lane < 0)];
}

function sinkTrouble({ outlets }: Topology, awaited = (o: Outlet): boolean => o.required): string[] {
  return outlets.flatMap((o) => {
    const { ok, detail } = o.exporter.health();
    return ok || !awaited(o) ? [] : [`exporter ${o.name}: ${detail ?? 'not ready'}`];
  });
}
