import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
