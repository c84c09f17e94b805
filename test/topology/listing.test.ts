import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listingScope, mayGoOn, type Position, scopeOf } from '../../src/model/position.ts';
import { IntakeGate } from '../../src/topology/intake-gate.ts';
import { Listing } from '../../src/topology/listing.ts';

const POSITION: Position = { resourceVersion: '7', sequence: 3, committedAt: 0, scope: '{"resource":{}}' };
const LEFT: Position = { ...POSITION, scope: listingScope(POSITION.scope) };

test('a position from before a list keeps its scope, and no watch goes on from it', () => {
  assert.ok(mayGoOn(POSITION));
  assert.ok(!mayGoOn(LEFT));
  assert.equal(scopeOf(LEFT), POSITION.scope);
  assert.equal(scopeOf(POSITION), POSITION.scope);
  assert.ok(!mayGoOn({ ...POSITION, resourceVersion: '' }));
  assert.ok(!mayGoOn(undefined));
});

test('a list begins at once where nothing leads back behind it', () => {
  assert.ok(new Listing(undefined).mayBegin(undefined));
  assert.ok(new Listing(LEFT).mayBegin(LEFT));
  assert.ok(!new Listing(POSITION).mayBegin(POSITION));
});

test('from its begin to the commit of its end, no commit may be gone on from', () => {
  const listing = new Listing(POSITION);
  assert.ok(listing.commits(1));
  listing.begin();
  assert.ok(!listing.commits(2));
  assert.ok(listing.mayBegin(LEFT));
  listing.delivered(5);
  assert.ok(!listing.commits(4));
  assert.ok(listing.commits(6));
  assert.ok(!listing.mayBegin(LEFT), 'a commit is on its way that leads back');
  assert.ok(listing.commits(6), 'asked again');
});

test('a list that begins anew before the end of the last one is committed takes its place', () => {
  const listing = new Listing(LEFT);
  listing.begin();
  listing.delivered(3);
  listing.begin();
  assert.ok(!listing.commits(4));
  listing.delivered(8);
  assert.ok(listing.commits(8));
});

test('what is parked passes in order when nothing holds it, and may close the gate again', async () => {
  const passed: string[] = [];
  const gate = new IntakeGate((item) => {
    if (gate.isClosed) void gate.park(item);
    else {
      passed.push(item.type);
      if (item.type === 'list-begin') gate.hold('list');
    }
  });
  gate.hold('rewrite');
  gate.hold('list');
  const parked = [
    gate.park({ type: 'list-begin', relist: true }),
    gate.park({ type: 'bookmark', resourceVersion: '8' }),
  ];
  gate.release('list');
  assert.deepEqual(passed, []);
  gate.release('rewrite');
  await Promise.all(parked);
  assert.deepEqual(passed, ['list-begin']);
  assert.ok(gate.holds('list'));
  gate.release('list');
  assert.deepEqual(passed, ['list-begin', 'bookmark']);
});

test('what is parked for a stream that begins again is void', async () => {
  const gate = new IntakeGate(() => assert.fail('it is void'));
  gate.hold('list');
  const parked = gate.park({ type: 'list-begin', relist: true });
  gate.clear();
  await parked;
  assert.ok(!gate.isClosed);
});
