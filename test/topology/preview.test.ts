import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactionsOf } from '../../src/topology/preview/redactions.ts';

test('paths are told that were masked or cut, each once', () => {
  const object = {
    metadata: { name: 'a', managedFields: [1], annotations: { 'example.com/x': 'secret', kept: 'y' } },
    data: { password: 'p', inner: { count: 3 } },
    spec: { containers: [{ env: 1 }, { env: 2, image: 'i' }], gone: [1, 2] },
    __proto: 1,
  };
  const delivered = {
    apiVersion: 'v1',
    metadata: { name: 'a', annotations: { 'example.com/x': '[REDACTED]', kept: 'y' } },
    data: { password: '[REDACTED]', inner: { count: '[REDACTED]' } },
    spec: { containers: [{}, { image: 'i' }], gone: [1] },
    __proto: 1,
  };
  assert.deepEqual(redactionsOf(object, delivered), [
    { path: 'metadata.managedFields', how: 'cut' },
    { path: "metadata.annotations['example.com/x']", how: 'masked' },
    { path: 'data.password', how: 'masked' },
    { path: 'data.inner.count', how: 'masked' },
    { path: 'spec.containers[*].env', how: 'cut' },
    { path: 'spec.gone[*]', how: 'cut' },
  ]);
  assert.deepEqual(redactionsOf({ a: '[REDACTED]' }, { a: '[REDACTED]' }), []);
});
