import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { Resource } from '../../src/model/resource.ts';
import { rulesConfig } from '../../src/transform/config.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { checkRules, namesResource, planStream, streamSplit } from '../../src/transform/rules.ts';

const PODS: Resource = { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true };
const SECRETS: Resource = { group: '', version: 'v1', kind: 'Secret', resource: 'secrets', namespaced: true };
const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
};

function plan(resource: Resource, rules: unknown): StreamPlan {
  const stream = { id: resource.resource, resource, metadataOnly: false };
  return planStream({ stream, cluster: 'demo', clusterUid: 'u', rules: rulesConfig.parse(rules), lanes: [] });
}

describe('rules of a stream', () => {
  test('without any, managedFields are pruned and Secrets redacted', () => {
    const pods = plan(PODS, []);
    assert.deepEqual(
      [pods.prune, pods.ignore, pods.redact, pods.extract, pods.diff],
      [['metadata.managedFields'], [], [], [], 'none'],
    );
    assert.deepEqual(plan(SECRETS, []).redact, ['data', 'stringData']);
  });

  test('all that match add up, in order; of diff and split the last counts', () => {
    const rules = [
      {
        resources: ['*'],
        prune: ['status'],
        ignore: ['a'],
        extract: { x: 'object.x', y: 'object.y' },
        diff: 'merge-patch',
        split: 2,
      },
      { resources: ['deployments.apps'], prune: ['spec.nothing'], extract: { x: 'object.never' } },
      {
        resources: ['pods', 'Deployment'],
        prune: ['status'],
        redact: ['spec.token'],
        ignore: ['b'],
        extract: { x: { expression: 'object.z', type: 'int' } },
      },
      { resources: ['pods'], diff: 'json-patch', split: 4 },
    ];
    const pods = plan(PODS, rules);
    assert.deepEqual(pods.prune, ['metadata.managedFields', 'status']);
    assert.deepEqual(pods.ignore, ['a', 'b']);
    assert.deepEqual(pods.redact, ['spec.token']);
    assert.deepEqual(pods.extract, [
      { name: 'x', expression: 'object.z', type: 'int' },
      { name: 'y', expression: 'object.y' },
    ]);
    assert.equal(pods.diff, 'json-patch');
    assert.equal(streamSplit(PODS, rulesConfig.parse(rules)), 4);
    assert.equal(streamSplit(DEPLOYMENTS, rulesConfig.parse(rules)), 2);
    assert.equal(streamSplit(PODS, []), 1);
  });

  test('only a rule that names Secrets can lay them open', () => {
    for (const resources of [['*'], ['*', 'pods'], ['*.']]) {
      assert.deepEqual(plan(SECRETS, [{ resources, redact: false }]).redact, ['data', 'stringData'], String(resources));
    }
    for (const resources of [['secrets'], ['Secret'], ['*', 'secrets']]) {
      assert.deepEqual(plan(SECRETS, [{ resources, redact: false }]).redact, [], String(resources));
    }
    assert.deepEqual(plan(SECRETS, [{ resources: ['secrets'], redact: ['data.token'] }]).redact, [
      'data',
      'stringData',
      'data.token',
    ]);
    assert.deepEqual(plan({ ...SECRETS, group: 'vault.example.com' }, []).redact, []);
  });

  test('a plan can be sent to a thread', () => {
    const sent = plan(PODS, [{ resources: ['pods'], extract: { a: 'object.a' } }]);
    assert.deepEqual(structuredClone(sent), sent);
  });

  test('names of resources', () => {
    for (const name of ['*', '*.apps', 'deployments.apps', 'deployments', 'Deployment', 'deployment.apps']) {
      assert.ok(namesResource(name, DEPLOYMENTS), name);
    }
    for (const name of ['pods', '*.batch', 'deployments.extensions', 'deploy.apps'])
      assert.ok(!namesResource(name, DEPLOYMENTS), name);
  });
});

describe('rules that are wrong', () => {
  test('are refused by their form', () => {
    for (const rule of [
      { resources: [] },
      {},
      { resources: ['pods'], purne: ['a'] },
      { resources: ['pods'], split: 65 },
      { resources: ['pods'], diff: 'xml' },
      { resources: ['pods'], redact: true },
      { resources: ['pods'], extract: { 'a-b': 'object.a' } },
      { resources: ['pods'], extract: { a: { expression: 'object.a', type: 'float' } } },
      { resources: ['pods'], extract: { a: { expression: 'object.a', typ: 'int' } } },
    ]) {
      assert.equal(rulesConfig.safeParse([rule]).success, false, JSON.stringify(rule));
    }
  });

  test('are refused by what they say, with the place', () => {
    const check = (rule: object) => () =>
      checkRules(rulesConfig.parse([{ resources: ['*'] }, { resources: ['pods'], ...rule }]));
    assert.doesNotThrow(check({ extract: { a: 'object.a' }, prune: ["metadata.annotations['a/b']"], redact: false }));
    assert.throws(check({ extract: { a: 'object.a', b: 'objet.a' } }), {
      code: 'EXPRESSION_INVALID',
      message: /^rules\[1\]\.extract\.b: Unknown variable: objet/,
    });
    assert.throws(check({ prune: ['status', 'a..b'] }), { code: 'PATH_INVALID', message: /^rules\[1\]\.prune\[1\]: / });
    assert.throws(check({ redact: ['['] }), { code: 'PATH_INVALID', message: /^rules\[1\]\.redact\[0\]: / });
  });

  test('every setting is described in the JSON Schema', () => {
    const schema = z.toJSONSchema(rulesConfig, { io: 'input' }) as {
      description?: string;
      items: { properties: Record<string, { description?: string }> };
    };
    assert.ok(schema.description);
    for (const [name, part] of Object.entries(schema.items.properties)) assert.ok(part.description, name);
  });
});
