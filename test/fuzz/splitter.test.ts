import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Split, Splitter } from '../../src/watch/splitter.ts';
import { anyCharacter, fuzz } from '../support/fuzz.ts';

const LIMIT = 200;

/** Everything that comes out, without regard to how frames were batched. */
function drain(splitter: Splitter): string[] {
  const all: string[] = [];
  for (let split: Split | undefined = splitter.next(); split !== undefined; split = splitter.next()) {
    if (split.type !== 'frames') {
      all.push(JSON.stringify(split));
      continue;
    }
    const lines = Buffer.from(split.bytes)
      .toString('latin1')
      .split(/(?<=\n)/);
    assert.equal(lines.length, split.count);
    all.push(...lines);
  }
  return all;
}

const event = (type: string, object: unknown): string => JSON.stringify({ type, object });
const end = { metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } } };
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'OTHER'), fc.string({ unit: 'grapheme', maxLength: 40 }))
    .map(([type, name]) => event(type, { metadata: { name, resourceVersion: '3' } })),
  fc.nat({ max: 3 * LIMIT }).map((n) => event('ADDED', { data: 'ü🚀'.repeat(n / 4) })),
  fc.nat({ max: 3 * LIMIT }).map((n) => 'x'.repeat(n)),
  fc.nat({ max: 2 }).map((n) => ' '.repeat(n)),
  fc.constantFrom(
    event('BOOKMARK', { metadata: { resourceVersion: '5' } }),
    event('BOOKMARK', end),
    event('ERROR', {}),
  ),
  fc.constantFrom('{"type":"BOOKMARK"', '{"object":{},"type":"ERROR"}', '{ "type" : "BOOKMARK" }', 'null', '\0'),
  fc.string({ unit: anyCharacter, maxLength: 30 }).map((text) => text.replaceAll('\n', '')),
);
const body = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\n\n')), { maxLength: 12 })
  .chain((lines) =>
    fc.constantFrom('', 'cut off', 'y'.repeat(2 * LIMIT)).map((rest) => lines.map((l) => l.join('')).join('') + rest),
  );

test('however the bytes are cut, the same comes out', () => {
  fc.assert(
    fc.property(body, fc.array(fc.nat({ max: 300 }), { maxLength: 30 }), fc.boolean(), (text, sizes, eager) => {
      const bytes = Buffer.from(text);
      const whole = new Splitter(LIMIT);
      whole.push(bytes);
      const expected = drain(whole);
      const cut = new Splitter(LIMIT);
      const out: string[] = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        cut.push(bytes.subarray(at, at + size));
        at += size;
        if (eager || size % 2 === 0) out.push(...drain(cut));
      }
      out.push(...drain(cut));
      assert.deepEqual(out, expected);
      assert.equal(cut.pending, whole.pending);
    }),
    fuzz(400),
  );
});

test('each line that is not empty comes out once: as it is, or told of', () => {
  fc.assert(
    fc.property(body, (text) => {
      const splitter = new Splitter(LIMIT);
      splitter.push(Buffer.from(text));
      const lines = text.split('\n').slice(0, -1);
      const expected = lines.flatMap((l) => {
        const length = Buffer.byteLength(l);
        if (length > LIMIT) return [`oversized ${length}`];
        return /^[\0-\x20]*$/.test(l) ? [] : [Buffer.from(`${l}\n`).toString('latin1')];
      });
      const out = drain(splitter).map((said, i) => {
        if (said.endsWith('\n')) return said;
        const split = JSON.parse(said) as Split;
        if (split.type === 'oversized') return `oversized ${split.byteLength}`;
        assert.match(expected[i] ?? '', split.type === 'error' ? /"ERROR"/ : /"BOOKMARK"/);
        if (split.type === 'bookmark')
          assert.equal(split.endsInitialEvents, expected[i]?.includes('initial-events-end'));
        return expected[i];
      });
      assert.deepEqual(out, expected);
    }),
    fuzz(300),
  );
});
