import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternatives, type JsonSchema } from '../../src/config/json-schema.ts';
import { nearest, pathText } from '../../src/config/problem.ts';
import { jsonSchema } from '../../src/config/schema.ts';

test('every key of the configuration has a description, and every object is closed', () => {
  const bare: string[] = [];
  const open: string[] = [];
  let keys = 0;
  const walk = (path: string, schema: JsonSchema) => {
    for (const form of alternatives(schema)) {
      if (form.properties !== undefined && form.additionalProperties !== false) open.push(path);
      if (typeof form.items === 'object') walk(`${path}[]`, form.items);
      for (const [name, child] of Object.entries(form.properties ?? {})) {
        keys++;
        if (child.description === undefined && child.const === undefined) bare.push(`${path}.${name}`);
        walk(`${path}.${name}`, child);
      }
    }
  };
  walk('', jsonSchema());
  assert.ok(keys > 40, `only ${keys} keys`);
  assert.deepEqual(bare, []);
  assert.deepEqual(open, []);
});

test('a default that depends on the machine does not stand in the schema', () => {
  assert.equal(jsonSchema().properties?.workers?.default, undefined);
  assert.equal(jsonSchema().properties?.workers?.['x-default'], 'cores - 1');
});

test('the nearest name is found, and none that is too far', () => {
  const names = ['resources', 'exclude', 'namespaces', 'labelSelector'];
  assert.equal(nearest('resorces', names), 'resources');
  assert.equal(nearest('Exclude', names), 'exclude');
  assert.equal(nearest('labelselector', names), 'labelSelector');
  assert.equal(nearest('namespcaes', names), 'namespaces');
  assert.equal(nearest('foo', names), undefined);
  assert.equal(nearest('', names), undefined);
});

test('paths are written as in a program', () => {
  assert.equal(pathText(['exporters', 0, 'rotate', 'interval']), 'exporters[0].rotate.interval');
  assert.equal(pathText(['a', 'b.c/d']), "a['b.c/d']");
  assert.equal(pathText([]), '(file)');
});
