import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { BodyWriter } from '../../src/simulator/body-writer.ts';

test('responses that are rendered in turns get what is theirs', async () => {
  const bodies = [new PassThrough(), new PassThrough()];
  const writers = bodies.map((body) => new BodyWriter(body as unknown as ServerResponse, Number.POSITIVE_INFINITY));
  for (let i = 0; i < 50; i++) for (const [w, writer] of writers.entries()) writer.text(`${w}:${i} `);
  for (const writer of writers) writer.end();
  for (const [w, body] of bodies.entries())
    assert.equal(await text(body), Array.from({ length: 50 }, (_, i) => `${w}:${i} `).join(''));
});

test('a response keeps what it has not sent, whatever others send meanwhile', async () => {
  const [slow, quick, late] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const writer = (body: PassThrough) => new BodyWriter(body as unknown as ServerResponse, Number.POSITIVE_INFINITY);
  const held = writer(slow);
  held.hold();
  held.text('of the slow one');
  held.flush();
  for (const [body, said] of [
    [quick, 'of the quick one'],
    [late, 'of the late one, which is longer'],
  ] as const) {
    const other = writer(body);
    other.text(said);
    other.end();
    assert.equal(await text(body), said);
  }
  held.end();
  held.release();
  assert.equal(await text(slow), 'of the slow one');
});
