import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FieldValue } from '../../src/model/record.ts';
import { compileExtractors, parseForCel, staticType } from '../../src/transform/extract.ts';
import type { FieldType } from '../../src/transform/plan.ts';
import { bytesOf } from './sample-record.ts';

const OBJECT = {
  metadata: { name: 'web', generation: 7, creationTimestamp: '2026-01-02T03:04:05Z', labels: { app: 'web' } },
  spec: {
    replicas: 3,
    factor: 1.5,
    containers: [
      { name: 'a', image: 'nginx:1', cpu: '250m', ports: [80, 443] },
      { name: 'b', image: 'redis:7', cpu: '1', ports: [] },
    ],
  },
  status: null,
};

function evaluate(
  expression: string,
  type?: FieldType,
  object: unknown = OBJECT,
): { value: FieldValue | undefined; error?: string } {
  let error: string | undefined;
  const fields = [{ name: 'f', expression, ...(type === undefined ? {} : { type }) }];
  const values = compileExtractors(fields).extract(parseForCel(bytesOf(object)), (_field, message) => {
    error = message;
  });
  return error === undefined ? { value: values.f } : { value: values.f, error };
}

describe('extracted fields', () => {
  const results: [string, FieldValue][] = [
    ['object.spec.replicas', 3n],
    ['object.spec.replicas + 1', 4n],
    ['object.spec.replicas % 2 == 1', true],
    ['type(object.spec.replicas) == int', true],
    ['object.spec.factor * 2.0', 3],
    ['object.spec.containers.map(c, c.image)', ['nginx:1', 'redis:7']],
    ["object.spec.containers.filter(c, c.image.startsWith('nginx')).map(c, c.name)", ['a']],
    ['object.spec.containers.exists(c, c.ports.exists(p, p == 443))', true],
    ["object.spec.containers.map(c, c.image).join(',')", 'nginx:1,redis:7'],
    ['object.spec.containers[size(object.spec.containers) - 1].name', 'b'],
    ['object.metadata.labels', { app: 'web' }],
    ["object.?spec.?nothing.orValue('none')", 'none'],
    ['object.?spec.?nothing', null],
    ["has(object.metadata.labels) ? object.metadata.labels['app'] : ''", 'web'],
    ['cel.bind(c, object.spec.containers[0], c.name + c.image)', 'anginx:1'],
    ["object.metadata.name.replace('w', 'v')", 'veb'],
    ['object.spec.containers[0].ports.sum()', 523n],
    ['object.spec.containers[0].ports.max()', 443n],
    ['object.spec.containers.map(c, quantity(c.cpu).asApproximateFloat()).sum()', 1.25],
    ["quantity('1.5Gi').asInteger()", 1610612736n],
    ["quantity('1000m') == quantity('1')", true],
    ["quantity('1e3')", 1000],
    ["isQuantity('1.5Gi')", true],
    ["isQuantity('Gi')", false],
    ['timestamp(object.metadata.creationTimestamp)', '2026-01-02T03:04:05Z'],
    ["timestamp('2026-01-02T03:04:05.5Z')", '2026-01-02T03:04:05.500Z'],
    ["duration('1.5s')", '1.5s'],
    ["duration('1h') - duration('1h0.25s')", '-0.25s'],
    ["b'ab'", 'YWI='],
    ['7u', 7n],
    ['object.status', null],
  ];
  for (const [expression, value] of results) {
    test(expression, () => assert.deepEqual(evaluate(expression), { value }));
  }

  test('what is not there is null, and no error', () => {
    for (const expression of [
      'object.status.phase',
      'object.spec.nothing.more',
      "object.metadata.annotations['x']",
      'object.spec.containers[9].image',
      'object.spec.containers.map(c, c.nothing)',
    ]) {
      assert.deepEqual(evaluate(expression), { value: null }, expression);
    }
  });

  test('what fails is null and told, and the other fields are there', () => {
    const errors: string[] = [];
    const extractors = compileExtractors([
      { name: 'bad', expression: 'object.spec.replicas / 0' },
      { name: 'mixed', expression: "object.spec.replicas + 'a'" },
      { name: 'good', expression: 'object.metadata.name' },
    ]);
    const values = extractors.extract(parseForCel(bytesOf(OBJECT)), (field, message) =>
      errors.push(`${field}: ${message}`),
    );
    assert.deepEqual(values, { bad: null, mixed: null, good: 'web' });
    assert.match(errors.join('\n'), /^bad: .*zero\nmixed: no such overload/);
  });

  test('members of prototypes are not there', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.deepEqual(evaluate(`object.${name}`), { value: null });
    }
    assert.equal(evaluate('object.metadata.name.length').value, null);
  });

  test('integers of 64 bits are exact', () => {
    const parsed = parseForCel(
      Buffer.from(
        '{"a":9007199254740993,"b":-9223372036854775808,"c":9007199254740993.5,"d":99999999999999999999,"s":"9007199254740993"}',
      ),
    );
    assert.deepEqual(parsed, {
      a: 9007199254740993n,
      b: -9223372036854775808n,
      c: 9007199254740994,
      d: 1e20,
      s: '9007199254740993',
    });
  });

  test('managedFields are not gone through', () => {
    assert.deepEqual(parseForCel(Buffer.from('{"metadata":{"generation":1,"managedFields":[{"n":1}]}}')), {
      metadata: { generation: 1n, managedFields: [{ n: 1 }] },
    });
  });

  test('nesting too deep to be written is an error of the field alone', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200; i++) deep = [deep];
    assert.match(evaluate('object.deep', undefined, { deep }).error ?? '', /nested deeper/);
  });
});

