import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BATCH_BYTES, type Split, Splitter } from '../../src/watch/splitter.ts';
import { fuzz } from '../support/fuzz.ts';

const frame = (type: string, resourceVersion: string, data = ''): string =>
  `${JSON.stringify({ type, object: { kind: 'X', metadata: { name: 'a', resourceVersion }, data } })}\n`;
const END = `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}\n`;

function drain(splitter: Splitter): Split[] {
  const all: Split[] = [];
  for (let split = splitter.next(); split !== undefined; split = splitter.next()) all.push(split);
  return all;
}

/** What came out, as text without regard to how it was batched. */
function flat(splits: readonly Split[]): string[] {
  return splits.flatMap((s) => {
    if (s.type === 'frames')
      return Buffer.from(s.bytes)
        .toString('utf8')
        .split(/(?<=\n)/);
    if (s.type === 'bookmark') return [`bookmark ${s.resourceVersion} ${s.endsInitialEvents}`];
    return s.type === 'error' ? [`error ${s.text}`] : [`oversized ${s.byteLength}`];
  });
}

test('the same frames come out wherever the bytes are cut, inside characters too', () => {
  const text = [
    frame('ADDED', '1', 'grüße 🚀'),
    frame('MODIFIED', '2', '日本'),
    frame('BOOKMARK', '3'),
    frame('DELETED', '4'),
    END,
    frame('ERROR', ''),
  ].join('');
  const bytes = Buffer.from(text);
  const whole = new Splitter();
  whole.push(bytes);
  const expected = flat(drain(whole));
  assert.equal(expected.length, 6);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const splitter = new Splitter();
    splitter.push(bytes.subarray(0, cut));
    const first = drain(splitter);
    splitter.push(bytes.subarray(cut));
    assert.deepEqual(flat([...first, ...drain(splitter)]), expected, `cut at ${cut}`);
  }
});

test('any frames in any chunks, taken at any time, come out whole and in order', () => {
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'), fc.string({ unit: 'grapheme', maxLength: 3000 }))
      .map(([t, d]) => frame(t, '7', d)),
    fc.constant(frame('BOOKMARK', '8')),
    fc.constant('not json\n'),
  );
  const property = fc.property(
    fc.array(line, { maxLength: 30 }),
    fc.array(fc.nat(5000), { maxLength: 50 }),
    fc.infiniteStream(fc.boolean()),
    (lines, sizes, take) => {
      const bytes = Buffer.from(lines.join(''));
      const splitter = new Splitter();
      const out: Split[] = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        splitter.push(bytes.subarray(at, at + size));
        at += size;
        if (take.next().value) out.push(...drain(splitter));
      }
      out.push(...drain(splitter));
      assert.deepEqual(
        flat(out),
        lines.map((l) => (l.includes('"BOOKMARK"') ? 'bookmark 8 false' : l)),
      );
      assert.equal(splitter.pending, 0);
      for (const s of out)
        if (s.type === 'frames')
          assert.equal(structuredClone(s.bytes, { transfer: [s.bytes.buffer] }).length > 0 && s.bytes.length, 0);
    },
  );
  // the transfer comes last, after the text was compared
  fc.assert(property, fuzz(200));
});

test('a batch knows its number of frames and the resourceVersion of its last one', () => {
  const splitter = new Splitter();
  splitter.push(Buffer.from(frame('ADDED', '10') + frame('ADDED', '11') + frame('MODIFIED', '123456789012345678901')));
  assert.deepEqual(
    drain(splitter).map((s) => s.type === 'frames' && [s.count, s.resourceVersion]),
    [[3, '123456789012345678901']],
  );
});

test('data goes before the bookmark that follows it, and the end of the initial events is told', () => {
  const splitter = new Splitter();
  splitter.push(Buffer.from(frame('ADDED', '1') + END + frame('ADDED', '10')));
  assert.deepEqual(
    drain(splitter).map((s) => s.type),
    ['frames', 'bookmark', 'frames'],
  );
});

test('batches are bounded, and a larger frame still comes whole', () => {
  const splitter = new Splitter();
  const large = frame('ADDED', '1', 'x'.repeat(BATCH_BYTES + 50_000));
  const small = frame('ADDED', '2', 'y'.repeat(1000));
  splitter.push(Buffer.from(small.repeat(2000) + large + small));
  const batches = drain(splitter).map((s) => (s.type === 'frames' ? s.bytes.length : 0));
  assert.equal(
    batches.reduce((a, b) => a + b),
    small.length * 2001 + large.length,
  );
  assert.ok(batches.length >= 4, `${batches.length}`);
  assert.ok(batches.filter((b) => b > BATCH_BYTES + small.length).length <= 1);
});

test('a frame above the limit is left out, and what follows is not', () => {
  for (const chunk of [7, 100_000]) {
    const splitter = new Splitter(1000);
    const large = frame('ADDED', '1', 'x'.repeat(5000));
    const bytes = Buffer.from(frame('ADDED', '0') + large + frame('ADDED', '2'));
    const out: Split[] = [];
    for (let at = 0; at < bytes.length; at += chunk) {
      splitter.push(bytes.subarray(at, at + chunk));
      out.push(...drain(splitter));
      assert.ok(splitter.pending <= Math.max(1000 + chunk, 0));
    }
    assert.deepEqual(flat(out), [frame('ADDED', '0'), `oversized ${large.length - 1}`, frame('ADDED', '2')]);
  }
});

test('empty lines are no frames', () => {
  const splitter = new Splitter();
  splitter.push(Buffer.from(`\n\r\n${frame('ADDED', '1')}\n`));
  assert.deepEqual(flat(drain(splitter)), [frame('ADDED', '1')]);
});
