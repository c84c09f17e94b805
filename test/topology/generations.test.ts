import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Generations } from '../../src/topology/generations.ts';

test('without a restored server everything is of the generation that was committed', () => {
  const generations = new Generations(2);
  assert.equal(generations.listBegins(false), 2);
  assert.equal(generations.listEnds(), 2);
  generations.delivered(2, 7);
  assert.equal(generations.at(100), 2);
});

test('a new generation is committed with the end of its list, and not before', () => {
  const generations = new Generations(0);
  assert.equal(generations.listBegins(true), 1);
  assert.equal(generations.at(5), 0, 'in the list');
  assert.equal(generations.listEnds(), 1);
  generations.delivered(1, 9);
  assert.deepEqual([generations.at(8), generations.at(9), generations.at(10)], [0, 1, 1]);
});

test('a list that breaks off is repeated in the same generation', () => {
  const generations = new Generations(3);
  assert.deepEqual([generations.listBegins(true), generations.listBegins(true)], [4, 4]);
});

test('what is read behind a list counts on from it, also where the end of the list is not delivered yet', () => {
  const generations = new Generations(0);
  generations.listBegins(true);
  const first = generations.listEnds();
  assert.equal(generations.listBegins(false), 1, 'an ordinary list');
  assert.equal(generations.listBegins(true), 2, 'the server was restored again');
  generations.delivered(first, 4);
  generations.delivered(generations.listEnds(), 6);
  assert.deepEqual([generations.at(3), generations.at(5), generations.at(6)], [0, 1, 2]);
});
