import { readDelta } from '../../src/model/delta.ts';
import { LaneReader } from '../../src/model/lane.ts';
import { KnownTable } from '../../src/transform/known-table.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { StreamTransform } from '../../src/transform/stream-transform.ts';
import type { Work, WorkResult } from '../../src/transform/work.ts';

export const NOW = 1_700_000_000_123_456;

export type Json = { readonly [key: string]: unknown };

/** A plan for pods that has one JSON lane. */
export function podPlan(changes: Partial<StreamPlan> = {}): StreamPlan {
  return {
    stream: {
      id: 'pods',
      resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
      metadataOnly: false,
    },
    cluster: 'c1',
    clusterUid: 'cluster-uid',
    redact: [],
    prune: ['metadata.managedFields'],
    ignore: [],
    extract: [],
    diff: 'none',
    lanes: [{ exporter: 'bus', encoding: 'json' }],
    ...changes,
  };
}

/** Text of a pod as a watch event has it. */
export function pod(name: string, resourceVersion: string | number, more: Json = {}, uid = `uid-${name}`): Json {
  const { metadata, ...rest } = more;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace: 'ns',
      uid,
      resourceVersion: String(resourceVersion),
      labels: { app: name },
      ...(metadata as Json),
      managedFields: [{ manager: 'm', time: resourceVersion }],
    },
    spec: { nodeName: 'n1' },
    ...rest,
  };
}

/** The same as an item of a list. */
export function item(object: Json): Json {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}

export interface Transformed {
  readonly result: WorkResult;
  /** Records of the first lane, parsed. */
  readonly records: readonly Json[];
}

/** A stream transform with its committed known set, as a state store would keep it. */
export class Transforming {
  readonly stored = new Map<string, Buffer>();
  transform: StreamTransform;
  readonly #plan: StreamPlan;

  constructor(plan: StreamPlan) {
    this.#plan = plan;
    this.transform = new StreamTransform(plan, new KnownTable());
  }

  apply(work: Work): Transformed {
    const result = this.transform.apply(work);
    for (const { key, value } of readDelta(result.delta)) {
      if (value === undefined) this.stored.delete(key);
      else this.stored.set(key, Buffer.from(value));
    }
    const readable = this.#plan.lanes[0]?.encoding === 'json';
    return { result, records: readable ? recordsOf(result) : [] };
  }

  /** Text of a batch of watch events. */
  lines(text: string | Uint8Array, more: { listing?: boolean } = {}): Transformed {
    const bytes = new Uint8Array(Buffer.from(text as string));
    return this.apply({
      type: 'frames',
      bytes,
      count: 0,
      resourceVersion: '77',
      listing: false,
      observedAt: NOW,
      ...more,
    });
  }

  watch(...events: (readonly [type: string, object: Json])[]): Transformed {
    return this.lines(events.map(([type, object]) => `${JSON.stringify({ type, object })}\n`).join(''));
  }

  page(...items: Json[]): Transformed {
    return this.pageText(
      JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '50' }, items }),
    );
  }

  pageText(text: string): Transformed {
    return this.apply({ type: 'page', bytes: new Uint8Array(Buffer.from(text)), observedAt: NOW });
  }

  /** A whole list of one page. */
  list(relist: boolean, ...items: Json[]): { records: Json[]; page: WorkResult; end: WorkResult } {
    this.apply({ type: 'list-begin', relist });
    const page = this.page(...items);
    const end = this.endList();
    return { records: [...page.records, ...end.records], page: page.result, end: end.result };
  }

  endList(): Transformed {
    return this.apply({ type: 'list-end', resourceVersion: '60', observedAt: NOW });
  }

  /** What the transform would write to a state that has lost everything. */
  dumped(): Map<string, Buffer> {
    const entries = this.transform.dump().flatMap((packed) => [...readDelta(packed)]);
    return new Map(entries.map(({ key, value }) => [key, Buffer.from(value as Buffer)]));
  }

  /** A new process that has read the state store. */
  restart(plan: StreamPlan = this.#plan): Transforming {
    const next = new Transforming(plan);
    next.transform.seed(pack(this.stored));
    for (const [key, value] of this.stored) next.stored.set(key, value);
    return next;
  }
}

function pack(stored: ReadonlyMap<string, Buffer>): ArrayBuffer {
  const parts: Buffer[] = [];
  for (const [key, value] of stored) {
    const head = Buffer.alloc(6);
    head.writeUInt16LE(Buffer.byteLength(key), 0);
    head.writeUInt32LE(value.length, 2);
    parts.push(head, Buffer.from(key), value);
  }
  return new Uint8Array(Buffer.concat(parts)).buffer;
}

export function recordsOf(result: WorkResult, lane = 0): Json[] {
  const packed = result.lanes[lane];
  if (packed === null || packed === undefined) return [];
  const reader = new LaneReader(packed);
  return Array.from({ length: reader.count }, (_, i) => ({
    laneKey: reader.at(i).key,
    ...(JSON.parse(Buffer.from(reader.at(i).payload).toString()) as Json),
  }));
}

/** `CREATED WATCH ns/a uid-a:5`, one a record. */
export function short(records: readonly Json[]): string[] {
  return records.map((r) => `${r.operation} ${r.detectedBy} ${r.namespace}/${r.name} ${r.id}`);
}
