import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, headers } from '@nats-io/transport-node';
import fc from 'fast-check';
import { answerTaker, tapAnswers } from '../../src/exporters/jetstream/answer-tap.ts';
import { FrameSender } from '../../src/exporters/jetstream/frame-sender.ts';
import { Message } from '../../src/exporters/jetstream/message.ts';
import { readToken, replyLength, replySubject, writeReply } from '../../src/exporters/jetstream/reply.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import { FRAME_TAIL, FrameWriter } from '../../src/model/nats-frame.ts';
import { PODS } from '../support/batches.ts';
import { fuzz } from '../support/fuzz.ts';

const INBOX = `_INBOX.${'A'.repeat(22)}`;
const REPLY = replyLength('_INBOX');

/** What the connection of the library, of which nothing else is used, would write to its socket. */
interface Sent {
  readonly bytes: () => Buffer;
  readonly calls: string[];
  readonly connection: never;
}

function connection(): Sent {
  const parts: Uint8Array[] = [];
  const calls: string[] = [];
  const socket = { cork: () => calls.push('cork'), uncork: () => calls.push('uncork') };
  const protocol = {
    sendCommand: (bytes: Uint8Array) => {
      parts.push(bytes);
      calls.push('send');
    },
    flushPending: () => calls.push('flush'),
    transport: { socket },
  };
  return { bytes: () => Buffer.concat(parts), calls, connection: { protocol } as never };
}

function messages(records: readonly { subject: string; id: string; payload: Uint8Array }[]): Message[] {
  const writer = new LaneWriter();
  const frame = new FrameWriter({ stream: 'K8S', replyLength: REPLY });
  const { frames } = writer;
  for (const { subject, id, payload } of records) {
    const head = frame.head(subject, id, 'UPDATED');
    assert.ok(head !== undefined);
    frames.text(head.text);
    const start = frames.length;
    frames.bytes(payload);
    const end = frames.length;
    frame.end(frames, head.headerBytes, start);
    writer.end(subject, `pods/${id}`, id, 'UPDATED', start, end);
  }
  const reader = new LaneReader(writer.finish());
  const batch = { stream: 'pods', resource: PODS.resource, incarnation: 1, sequence: 1, reader, left: reader.count };
  const open = { ...batch, stored: 0, storedBytes: 0, repeated: false, void: false };
  return records.map((_, i) => new Message(open, i));
}

/** As the library itself would write it, but for the leading zeros of the size. */
function expected(
  { subject, id, payload }: { subject: string; id: string; payload: Uint8Array },
  token: number,
): Buffer {
  const block = headers();
  block.set('Nats-Expected-Stream', 'K8S');
  block.set('Watershard-Operation', 'UPDATED');
  block.set('Nats-Msg-Id', id);
  const encoded = (block as unknown as { encode(): Uint8Array }).encode();
  const line = `HPUB ${subject} ${replySubject(INBOX, token)} ${encoded.length} ${String(encoded.length + payload.length).padStart(9, '0')}\r\n`;
  return Buffer.concat([Buffer.from(line), encoded, payload, FRAME_TAIL]);
}

const record = fc.record({
  subject: fc.constantFrom('k8s.demo.core.pods.a.b', 'x', 'k8s.ü.%2E'),
  id: fc.constantFrom('uid-1:7', 'ü:deleted'),
  payload: fc.uint8Array({ maxLength: 50 }),
});

test('a frame is what the library would send, and frames that stand behind one another are one piece', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), fc.func(fc.boolean()), (records, isSent) => {
      const all = messages(records);
      const sent = connection();
      const sender = FrameSender.on(sent.connection, INBOX) as FrameSender;
      const due = all.filter((_, i) => isSent(i));
      for (const [i, message] of due.entries()) {
        message.token = 2 ** 40 + i * 12_345;
        sender.add(message);
      }
      sender.flush();
      sender.flush();
      const wanted = due.map((message) => expected(records[all.indexOf(message)]!, message.token));
      assert.deepEqual(sent.bytes(), Buffer.concat(wanted));
      const gaps = all.filter((m, i) => due.includes(m) && (i === 0 || !due.includes(all[i - 1]!))).length;
      assert.equal(sent.calls.filter((c) => c === 'send').length, gaps);
      assert.equal(sent.calls.filter((c) => c === 'uncork').length, gaps > 1 ? 1 : 0);
    }),
    fuzz(200),
  );
});

test('the headers of a frame are found in it', () => {
  const [message] = messages([{ subject: 'a.b', id: 'uid:1', payload: Buffer.from('\r\n\r\n') }]) as [Message];
  const text = Buffer.from(message.framedHeaders(REPLY)).toString();
  assert.match(text, /^NATS\/1\.0\r\n.*Nats-Msg-Id: uid:1\r\n\r\n$/s);
  assert.equal(message.framed, true);
});

test('a subject that is too long for the protocol makes no frame', () => {
  const frame = new FrameWriter({ stream: 'K8S', replyLength: REPLY });
  const head = (subject: string) => frame.head(subject, 'id', 'UPDATED')?.text;
  assert.equal(head('x'.repeat(3000)), undefined);
  assert.equal(head('ü'.repeat(1025)), undefined);
  assert.match(head('x'.repeat(2048)) ?? '', /^HPUB x{2048} /);
});

