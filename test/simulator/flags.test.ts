import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFlags } from '../../src/simulator/flags.ts';

test('flags that are right are what is simulated', () => {
  const { options } = readFlags([
    '--resources',
    'pods=10, configmaps,gadgets002.gadgets.example.com=0.5',
    '--gadgets=2',
  ]);
  assert.deepEqual(options.resources, { pods: 10, configmaps: 1, 'gadgets002.gadgets.example.com': 0.5 });
  assert.deepEqual(readFlags([]).options.resources, {});
  assert.equal(readFlags(['--objects', '1000000']).options.objects, 1_000_000);
  assert.equal(readFlags(['--turnover', '0.4', '--heartbeats', '0.1', '--touches', '0.1']).options.touches, 0.1);
  assert.ok(readFlags(['-h']).help);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['--objects=-5', /^--objects: not a number of at least 0: -5$/],
  ['--objects=1.5', /^--objects: not a whole number of 0 to 1000000: 1\.5$/],
  ['--objects=2000000', /^--objects: not a whole number of 0 to 1000000: 2000000$/],
  ['--port=99999', /^--port: not a whole number of 0 to 65535: 99999$/],
  ['--namespaces=2.5', /^--namespaces: not a whole number/],
  [
    '--resources=pods,foos.example.com=2',
    /^--resources: not simulated: foos\.example\.com; there are pods, configmaps, /,
  ],
  ['--resources=gadgets001.gadgets.example.com', /^--resources: not simulated: gadgets001/],
  ['--resources=pods=0', /^--resources: no resource has a share$/],
  ['--resources=', /^--resources: no resource has a share$/],
  ['--turnover=0.6', /are shares, and more than 1 together$/],
  ['--bookmark-seconds=0', /^--bookmark-seconds: not above 0 and at most 86400: 0$/],
  ['--bookmark-seconds=10000000', /^--bookmark-seconds: not above 0/],
  ['--tls-cert=/nowhere.crt', /^--tls-cert and --tls-key go together$/],
];

test('flags that are wrong are said in one line', () => {
  for (const [given, said] of WRONG) {
    assert.throws(
      () => readFlags([given]),
      (error: Error) => said.test(error.message),
      given,
    );
  }
});
