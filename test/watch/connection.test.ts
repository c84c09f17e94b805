import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_MEMORY } from '../../src/model/batch-memory.ts';
import type { ApiResponse } from '../../src/watch/api-client.ts';
import { Connection } from '../../src/watch/connection.ts';
import type { BodySink } from '../../src/watch/response-body.ts';
import { BATCH_BYTES } from '../../src/watch/splitter.ts';

test('a batch is taken as soon as it is whole: it is what was read into, and no copy', () => {
  const given: [length: number, room: number][] = [];
  const ready = (connection: Connection): void => {
    if (connection.pending < BATCH_BYTES) return;
    const split = connection.next();
    assert.equal(split?.type, 'frames');
    given.push([split.bytes.length, split.bytes.buffer.byteLength]);
  };
  const connection = new Connection('watch', 'watching pods', { bytes: () => undefined, ready });
  let sink: BodySink | undefined;
  const body = { into: (s: BodySink) => (sink = s), pause: () => undefined, resume: () => undefined };
  connection.attach({ status: 200, headers: {}, body } as unknown as ApiResponse);
  const frame = Buffer.from(`{"type":"MODIFIED","object":{"data":"${'x'.repeat(5200)}"}}\n`);
  // Reads of 64 KiB end anywhere between two looks at what has come.
  for (let i = 0; i < 1000; i++) sink!.data(frame);
  assert.ok(given.length >= 9, `${given.length} batches`);
  // The first one's buffer may have grown with it.
  for (const [length, room] of given.slice(1)) {
    assert.ok(length >= BATCH_BYTES);
    assert.equal(room, BATCH_MEMORY, `${length} bytes in ${room}`);
  }
});