test('tokens are read as they were written', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), (token) => {
      const bytes = Buffer.alloc(REPLY + 4, '?');
      writeReply(bytes, 2, Buffer.from(`${INBOX}.`), token);
      const reply = bytes.subarray(2, 2 + REPLY);
      assert.equal(reply.toString(), replySubject(INBOX, token));
      assert.equal(readToken(reply, INBOX.length + 1), token);
      assert.equal(bytes.toString().replaceAll(/[^?]/g, ''), '????');
    }),
    fuzz(200),
  );
  for (const odd of ['', `${INBOX}.`, `${INBOX}.00000000000g`, `${INBOX}.0000000000001`])
    assert.ok(Number.isNaN(readToken(Buffer.from(odd), INBOX.length + 1)), odd);
});

test('without what is used of its insides the library publishes by itself', () => {
  assert.equal(FrameSender.on({} as never, INBOX), undefined);
  assert.equal(FrameSender.on({ protocol: { sendCommand: () => undefined } } as never, INBOX), undefined);
});

test('the library is as it is known: when this fails, look at frame-sender.ts before a new version is taken', async () => {
  const { createServer } = await import('node:net');
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.write('INFO {"server_id":"x","version":"2.15.2","headers":true,"max_payload":1048576,"proto":1}\r\n');
    socket.on('data', (data: Buffer) => {
      received.push(data);
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const nats = await connect({ servers: `127.0.0.1:${port}` });
  const protocol = (nats as unknown as { protocol: { transport: { socket: { cork: unknown; uncork: unknown } } } })
    .protocol;
  assert.equal(typeof protocol.transport.socket.cork, 'function');
  assert.equal(typeof protocol.transport.socket.uncork, 'function');
  const sender = FrameSender.on(nats, INBOX);
  assert.ok(sender, 'its protocol has sendCommand and flushPending');
  const records = ['1', '2', '3'].map((n) => ({
    subject: 'a.b',
    id: `uid:${n}`,
    payload: Buffer.from(`payload ${n}`),
  }));
  const all = messages(records);
  for (const [i, message] of all.entries()) message.token = i;
  sender.add(all[0]!);
  sender.add(all[2]!);
  sender.flush();
  await nats.flush();
  const wanted = Buffer.concat([expected(records[0]!, 0), expected(records[2]!, 2)]);
  assert.ok(Buffer.concat(received).includes(wanted));
  const stored: number[] = [];
  const read: string[] = [];
  tapAnswers(nats, INBOX, 'K8S', (token) => stored.push(token));
  nats.subscribe(`${INBOX}.*`, { callback: (_, message) => void read.push(message.subject) });
  const { parser } = (nats as unknown as { protocol: { parser: { state: number; parse(bytes: Uint8Array): void } } })
    .protocol;
  assert.equal(parser.state, 0);
  const answer = (token: number, data: string): string =>
    `MSG ${replySubject(INBOX, token)} 1 ${data.length}\r\n${data}\r\n`;
  const text =
    answer(1, '{"stream":"K8S","seq":1}') + answer(2, '{"error":{}}') + answer(3, '{"stream":"K8S","seq":2}');
  parser.parse(Buffer.from(text));
  parser.parse(Buffer.from(answer(4, '{"stream":"K8S","seq":3}')));
  assert.deepEqual([stored, read], [[1, 4], [2, 3].map((token) => replySubject(INBOX, token))]);
  await nats.close();
  server.close();
});

test('answers are taken as far as they are the usual one, wherever the bytes are cut; the library gets the rest', () => {
  const usual = (token: number, seq: string): string => {
    const data = `{"stream":"K8S","seq":${seq}}`;
    return `MSG ${replySubject(INBOX, token)} 1 ${data.length}\r\n${data}\r\n`;
  };
  const other = fc.constantFrom(
    'PING\r\n',
    `MSG ${INBOX}.x 1 2\r\n{}\r\n`,
    `MSG ${replySubject(INBOX, 5)} 1 40\r\n{"stream":"K8S","seq":3,"duplicate": true}\r\n`,
    `MSG ${replySubject(INBOX, 5)} 1 24\r\n{"stream":"OTHER","seq":3}\r\n`,
    `MSG ${replySubject(INBOX, 5)} 1 reply 24\r\n{"stream":"K8S","seq":33}\r\n`,
    usual(5, '0'),
    usual(5, '01'),
  );
  const part = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.nat({ max: 2 ** 48 - 1 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })) },
    { weight: 1, arbitrary: other },
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.nat({ max: 100 }), (parts, cut) => {
      const texts = parts.map((p) => (typeof p === 'string' ? p : usual(p[0], String(p[1]))));
      const text = texts.join('');
      const bytes = Buffer.from(text).subarray(0, Math.max(0, text.length - cut));
      const tokens: number[] = [];
      const taken = answerTaker(INBOX, 'K8S', (token) => tokens.push(token))(bytes);
      const expectedTokens: number[] = [];
      let at = 0;
      for (const [i, p] of parts.entries()) {
        const end = at + texts[i]!.length;
        if (typeof p === 'string' || end > bytes.length) break;
        expectedTokens.push(p[0]);
        at = end;
      }
      assert.deepEqual([taken, tokens], [at, expectedTokens]);
    }),
    fuzz(500),
  );
});
