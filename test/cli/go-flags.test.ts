import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goFlags } from '../../src/cli/go-flags.ts';

const KNOWN = { c: 'text', kubeconfig: 'text', logtostderr: 'boolean' } as const;
const flags = (...args: string[]) => Object.fromEntries(goFlags(args, KNOWN));

test('flags as Go reads them', () => {
  assert.deepEqual(flags('-c', 'a', '--kubeconfig=b', '-logtostderr'), {
    c: 'a',
    kubeconfig: 'b',
    logtostderr: 'true',
  });
  assert.deepEqual(flags('-logtostderr', 'c', '-c', 'x'), { logtostderr: 'true' });
  assert.deepEqual(flags('-logtostderr=false', '-c', '-x', '--', '-kubeconfig', 'no'), {
    logtostderr: 'false',
    c: '-x',
  });
  assert.deepEqual(flags('-c=a=b'), { c: 'a=b' });
  assert.throws(() => flags('-nope'), /-nope is not known; there are -c, -kubeconfig/);
  assert.throws(() => flags('-c'), /-c needs a value/);
});
