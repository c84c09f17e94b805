import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agrees, rowAgrees } from '../../bench/pipeline/check-derived.ts';
import { EVENT_FIELDS, FIELDS_AND_PATCH } from '../../bench/pipeline/field-rules.ts';

const pod = {
  metadata: { name: 'web-1', resourceVersion: '7', labels: { app: 'web' } },
  spec: { nodeName: 'node-1', containers: [{ name: 'a' }] },
  status: { phase: 'Running' },
};
const { derived } = FIELDS_AND_PATCH;
const fields = { phase: 'Running', node: 'node-1' };
const patch = { metadata: { resourceVersion: '7', annotations: null }, status: { phase: 'Running' } };

test('a record agrees where fields and patch are those of the object', () => {
  const updated = (more: object): boolean => agrees({ operation: 'UPDATED', fields, patch, ...more }, pod, derived);
  assert.ok(updated({}));
  assert.ok(updated({ patch: { spec: { containers: [{ name: 'a' }] } } }));
  assert.ok(!updated({ fields: { ...fields, phase: 'Pending' } }));
  assert.ok(!updated({ fields: undefined }));
  assert.ok(!updated({ fields: { ...fields, more: '' } }));
  assert.ok(!updated({ patch: undefined }));
  assert.ok(!updated({ patch: {} }));
  assert.ok(!updated({ patch: { status: { phase: 'Pending' } } }));
  assert.ok(!updated({ patch: { status: null } }));
  assert.ok(!updated({ patch: { status: { reason: { code: 1 } } } }));
  assert.ok(agrees({ operation: 'SNAPSHOT', fields }, pod, derived));
  assert.ok(!agrees({ operation: 'SNAPSHOT', fields, patch }, pod, derived));
  assert.ok(agrees({ operation: 'UPDATED' }, pod, {}));
  assert.ok(!agrees({ operation: 'UPDATED', fields }, pod, {}));
});

test('a row agrees where each field has its column', () => {
  const event = {
    metadata: {},
    reason: 'BackOff',
    type: 'Warning',
    message: 'text',
    count: 100_001,
    involvedObject: { kind: 'Pod', name: 'web-1', namespace: 'team-1' },
    source: { component: 'kubelet' },
  };
  const row = {
    ...{ id: 'a:1', reason: 'BackOff', type: 'Warning', message: 'text', count: '100001' },
    ...{ involvedKind: 'Pod', involvedName: 'web-1', involvedNamespace: 'team-1', component: 'kubelet' },
  };
  assert.ok(rowAgrees(row, event, EVENT_FIELDS.derived));
  assert.ok(!rowAgrees({ ...row, count: '100002' }, event, EVENT_FIELDS.derived));
  assert.ok(!rowAgrees({ ...row, component: null }, event, EVENT_FIELDS.derived));
});
