import type { IncomingMessage, ServerResponse } from 'node:http';
import { resourceName } from '../model/resource.ts';
import { BodyWriter } from './body-writer.ts';
import type { Served } from './cluster.ts';
import {
  AGGREGATED_TYPE,
  aggregatedDiscovery,
  coreVersions,
  groupBody,
  groupList,
  resourceList,
  versionBody,
} from './discovery-bodies.ts';
import { ApiStatus } from './refusal.ts';
import { envelope } from './renderer.ts';
import { sendJson } from './respond.ts';
import { selection } from './selectors.ts';
import { shardSelection } from './shard-selector.ts';
import type { SimulatorState } from './simulator.ts';
import { readSnapshot } from './table.ts';
import { emptyMoment } from './template-fields.ts';
import { type View, visible } from './view.ts';
import { isTrue, Watch } from './watch.ts';

const LINE = envelope('', '\n');
const RESOURCE = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+)(?=\/[^/]))?\/([^/]+)(?:\/([^/]+))?$/;

/** Answers what the API server serves. @throws ApiStatus */
export async function answerApi(
  state: SimulatorState,
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  const fixed = fixedBody(state, path, request.headers.accept ?? '');
  if (fixed !== undefined) return sendJson(response, fixed.body, 200, fixed.type);
  if (path === '/readyz' || path === '/healthz' || path === '/livez') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
    return;
  }
  const match = RESOURCE.exec(path);
  if (match === null) throw notFound(path);
  const [, core, group, version, namespace, resource, name] = match;
  const served = state.cluster.find(core === undefined ? group! : '', core ?? version!, resource!);
  if (served === undefined || (namespace !== undefined && !served.resource.namespaced)) throw notFound(path);
  const view: View = {
    served,
    selection: selection(url.searchParams, namespace),
    metadataOnly: (request.headers.accept ?? '').includes('as=PartialObjectMetadata'),
    shard: state.options.shardSelector ? shardSelection(url.searchParams.get('shardSelector')) : undefined,
  };
  if (name !== undefined) return getOne(view, name, namespace, response);
  const writer = new BodyWriter(response, state.options.heldBytes);
  state.gate.admit(writer, response);
  if (!isTrue(url.searchParams.get('watch'))) return await state.lists.answer(response, writer, view, url.searchParams);
  const watch = Watch.start(response, writer, view, url.searchParams, state.cluster, {
    streamingLists: state.options.streamingLists,
    onProgress: () => state.churn.wake(),
    onEnd: (ended) => {
      state.watches.delete(ended);
      state.churn.wake();
    },
  });
  if (!response.writableEnded) state.watches.add(watch);
  state.churn.wake();
}

function fixedBody(state: SimulatorState, path: string, accept: string): { body: unknown; type?: string } | undefined {
  const { served } = state.cluster;
  if (path === '/version') return { body: versionBody() };
  if (path === '/api' || path === '/apis') {
    const core = path === '/api';
    if (state.options.aggregatedDiscovery && accept.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2;')) {
      return { body: aggregatedDiscovery(served, core), type: AGGREGATED_TYPE };
    }
    return { body: core ? coreVersions() : groupList(served) };
  }
  const one = /^\/(?:api\/v1|apis\/([^/]+)(\/v1)?)$/.exec(path);
  if (one === null) return undefined;
  const resources = resourceList(served, one[1] ?? '');
  if (resources === undefined) return undefined;
  return {
    body:
      one[1] !== undefined && one[2] === undefined
        ? { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(one[1]) }
        : resources,
  };
}

function getOne(view: View, name: string, namespace: string | undefined, response: ServerResponse): void {
  const { served } = view;
  const snapshot = served.table.snapshot(0);
  const moment = emptyMoment();
  const w = new BodyWriter(response, Number.POSITIVE_INFINITY);
  const named: View = {
    ...view,
    selection: { template: (t) => t.namespace === (namespace ?? ''), name: (n) => n === name },
  };
  for (let slot = 0; slot < snapshot.slots; slot++) {
    const template = readSnapshot(snapshot, slot, served.table.salt, moment) ? visible(named, moment) : undefined;
    if (template === undefined) continue;
    response.setHeader('content-type', 'application/json');
    w.object(template.form.whole, template, LINE, moment);
    w.end();
    return;
  }
  throw missing(served, name);
}

function missing(served: Served, name: string): ApiStatus {
  return new ApiStatus(404, 'NotFound', `${resourceName(served.resource)} "${name}" not found`);
}

function notFound(path: string): ApiStatus {
  return new ApiStatus(404, 'NotFound', `the server could not find the requested resource: ${path}`);
}
