import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExtractors, parseForCel } from '../../src/transform/extract.ts';

// The expressions are the operator's; what they are given is the tenant's.

function evaluate(expression: string, object: unknown): { value: unknown; error: string } {
  let error = '';
  const extractors = compileExtractors([{ name: 'f', expression }]);
  const values = extractors.extract(parseForCel(Buffer.from(JSON.stringify(object))), (_, message) => {
    error = message;
  });
  return { value: values.f, error };
}

test('a text cannot make a regular expression take more than linear time', () => {
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])
    assert.deepEqual(evaluate(`object.t.matches('${pattern}')`, { t: `${'a'.repeat(200_000)}!` }), {
      value: false,
      error: '',
    });
});

test('a pattern out of an object cannot be a large program', () => {
  for (const pattern of ['((a{100}){100}){100}', '(a{1000}){1000}', `${'('.repeat(2000)}a${')'.repeat(2000)}`])
    assert.match(
      evaluate('object.t.matches(object.p)', { t: 'a', p: pattern }).error,
      /invalid repeat count|longer than 1024/,
    );
});

test('a loop ends, however long the list is', () => {
  const object = { l: Array(5000).fill('x') };
  assert.match(evaluate('object.l.map(a, object.l.map(b, a + b))', object).error, /turns of loops/);
});

test('an object cannot make a field much larger than itself', () => {
  const object = { l: Array(2000).fill('x'), big: 'x'.repeat(200_000), few: 'x'.repeat(2000) };
  for (const expression of [
    'object.l.map(x, object.big)',
    "object.l.map(x, object.big).join('')",
    'object.l.map(x, x).join(object.big)',
    'object.few.replace("x", object.big)',
    'object.l.map(x, {"item": x, "all": object.big})',
    'object.l.map(x, object.l.map(y, object.big))',
    'object.l.map(x, bytes(object.big))',
  ]) {
    const { value, error } = evaluate(expression, object);
    assert.equal(value, null, expression);
    assert.match(error, /longer than|larger than|turns of loops/, expression);
  }
  assert.equal(evaluate("object.l.join(',')", object).value, object.l.join(','));
  assert.equal(evaluate("object.few.replace('x', 'yy')", object).value, 'yy'.repeat(2000));
  assert.equal(evaluate('object.big', object).value, object.big);
});

test('a wrong value is not quoted in what is told of it', () => {
  const secret = 'S3CRET-value';
  for (const expression of [
    'duration(object.a)',
    'timestamp(object.a)',
    'bool(object.a)',
    'int(object.a)',
    'double(object.a)',
    'quantity(object.a)',
    'object.a.matches(object.b)',
    'object.a + 1',
    'object.a ? 1 : 2',
    "timestamp('2026-01-02T00:00:00Z').getHours(object.a)",
    '[object.a].sum()',
  ]) {
    const { error } = evaluate(expression, { a: secret, b: `(${secret}` });
    assert.notEqual(error, '', expression);
    assert.ok(!error.includes(secret), `${expression}: ${error}`);
  }
});

test('members of prototypes are out of reach, and members of that name hide nothing', () => {
  const labels = JSON.parse('{"__proto__":{"polluted":true},"constructor":"x","toString":"y","app":"web"}') as unknown;
  const object = { metadata: { labels }, items: [{ constructor: { name: 'z' }, n: 'a' }] };
  assert.deepEqual(
    Object.entries(evaluate('object.metadata.labels', object).value as object).map(([key]) => key),
    ['__proto__', 'constructor', 'toString', 'app'],
  );
  for (const [expression, value] of [
    ['object.metadata.labels.app', 'web'],
    ['object.?metadata.?labels.?app', 'web'],
    ["'app' in object.metadata.labels", true],
    ['has(object.metadata.labels.app)', true],
    ['object.metadata.labels.exists(k, k == "app")', true],
    ['object.metadata.labels == object.metadata.labels', true],
    ["object.metadata.labels['constructor']", 'x'],
    ['size(object.metadata.labels)', 4n],
    ['object.items.map(i, i.n)', ['a']],
    ['object.items.filter(i, i.n == "a").map(i, i.n)', ['a']],
  ] as const)
    assert.deepEqual(evaluate(expression, object), { value, error: '' }, expression);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(evaluate('object.metadata.annotations.toString', { metadata: { annotations: {} } }).value, null);
});
