import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opsConfig } from '../../src/ops/config.ts';

test('ops listens on loopback unless it is told otherwise', () => {
  assert.deepEqual(opsConfig.parse(undefined), { listen: '127.0.0.1:8081', profile: false, kollectPaths: 'off' });
  assert.deepEqual(opsConfig.parse({ listen: '[::]:9000' }), {
    listen: '[::]:9000',
    profile: false,
    kollectPaths: 'off',
  });
  assert.deepEqual(opsConfig.parse({ listen: 'off' }), { listen: 'off', profile: false, kollectPaths: 'off' });
  assert.equal(opsConfig.parse(false), false);
});

test('a wrong address or an unknown key is refused', () => {
  for (const wrong of [{ listen: '8081' }, { listen: 'http://x:1' }, { port: 1 }, true])
    assert.equal(opsConfig.safeParse(wrong).success, false);
});
