import type { ServerResponse } from 'node:http';
import { resourceName } from '../model/resource.ts';
import type { ResourceTruth } from './cluster.ts';
import { ApiStatus, badRequest } from './refusal.ts';
import { sendJson } from './respond.ts';
import type { SimulatorState } from './simulator.ts';

/** The answer of every command but `truth` and `writes`. */
export interface SimulatorReport {
  /** Of the last change of all. */
  readonly resourceVersion: string;
  readonly changes: number;
  readonly churning: boolean;
  readonly watches: number;
  /** Lists and watches that wait to be released. */
  readonly held: number;
  readonly clusterUid: string;
}

/** The answer of `/__simulator/truth`, which takes time: it looks at every object. */
export interface Truth extends SimulatorReport {
  /** By resource name: `widgets.example.com`. */
  readonly resources: Readonly<Record<string, ResourceTruth>>;
}

/**
 * What is not of Kubernetes, under `/__simulator/`:
 * `state`, `truth` (with `?objects=false` without the objects), `start-churn` (with `?count=N`: it stops after N changes),
 * `prepare?count=N` (makes and renders the next changes for the watches that are open, which start-churn then sends),
 * `stop-churn`, `change?count=N` (at once), `writes` (when the changes were made), `hold` and `release` (lists and watches wait),
 * `expire` (every resourceVersion and continue token so far is 410), `end-watches`, `break-watches`.
 */
export function control(state: SimulatorState, url: URL, response: ServerResponse): void {
  const { cluster, churn, watches, gate } = state;
  switch (url.pathname.slice('/__simulator/'.length)) {
    case 'state':
      break;
    case 'truth':
      sendJson(response, truth(state, url.searchParams.get('objects') !== 'false'));
      return;
    case 'start-churn':
      churn.start(url.searchParams.has('count') ? wholeCount(url) : undefined);
      break;
    case 'prepare':
      churn.prepare(wholeCount(url));
      break;
    case 'stop-churn':
      churn.stop();
      break;
    case 'change':
      churn.make(wholeCount(url));
      break;
    case 'writes':
      sendJson(response, churn.writes);
      return;
    case 'hold':
      gate.close();
      break;
    case 'release':
      gate.open();
      break;
    case 'expire':
      for (const { table } of cluster.served) table.compact(cluster.resourceVersion + 1);
      cluster.resourceVersion += 1;
      state.lists.expireTokens();
      break;
    case 'end-watches':
      for (const w of watches) w.end();
      break;
    case 'break-watches':
      for (const w of watches) w.destroy();
      break;
    default:
      throw new ApiStatus(404, 'NotFound', url.pathname);
  }
  sendJson(response, report(state));
}

function wholeCount(url: URL): number {
  const count = Number(url.searchParams.get('count') ?? '1');
  if (!Number.isInteger(count) || count < 0 || count > 10_000_000) throw badRequest(`count: ${count}`);
  return count;
}

function report({ cluster, churn, watches, gate }: SimulatorState): SimulatorReport {
  return {
    resourceVersion: String(cluster.resourceVersion),
    changes: cluster.changes,
    churning: churn.running,
    watches: watches.size,
    held: gate.waiting,
    clusterUid: cluster.kubeSystemUid,
  };
}

function truth(state: SimulatorState, withObjects: boolean): Truth {
  const { cluster } = state;
  const resources: Record<string, ResourceTruth> = {};
  for (const served of cluster.served) resources[resourceName(served.resource)] = cluster.truth(served, withObjects);
  return { ...report(state), resources };
}
