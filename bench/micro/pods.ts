import { loadText } from '../../src/model/loaded-text.ts';
import type { Stream } from '../../src/model/resource.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { Replica } from '../pipeline/replica.ts';
import { DEFAULT_SETTINGS } from '../pipeline/settings.ts';

/** Few enough to be read again and again, many enough not to be all in the processor's nearest cache. */
export const PODS = 256;

export const STREAM: Stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};

export const PLAN: StreamPlan = {
  stream: STREAM,
  cluster: 'bench',
  clusterUid: '6f5c2f9e-0c44-4f0e-8f6e-1d2a3b4c5d6e',
  redact: [],
  prune: ['metadata.managedFields'],
  ignore: [],
  extract: [],
  diff: 'none',
  lanes: [{ exporter: 'bus', encoding: 'json', subject: 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}' }],
};

export const FIELDS: StreamPlan['extract'] = [
  { name: 'phase', expression: 'object.status.phase' },
  { name: 'node', expression: "object.spec.?nodeName.orValue('')" },
];

/** Pods of 5 KB, as the simulator serves them. */
export function pods(changes = 0, objects = PODS): Buffer[] {
  const replica = new Replica({ ...DEFAULT_SETTINGS, objects, namespaces: 8 });
  for (const _ of replica.changed(changes));
  return [...replica.texts(objects)];
}

/** Watch events of these objects, each with its newline. */
export function events(objects: readonly Buffer[]): Buffer[] {
  return objects.map((object) =>
    Buffer.concat([Buffer.from('{"type":"MODIFIED","object":'), object, Buffer.from('}\n')]),
  );
}

export function sizeOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, b) => sum + b.length, 0);
}

/** Readers that have read an object each, of a text that is loaded, as one piece of work of a thread is. */
export function readers(objects: readonly Buffer[]): ObjectReader[] {
  const trie = objectTrie(PLAN);
  const text = loadText(Buffer.concat(objects));
  let start = 0;
  return objects.map((object) => {
    const reader = new ObjectReader(trie, STREAM);
    const end = reader.read(text, start, start + object.length);
    if (end < 0) throw new Error('a pod of the simulator cannot be read');
    start = end;
    return reader;
  });
}

export const parseAll = (texts: readonly Buffer[]) => (): void => {
  for (const text of texts) JSON.parse(text.toString());
};
