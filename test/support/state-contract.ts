import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { DeltaWriter, readDelta } from '../../src/model/delta.ts';
import type { Position } from '../../src/model/position.ts';
import type { StateIdentity, StateSession, StateStore, StreamCommit } from '../../src/state/state.ts';

/** One state under test. Each call of `make` gives one that is empty. */
export interface StateUnderTest {
  /** A store over the same state, as another process (or the same one later) would make it. */
  store(): StateStore;
  /** Loses everything while sessions are open. */
  wipe(): Promise<void>;
  /** Lets the lease of a silent holder run out; absent where the kernel's lock is the lease, which is never taken over. */
  expire?(): Promise<void>;
  /** It is in memory, which is that of the deltas. */
  readonly keepsDeltas?: boolean;
  /** Overwrites the stored schema version; absent where there is none. */
  setSchema?(version: string): Promise<void>;
}

export const identity = (more: Partial<StateIdentity> = {}): StateIdentity => ({
  cluster: 'demo',
  clusterUid: 'uid-of-kube-system',
  owner: `host-a/${process.pid}/data`,
  ...more,
});
/** Another process on another machine: nobody here can tell that it is not alive. */
const OTHER = identity({ owner: 'host-b/1/data' });

export const position = (sequence: number, more: Partial<Position> = {}): Position => ({
  resourceVersion: String(sequence * 100),
  sequence,
  committedAt: 1_700_000_000_000 + sequence,
  scope: 'team-a|app=x||',
  ...more,
});

type Values = Record<string, Uint8Array | string | null>;

export function delta(values: Values): ArrayBuffer {
  const writer = new DeltaWriter();
  for (const [key, value] of Object.entries(values)) {
    if (value === null) writer.delete(key);
    else writer.put(key, typeof value === 'string' ? Buffer.from(value) : value);
  }
  return writer.finish();
}

export const commitOf = (stream: string, sequence: number, ...values: Values[]): StreamCommit => ({
  stream,
  position: position(sequence),
  deltas: values.map(delta),
});

export async function knownOf(session: StateSession, stream: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for await (const chunk of session.known(stream)) {
    for (const { key, value } of readDelta(chunk)) {
      if (value === undefined) known.delete(key);
      else known.set(key, value.toString('latin1'));
    }
  }
  return known;
}

