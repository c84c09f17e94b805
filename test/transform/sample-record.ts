import type { ChangeRecord, RecordContext } from '../../src/model/record.ts';

export const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const PODS: RecordContext = {
  cluster: 'demo',
  clusterUid: '6f5c2f9e-0c44-4f0e-8f6e-1d2a3b4c5d6e',
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
};

const POD =
  '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"team-a",' +
  '"uid":"0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11","resourceVersion":"48211","labels":{"app":"web"}},' +
  '"spec":{"containers":[{"name":"web","image":"nginx:1.27"}]},"status":{"phase":"Running"}}';

export function podRecord(changes: Partial<ChangeRecord> = {}): ChangeRecord {
  return {
    id: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:48211',
    operation: 'UPDATED',
    detectedBy: 'WATCH',
    namespace: 'team-a',
    name: 'web-0',
    uid: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11',
    resourceVersion: '48211',
    observedAt: 1_767_312_000_123_456,
    labels: Buffer.from('{"app":"web"}'),
    fields: { phase: 'Running', restarts: 3n, load: 1 },
    object: Buffer.from(POD),
    patch: Buffer.from('{"status":{"phase":"Running"}}'),
    ...changes,
  };
}