describe('declared types', () => {
  const taken: [string, FieldType, FieldValue][] = [
    ['object.spec.replicas', 'int', 3n],
    ['object.spec.replicas', 'double', 3],
    ['object.spec', 'json', JSON.parse('null')],
    ['object.metadata.creationTimestamp', 'timestamp', '2026-01-02T03:04:05Z'],
    ['object.spec.containers[0].ports', 'list<double>', [80, 443]],
    ['object.spec.containers[1].ports', 'list<string>', []],
    ['object.nothing', 'int', null],
  ];
  for (const [expression, type, value] of taken) {
    test(`${expression} as ${type}`, () => {
      const result = evaluate(expression, type);
      assert.equal(result.error, undefined);
      if (type !== 'json') assert.deepEqual(result.value, value);
    });
  }

  const refused: [string, FieldType][] = [
    ['object.spec.factor', 'int'],
    ['object.spec.replicas', 'string'],
    ['object.metadata.name', 'timestamp'],
    ['object.metadata.name', 'list<string>'],
    ['object.spec.containers', 'list<string>'],
    ['[object.metadata.name, null]', 'list<string>'],
    ["'2026-13-02T03:04:05Z'", 'timestamp'],
  ];
  for (const [expression, type] of refused) {
    test(`${expression} is not ${type}`, () => {
      const result = evaluate(expression, type);
      assert.equal(result.value, null);
      assert.match(result.error ?? '', new RegExp(`cannot be taken for ${type}`));
    });
  }

  test('the types that an expression has by itself', () => {
    assert.equal(staticType('object.status.phase'), undefined);
    assert.equal(staticType('size(object.spec.containers)'), 'int');
    assert.equal(staticType("object.a.startsWith('x')"), 'bool');
    assert.equal(staticType('timestamp(object.metadata.creationTimestamp)'), 'timestamp');
    assert.equal(staticType('object.l.map(x, string(x))'), 'list<string>');
    assert.equal(staticType("{'a': 1}"), 'json');
    assert.equal(staticType("object.?a.orValue('x')"), undefined);
  });
});

describe('an expression cannot hang or break a shard', () => {
  test('matches is linear in time', () => {
    const object = { text: `${'a'.repeat(29)}!` };
    assert.deepEqual(evaluate("object.text.matches('^(a+)+$')", undefined, object), { value: false });
    // Also inside of loops, binds and literals, where the tree is copied.
    for (const expression of [
      "[object.text].all(t, t.matches('^(a+)+$'))",
      "[object.text].exists(t, [t].exists(u, u.matches('^(a+)+$')))",
      "cel.bind(t, object.text, t.matches('^(a+)+$'))",
      "true ? object.text.matches('^(a+)+$') : false",
      "{'k': object.text.matches('^(a+)+$')}['k']",
      "matches(object.text, '^(a+)+$')",
    ]) {
      assert.deepEqual(evaluate(expression, undefined, object), { value: false }, expression);
    }
    assert.deepEqual(evaluate("[object.text].filter(t, t.matches('^(a+)+$'))", undefined, object), { value: [] });
    assert.deepEqual(evaluate("[object.text].map(t, t.matches('^(a+)+$'), t)", undefined, object), { value: [] });
  });

  test('patterns out of objects are bounded and checked', () => {
    const object = { t: 'x', open: '(', long: 'a'.repeat(2000) };
    assert.match(evaluate('object.t.matches(object.open)', undefined, object).error ?? '', /missing closing/);
    assert.match(evaluate('object.t.matches(object.long)', undefined, object).error ?? '', /longer than/);
  });

  test('loops end at a number of turns', () => {
    const object = { l: Array.from({ length: 2000 }, (_, i) => i) };
    for (const expression of [
      'object.l.map(a, object.l.map(b, a + b))',
      'object.l.all(a, object.l.all(b, a + b >= 0))',
    ]) {
      assert.match(evaluate(expression, undefined, object).error ?? '', /turns of loops/, expression);
    }
    assert.deepEqual(evaluate('object.l.map(a, a).size()', undefined, object), { value: 2000n });
  });

  const refused: [string, RegExp][] = [
    ['object.', /Expected IDENTIFIER, got EOF \(line 1, column 8\)/],
    ['object.a &&\n  foo', /Unknown variable: foo; the only variable is `object` \(line 2, column 3\)/],
    ['object.nope()', /no matching overload for 'dyn.nope\(\)'/],
    ["'x'.matches(1)", /'string\.matches\(int\)'/],
    ["object.a.matches('(?=x)')", /syntax of RE2/],
    ['object.a.map(x, x.map(y, y.map(z, z)))', /nested deeper than 2/],
    ['object.a.filter(x, x.exists(y, y.all(z, z)))', /nested deeper than 2/],
    [`object.a + '${'x'.repeat(5000)}'`, /longer than 4096/],
    [`${'['.repeat(100)}1${']'.repeat(100)}`, /maxDepth/],
  ];
  for (const [expression, message] of refused) {
    test(`refused: ${expression.slice(0, 60)}`, () => {
      assert.throws(() => compileExtractors([{ name: 'f', expression }]), { code: 'EXPRESSION_INVALID', message });
      assert.throws(() => compileExtractors([{ name: 'f', expression }]), { message: /^extract\.f: / });
    });
  }

  test('loops behind one another are not nested', () => {
    assert.deepEqual(
      evaluate('object.spec.containers.filter(c, true).map(c, c.ports).filter(p, p.exists(x, x > 0)).map(p, p[0])'),
      { value: [80n] },
    );
  });
});