/** What every state store promises (src/state/state.ts). */
export function stateContract(name: string, make: () => Promise<StateUnderTest>): void {
  describe(`state contract: ${name}`, () => {
    const sessions: StateSession[] = [];
    const open = async (state: StateUnderTest, as = identity()): Promise<StateSession> => {
      const session = await state.store().open(as);
      sessions.push(session);
      return session;
    };
    after(async () => {
      for (const session of sessions) await session.close();
    });

    test('tells whether the session before had committed all that it delivered', async () => {
      const state = await make();
      const cleanOf = async (closed: boolean | undefined): Promise<boolean> => {
        const session = await open(state);
        if (closed !== undefined) await session.close(closed);
        return session.clean;
      };
      assert.equal(await cleanOf(true), true, 'a fresh one');
      assert.equal(await cleanOf(false), true, 'after one that was closed clean');
      assert.equal(await cleanOf(true), false, 'after one that was not');
      const crashed = await open(state);
      assert.equal(crashed.clean, true);
      await crashed.close();
      assert.equal(await cleanOf(true), false, 'after one that said nothing');
    });

    test('the first open makes the state, later ones find it as it was', async () => {
      const state = await make();
      const first = await open(state);
      assert.equal(first.fresh, true);
      assert.match(first.epoch, /^[0-9a-f-]{36}$/);
      assert.deepEqual(await first.positions(), new Map());
      assert.deepEqual(await knownOf(first, 'pods'), new Map());
      await first.commit([
        commitOf('pods', 1, { 'a/x': '1', 'a/y': '2' }, { 'a/x': '3', 'a/z': '4', 'a/y': null }),
        { stream: 'nodes', position: position(1, { resourceVersion: '', scope: '' }), deltas: [delta({ '/n1': 'n' })] },
        { stream: 'restored', position: position(1, { generation: 2 }), deltas: [] },
      ]);
      await first.commit([commitOf('pods', 2)]);
      assert.equal(first.trouble(), undefined);
      await first.close();
      await first.close();

      const second = await open(state);
      assert.equal(second.fresh, false);
      assert.equal(second.epoch, first.epoch);
      assert.deepEqual(
        await second.positions(),
        new Map([
          ['pods', position(2)],
          ['nodes', position(1, { resourceVersion: '', scope: '' })],
          ['restored', position(1, { generation: 2 })],
        ]),
      );
      assert.deepEqual(
        await knownOf(second, 'pods'),
        new Map([
          ['a/x', '3'],
          ['a/z', '4'],
        ]),
      );
      assert.deepEqual(await knownOf(second, 'nodes'), new Map([['/n1', 'n']]));
      await second.commit([commitOf('pods', 3, { 'a/x': null })]);
      assert.deepEqual(await knownOf(second, 'pods'), new Map([['a/z', '4']]));
      await second.close();
    });

    test('deltas are applied in order: put, gone, and put again', async () => {
      const session = await open(await make());
      const writer = new DeltaWriter();
      for (const step of ['+a', '+b', '-a', '+a', '-b', '-never', '+c', '-c']) {
        if (step.startsWith('+')) writer.put(step.slice(1), Buffer.from(step));
        else writer.delete(step.slice(1));
      }
      await session.commit([
        { stream: 'pods', position: position(1), deltas: [writer.finish(), delta({ d: 'd' }), delta({ d: null })] },
      ]);
      assert.deepEqual(await knownOf(session, 'pods'), new Map([['a', '+a']]));
    });

    test('the memory of deltas is given back once they are stored, and not before', async () => {
      const state = await make();
      const session = await open(state);
      const values = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`ns/${i}`, 'x'.repeat(100)]));
      const commit = commitOf('pods', 1, values);
      const wrong = commitOf('pods', 3, values);
      await session.commit([commit]);
      assert.equal(commit.deltas[0]!.byteLength === 0, state.keepsDeltas !== true);
      await assert.rejects(session.commit([wrong]), { code: 'STATE_LOST' });
      assert.ok(wrong.deltas[0]!.byteLength > 0);
    });

    test('values are bytes, keys are text, streams and clusters have any name', async () => {
      const state = await make();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const session = await open(state, identity({ cluster: 'café *?[x]' }));
      await session.commit([
        {
          stream: 'pods@té:am *',
          position: position(1, { scope: 'a|b=ü||\n' }),
          deltas: [delta({ 'ä/日本': bytes, '/x': new Uint8Array(0) })],
        },
      ]);
      const known = await knownOf(session, 'pods@té:am *');
      assert.deepEqual(
        known,
        new Map([
          ['ä/日本', bytes.toString('latin1')],
          ['/x', ''],
        ]),
      );
      assert.equal((await session.positions()).get('pods@té:am *')?.scope, 'a|b=ü||\n');
    });

    test('a commit that is not the next one is a loss, and nothing of the stream is stored', async () => {
      for (const wrong of [1, 3]) {
        const state = await make();
        const session = await open(state);
        await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
        await assert.rejects(
          session.commit([commitOf('nodes', 1, { '/n': 'n' }), commitOf('pods', wrong, { 'a/x': '2' })]),
          { code: 'STATE_LOST' },
        );
        await assert.rejects(
          session.commit([commitOf('pods', 2)]),
          { code: 'STATE_LOST' },
          'a session that saw a loss commits nothing more',
        );
        assert.match(session.trouble() ?? '', /STATE_LOST/);
        await session.close();
        const again = await open(state);
        assert.deepEqual((await again.positions()).get('pods'), position(1));
        assert.deepEqual(await knownOf(again, 'pods'), new Map([['a/x', '1']]));
        // Each stream's commit is atomic for itself.
        assert.equal((await knownOf(again, 'nodes')).size, (await again.positions()).has('nodes') ? 1 : 0);
      }
    });

    test('a commit is done with its buffers untouched, so that a failed one can be tried again', async () => {
      const session = await open(await make());
      const commit = commitOf('pods', 1, { 'a/x': '1' });
      const size = commit.deltas[0]?.byteLength;
      await session.commit([commit]);
      assert.equal(commit.deltas[0]?.byteLength, size);
    });

    test('a second instance is told who holds the state', async () => {
      const state = await make();
      const first = await open(state);
      await assert.rejects(state.store().open(OTHER), (e: { code?: string; message?: string }) => {
        assert.equal(e.code, 'STATE_HELD');
        assert.match(e.message ?? '', new RegExp(`host-a/${process.pid}/data`));
        return true;
      });
      await first.commit([commitOf('pods', 1)]);
      await first.close();
      const second = await open(state, OTHER);
      assert.equal((await second.positions()).get('pods')?.sequence, 1);
    });

    test('a session that is handed over keeps the lease, and is as clean as the run that had it', async () => {
      const state = await make();
      const session = await open(state);
      await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
      for (const clean of [false, true]) {
        assert.equal(session.handOver(clean), true);
        assert.equal(session.clean, clean);
        await assert.rejects(state.store().open(OTHER), { code: 'STATE_HELD' });
        assert.equal((await session.positions()).get('pods')?.sequence, clean ? 2 : 1);
        await session.commit([commitOf('pods', clean ? 3 : 2, { 'a/x': '2' })]);
      }
      await session.close(true);
      assert.equal((await open(state)).clean, true);
    });

    test('a session whose state was lost is not handed over', async () => {
      const state = await make();
      const session = await open(state);
      await session.commit([commitOf('pods', 1)]);
      await state.wipe();
      await assert.rejects(session.commit([commitOf('pods', 2)]));
      assert.equal(session.handOver(true), false);
    });

    test('after a takeover the old session can write no more', async (t) => {
      const state = await make();
      if (state.expire === undefined) return t.skip('the lock cannot be taken over');
      const old = await open(state);
      await old.commit([commitOf('pods', 1, { 'a/x': '1' })]);
      await state.expire();
      const taken = await open(state, OTHER);
      assert.equal(taken.fresh, false);
      await assert.rejects(old.commit([commitOf('pods', 2, { 'a/x': 'old' })]), { code: 'STATE_HELD' });
      await assert.rejects(old.forget('pods'), { code: 'STATE_HELD' });
      await old.close();
      await taken.commit([commitOf('pods', 2, { 'a/x': 'new' })]);
      assert.deepEqual(await knownOf(taken, 'pods'), new Map([['a/x', 'new']]));
      await assert.rejects(
        state.store().open(identity()),
        { code: 'STATE_HELD' },
        'closing the old session did not release the new lease',
      );
    });

    test('the state of another cluster is refused', async () => {
      const state = await make();
      await (await open(state)).close();
      await assert.rejects(state.store().open(identity({ clusterUid: 'another' })), {
        code: 'STATE_OF_ANOTHER_CLUSTER',
      });
      assert.equal((await open(state)).fresh, false, 'the refusal holds nothing');
    });

    test('the state of another schema is refused', async (t) => {
      const state = await make();
      if (state.setSchema === undefined) return t.skip('no schema is stored');
      await (await open(state)).close();
      await state.setSchema('999');
      await assert.rejects(state.store().open(identity()), { code: 'STATE_SCHEMA' });
      await state.setSchema('1');
      assert.equal((await open(state)).fresh, false);
    });

    test('a forgotten stream begins again at its first commit', async () => {
      const session = await open(await make());
      await session.commit([commitOf('pods', 1, { 'a/x': '1' }), commitOf('nodes', 1, { '/n': 'n' })]);
      await session.commit([commitOf('pods', 2)]);
      await session.forget('pods');
      await session.forget('never-there');
      assert.deepEqual([...(await session.positions()).keys()], ['nodes']);
      assert.deepEqual(await knownOf(session, 'pods'), new Map());
      await session.commit([commitOf('pods', 1, { 'a/y': '2' })]);
      assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/y', '2']]));
      assert.deepEqual(await knownOf(session, 'nodes'), new Map([['/n', 'n']]));
    });

    test('50,000 known objects are committed at once and read back in chunks of about 1 MiB', async () => {
      const session = await open(await make());
      const writer = new DeltaWriter();
      const value = Buffer.alloc(60, 7);
      for (let i = 0; i < 50_000; i++) writer.put(`namespace-${i % 100}/object-with-a-name-${i}`, value);
      await session.commit([{ stream: 'pods', position: position(1), deltas: [writer.finish()] }]);
      const keys = new Set<string>();
      let chunks = 0;
      for await (const chunk of session.known('pods')) {
        chunks++;
        assert.ok(chunk.byteLength <= 1.5 * 1024 * 1024, `${chunk.byteLength} bytes`);
        for (const known of readDelta(chunk)) keys.add(known.key);
      }
      assert.equal(keys.size, 50_000);
      assert.ok(chunks >= 4);
    });

    test('a state that was lost while it was open is noticed, and begins anew', async () => {
      const state = await make();
      const session = await open(state);
      await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
      await state.wipe();
      await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), { code: 'STATE_LOST' });
      await session.close();
      const anew = await open(state);
      assert.equal(anew.fresh, true);
      assert.notEqual(anew.epoch, session.epoch);
      assert.deepEqual(await anew.positions(), new Map());
      assert.deepEqual(await knownOf(anew, 'pods'), new Map());
      await anew.commit([commitOf('pods', 1)]);
    });

    test('two clusters do not see each other', async (t) => {
      const state = await make();
      const session = await open(state);
      const name = `other-${randomUUID().slice(0, 8)}`;
      const other = await open(state, identity({ cluster: name, clusterUid: 'x' })).catch(
        (e: { code?: string }) => e.code,
      );
      if (typeof other === 'string' || other === undefined) {
        assert.equal(other, 'STATE_HELD');
        return t.skip('this store holds one cluster');
      }
      await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
      assert.equal((await other.positions()).size, 0);
      await other.commit([commitOf('pods', 1, { 'b/x': '2' })]);
      assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/x', '1']]));
    });
  });
}
