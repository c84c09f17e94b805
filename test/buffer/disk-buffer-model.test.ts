import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzz } from '../support/fuzz.ts';
import { BufferProbe } from './buffer-probe.ts';
import { MemoryStorage, noSpace } from './memory-storage.ts';

type Step =
  | { readonly do: 'append'; readonly bytes: number }
  | { readonly do: 'ack' | 'turns' | 'window'; readonly count: number }
  | { readonly do: 'crash'; readonly torn: number }
  | { readonly do: 'fault'; readonly on: boolean };

const append = fc.record({ do: fc.constant('append' as const), bytes: fc.nat({ max: 6000 }) });
const counted = (what: 'ack' | 'turns' | 'window', max: number) =>
  fc.record({ do: fc.constant(what), count: fc.nat({ max }) });
const crash = fc.record({ do: fc.constant('crash' as const), torn: fc.nat({ max: 200 }) });
const fault = fc.record({ do: fc.constant('fault' as const), on: fc.boolean() });
const usual = [
  { weight: 12, arbitrary: append },
  { weight: 6, arbitrary: counted('ack', 6) },
  { weight: 6, arbitrary: counted('turns', 8) },
  { weight: 2, arbitrary: counted('window', 12) },
] as const;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const order = (text: string): number => Number(text);

/** A crash in the middle of a write leaves something behind the last whole one, which was not taken. */
function tear(storage: MemoryStorage, torn: number): void {
  const last = [...storage.files.keys()]
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .at(-1);
  if (last === undefined) return;
  const tail = new Uint8Array(torn).map((_, i) => i * 31);
  storage.files.set(last, Buffer.concat([storage.files.get(last) as Uint8Array, tail]));
}

test('whatever happens between, crashes included: what was taken is handed out, in order, and again only where it was not noted', async () => {
  const steps = fc.array(fc.oneof(...usual, { weight: 1, arbitrary: crash }), {
    minLength: 10,
    maxLength: 120,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (all: readonly Step[]) => {
      let storage = new MemoryStorage();
      let probe = await BufferProbe.open(storage, { bytes: 2 ** 26, segmentBytes: 20_000 }, 4);
      const safe = new Set<string>();
      const acked = new Set<string>();
      let appended = 0;
      const ack = (): void => {
        const first = probe.given[0];
        if (first === undefined) return;
        acked.add(first.text);
        probe.ack();
      };
      for (const step of all) {
        if (step.do === 'append') probe.append(String(appended++), step.bytes);
        else if (step.do === 'ack') for (let i = 0; i < step.count; i++) ack();
        else if (step.do === 'turns') for (let i = 0; i < step.count; i++) await turn();
        else if (step.do === 'window') {
          probe.window = step.count;
          probe.read();
        } else if (step.do === 'crash') {
          for (const text of probe.taken) safe.add(text);
          storage = storage.crash();
          tear(storage, step.torn);
          probe = await BufferProbe.open(storage, { bytes: 2 ** 26, segmentBytes: 20_000 }, 4);
          probe.read();
        }
        const given = probe.given.map((g) => order(g.text));
        assert.deepEqual(
          given,
          given.toSorted((a, b) => a - b),
        );
      }
      for (const text of await probe.readAll()) acked.add(text);
      for (const text of probe.taken) safe.add(text);
      assert.deepEqual(
        [...safe].filter((text) => !acked.has(text)),
        [],
        'taken and never handed out',
      );
      assert.deepEqual(probe.lost, []);
      assert.equal(probe.buffer.bytes, 0);
      await probe.buffer.close();
      assert.equal(storage.bytes, 0, 'nothing is left of what was delivered');
    }),
    fuzz(150),
  );
});

test('whatever happens between, a full buffer and a full disk included: each record is handed out once or counted as lost', async () => {
  const steps = fc.array(fc.oneof(...usual, { weight: 1, arbitrary: fault }), {
    minLength: 10,
    maxLength: 120,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('drop-newest', 'drop-oldest'), async (all: readonly Step[], overflow) => {
      const storage = new MemoryStorage();
      const probe = await BufferProbe.open(storage, { bytes: 60_000, segmentBytes: 8000, overflow }, 4);
      const seen: string[] = [];
      let appended = 0;
      for (const step of all) {
        if (step.do === 'append') probe.append(String(appended++), step.bytes);
        else if (step.do === 'turns') for (let i = 0; i < step.count; i++) await turn();
        else if (step.do === 'fault') storage.fault = step.on ? noSpace() : undefined;
        else if (step.do === 'window') {
          probe.window = step.count;
          probe.read();
        } else if (step.do === 'ack') {
          seen.push(...probe.given.slice(0, step.count).map((g) => g.text));
          probe.ack(step.count);
        }
        assert.equal(seen.length + probe.buffer.records + probe.lostRecords, appended);
      }
      storage.fault = undefined;
      seen.push(...(await probe.readAll()));
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => order(a) - order(b)),
      );
      assert.equal(new Set(seen).size, seen.length);
      assert.equal(seen.length + probe.lostRecords, appended);
      assert.ok(storage.peak <= 60_000, `${storage.peak} bytes`);
      await probe.buffer.close();
      assert.deepEqual(
        probe.taken,
        Array.from({ length: appended }, (_, i) => String(i)),
      );
    }),
    fuzz(150),
  );
});
