import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatershardError } from '../../src/model/errors.ts';
import { parsePath } from '../../src/transform/paths.ts';

test('reads every form of a path', () => {
  const key = (...keys: string[]) => keys.map((k) => ({ key: k }));
  assert.deepEqual(parsePath('data'), key('data'));
  assert.deepEqual(parsePath('metadata.managedFields'), key('metadata', 'managedFields'));
  assert.deepEqual(
    parsePath("metadata.annotations['example.com/heartbeat']"),
    key('metadata', 'annotations', 'example.com/heartbeat'),
  );
  assert.deepEqual(parsePath('metadata.annotations["it\'s"]'), key('metadata', 'annotations', "it's"));
  assert.deepEqual(parsePath("a['it\\'s \\\\']"), key('a', "it's \\"));
  assert.deepEqual(parsePath('spec.containers[*].env'), [...key('spec', 'containers'), { any: true }, { key: 'env' }]);
  assert.deepEqual(parsePath('spec.containers[12].env'), [...key('spec', 'containers'), { index: 12 }, { key: 'env' }]);
  assert.deepEqual(parsePath("['a'][*][0].b-c_d"), [{ key: 'a' }, { any: true }, { index: 0 }, { key: 'b-c_d' }]);
});

test('refuses the rest, with the place and a remedy', () => {
  const cases: [string, RegExp][] = [
    ['', /position 1: it is empty/],
    ['.metadata', /position 1: .*begins at the object itself/],
    ['$.metadata', /position 1: .*begins at the object itself/],
    ['metadata.', /position 10: it ends with a dot/],
    ['metadata..name', /position 10:/],
    ['spec.*.env', /position 6: every element or member is written \[\*\]/],
    ['metadata.annotations[example.com/x]', /position 22: between brackets/],
    ["metadata.annotations['x]", /position 21: the quote ' is not closed/],
    ["metadata.annotations['x'", /position 25: the bracket is not closed/],
    ["a['x'b]", /position 6: the bracket is not closed/],
    ['a[0]b', /position 5: a dot or a bracket is missing/],
    ['a/b', /position 2: a dot or a bracket is missing/],
    ['a[-1]', /between brackets/],
    ['a[01]', /not closed/],
    ['metadata.1', /position 10: a name begins with a letter/],
  ];
  for (const [path, message] of cases) {
    assert.throws(
      () => parsePath(path),
      (error) =>
        error instanceof WatershardError &&
        error.code === 'PATH_INVALID' &&
        message.test(error.message) &&
        error.message.includes(JSON.stringify(path)),
      path,
    );
  }
});
