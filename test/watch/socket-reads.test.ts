import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { type HttpAnswer, httpGet } from '../../src/watch/http-get.ts';
import { socketReads } from '../../src/watch/socket-reads.ts';

/** So many that the socket's buffers, the library's and ours are all full where nobody reads. */
const CHUNKS = 400;

/** A chunk of each answer: tells which one it is of, and where it stands. */
const chunkOf = (answer: string, i: number): Buffer => Buffer.alloc(20_000 + i, `${answer}:${i};`);

function hashOf(answer: string): string {
  const hash = createHash('sha256');
  for (let i = 0; i < CHUNKS; i++) hash.update(chunkOf(answer, i));
  return hash.digest('hex');
}

describe('reads of all sockets into one buffer', () => {
  const server = createServer((request, response) => {
    void (async () => {
      for (let i = 0; i < CHUNKS; i++) {
        const more = response.write(chunkOf(request.url!.slice(1), i));
        if (!more) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end();
    })();
  });
  let agent: Dispatcher;
  let origin: string;

  before(async () => {
    agent = new Agent({ connect: socketReads() as object });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    await agent.destroy();
    server.close();
  });

  const get = (answer: string): Promise<HttpAnswer> =>
    httpGet(agent, { origin, path: `/${answer}`, headers: {}, signal: new AbortController().signal });

  /** Reads to the end. @param pausing called at each chunk; while its promise is open nothing is read */
  function read({ body }: HttpAnswer, pausing: () => Promise<void> | undefined = () => undefined): Promise<string> {
    const hash = createHash('sha256');
    return new Promise((resolve, reject) =>
      body.into({
        data: (chunk) => {
          hash.update(chunk);
          const wait = pausing();
          if (wait === undefined) return;
          body.pause();
          void wait.then(() => body.resume());
        },
        end: () => resolve(hash.digest('hex')),
        failed: reject,
      }),
    );
  }

  it('give each answer its own bytes, whoever reads beside it', async () => {
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => read(await get(name))));
    assert.deepEqual(answers, ['a', 'b', 'c', 'd'].map(hashOf));
  });

  it('give a whole answer as text', async () => {
    const texts = await Promise.all(['a', 'b'].map(async (name) => (await get(name)).body.text()));
    const hashes = texts.map((text) => createHash('sha256').update(text).digest('hex'));
    assert.deepEqual(hashes, ['a', 'b'].map(hashOf));
  });

  it('keep what nobody takes, while others read', async () => {
    const held = await get('held'); // whose body is not asked for yet
    let chunks = 0;
    const paused = read(await get('paused'), () => (++chunks % 40 === 0 ? sleep(20) : undefined));
    const others = ['x', 'y'].map(async (name) => read(await get(name)));
    assert.deepEqual(await Promise.all([...others, paused]), [hashOf('x'), hashOf('y'), hashOf('paused')]);
    assert.equal(await read(held), hashOf('held'));
  });

  it('go on over a connection that is used again', async () => {
    for (const name of ['first', 'second', 'third']) assert.equal(await read(await get(name)), hashOf(name));
  });
});

describe('chunks that are read without the library', () => {
  /** What a request is answered with, by its path: parts, each a write of its own; then the connection ends or not. */
  const answers: Record<string, { parts: readonly string[]; ends?: boolean }> = {
    '/plain': { parts: ['3\r\nabc\r\n', '4\r\ndefg\r\n0\r\n\r\n'] },
    '/split': { parts: ['1', '0\r', '\n01234567', '89abcdef\r', '\n0', '\r\n\r', '\n'] },
    '/trailers': { parts: ['3\r\nabc\r\n', '0\r\nX-Checksum: 1\r\n\r\n'] },
    '/extensions': { parts: ['3\r\nabc\r\n', '4;a=b\r\ndefg\r\n', '2\r\nhi\r\n0\r\n\r\n'] },
    '/broken': { parts: ['3\r\nabc\r\n', '4\r\ndefgh\r\n0\r\n\r\n'] },
    '/no-length': { parts: ['3\r\nabc\r\n', 'what\r\n'] },
    '/gone': { parts: ['3\r\nabc\r\n', 'a\r\n01234'], ends: true },
    '/gone-between': { parts: ['3\r\nabc\r\n'], ends: true },
  };
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.on('data', (request) => {
      const { parts, ends = false } = answers[request.toString('latin1').split(' ')[1]!]!;
      void (async () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        for (const part of parts) {
          socket.write(part, 'latin1');
          await sleep(5);
        }
        if (ends) socket.end();
      })();
    });
  });
  let agent: Dispatcher;
  /** Chunks that the library has told of. */
  let told = 0;

  before(async () => {
    agent = new Agent({ connect: socketReads() as object, connections: 1 }).compose(
      (dispatch) => (options, handler) => {
        const data = handler.onResponseData!.bind(handler);
        handler.onResponseData = (controller, chunk) => {
          told++;
          data(controller, chunk);
        };
        return dispatch(options, handler);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    await agent.destroy();
    server.close();
  });

  /** @returns what came of the body, and how it ended */
  async function read(path: string, pausing = false): Promise<{ text: string; failed?: string }> {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { body } = await httpGet(agent, { origin, path, headers: {}, signal: new AbortController().signal });
    let text = '';
    return await new Promise((resolve) =>
      body.into({
        data: (chunk) => {
          text += chunk.toString('latin1');
          if (!pausing) return;
          body.pause();
          setTimeout(() => body.resume(), 10);
        },
        end: () => resolve({ text }),
        failed: (cause) => resolve({ text, failed: cause.message }),
      }),
    );
  }

  it('are not read by the library too, but for what it knows better', {
    skip: process.platform === 'win32',
  }, async () => {
    assert.deepEqual(await read('/plain'), { text: 'abcdefg' });
    assert.equal(told, 0);
    assert.deepEqual(await read('/extensions'), { text: 'abcdefghi' });
    assert.equal(told, 2);
  });

  for (const pausing of [false, true]) {
    it(`are whole, and the connection is used again${pausing ? ', read with pauses' : ''}`, async () => {
      const before = connections;
      assert.deepEqual(await read('/plain', pausing), { text: 'abcdefg' });
      assert.deepEqual(await read('/split', pausing), { text: '0123456789abcdef' });
      assert.deepEqual(await read('/trailers', pausing), { text: 'abc' });
      assert.deepEqual(await read('/extensions', pausing), { text: 'abcdefghi' });
      assert.deepEqual(await read('/plain', pausing), { text: 'abcdefg' });
      assert.ok(connections - before <= 1, `${connections - before} connections were made`);
    });

    it(`are an error where they are none${pausing ? ', read with pauses' : ''}`, async () => {
      const invalid = 'Response does not match the HTTP/1.1 protocol (Invalid character in chunk size)';
      assert.deepEqual(await read('/broken', pausing), { text: 'abcdefg', failed: invalid });
      assert.deepEqual(await read('/no-length', pausing), { text: 'abc', failed: invalid });
      assert.deepEqual(await read('/gone', pausing), { text: 'abc01234', failed: 'other side closed' });
      assert.deepEqual(await read('/gone-between', pausing), { text: 'abc', failed: 'other side closed' });
      assert.deepEqual(await read('/plain', pausing), { text: 'abcdefg' });
    });
  }

  it('are read on where the answer before ended while it was paused', async () => {
    assert.deepEqual(await read('/plain', true), { text: 'abcdefg' });
    assert.deepEqual(await read('/split'), { text: '0123456789abcdef' });
  });
});
