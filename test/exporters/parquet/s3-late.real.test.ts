import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { S3Store } from '../../../src/exporters/parquet/s3-store.ts';
import { HttpProxy } from '../../faults/http-proxy.ts';
import { S3Server } from '../../support/servers/s3.ts';
import { until } from '../../support/until.ts';

const PART = 5 * 2 ** 20;
const SMALL = 1000;
const IN_PARTS = PART + 1000;

/** A server that stood still carries out what a killed process sent, after the next process has stored the same file. */
describe('requests to S3 that are carried out late', () => {
  let server: S3Server;
  let proxy: HttpProxy;
  const stores: S3Store[] = [];
  const warnings: string[] = [];

  before(async () => {
    server = await S3Server.start('bucket');
    proxy = await HttpProxy.start({ target: () => server.endpoint });
    Object.assign(process.env, server.environment);
  });
  after(async () => {
    for (const store of stores) store.close();
    await proxy.stop();
    await server.stop();
  });

  /** Of another process, as far as S3 can see. */
  async function store(): Promise<S3Store> {
    const target = { bucket: 'bucket', prefix: '', endpoint: proxy.url, region: server.region, forcePathStyle: true };
    const opened = await S3Store.open(
      { ...target, partBytes: PART, timeout: 2000 },
      { warn: (text) => warnings.push(text), confirm: () => Promise.resolve() },
    );
    stores.push(opened);
    return opened;
  }

  const content = (size: number, text: string): Buffer => Buffer.alloc(size, text);

  for (const [what, size, method, query] of [
    ['a file', SMALL, 'PUT', ''],
    ['the completion of a file in parts', IN_PARTS, 'POST', 'uploadId'],
  ] as const) {
    const held = (key: string) => {
      const release = Promise.withResolvers<void>();
      const when = ({ method: m, url }: { method: string; url: string }): boolean =>
        m === method && url.includes(key) && url.includes(query);
      const struck = proxy.add({ when, times: 1, fault: { type: 'late', until: release.promise } });
      // A killed process aborts nothing.
      const abort = ({ method: m, url }: { method: string; url: string }): boolean =>
        m === 'DELETE' && url.includes(key);
      proxy.add({ when: abort, times: 1, fault: { type: 'reset' } });
      return { struck, release: release.resolve };
    };
    const answered = async (): Promise<number | 'broken' | undefined> => {
      await until('the late request is answered', () => proxy.late.length > 0);
      return proxy.late.shift();
    };

    test(`${what} does not replace the newer one`, async () => {
      const key = `newer-${size}`;
      const { struck, release } = held(key);
      await assert.rejects((await store()).put(key, content(size, 'older')), /EXPORTER_UNREACHABLE|storing/);
      assert.equal(struck(), 1);
      const next = await store();
      await next.put(key, content(size + 1, 'newer'));
      release();
      await answered();
      assert.deepEqual(await next.get(key), new Uint8Array(content(size + 1, 'newer')));
    });

    test(`${what} is replaced by the newer one`, async () => {
      const key = `older-${size}`;
      const { release } = held(key);
      await assert.rejects((await store()).put(key, content(size, 'older')));
      release();
      assert.equal(await answered(), 200);
      const next = await store();
      await next.put(key, content(size, 'newer'));
      assert.deepEqual(await next.get(key), new Uint8Array(content(size, 'newer')));
    });

    test(`${what} whose own answer was lost is stored`, async () => {
      const key = `lost-${size}`;
      const own = await store();
      const when = ({ method: m, url }: { method: string; url: string }): boolean =>
        m === method && url.includes(key) && url.includes(query);
      proxy.add({ when, times: 1, fault: { type: 'lose-answer' } });
      await assert.rejects(own.put(key, content(size, 'own')));
      await own.put(key, content(size, 'own'));
      assert.deepEqual(await own.get(key), new Uint8Array(content(size, 'own')));
    });
  }

  test('a server that knows no conditions stores all the same, and that is said once', async () => {
    const plain = await store();
    const body = '<Error><Code>NotImplemented</Code><Message>A header you provided implies it</Message></Error>';
    const fault = { type: 'answer', status: 501, headers: { 'content-type': 'application/xml' }, body } as const;
    proxy.add({ when: ({ method }) => method === 'PUT', times: 1, fault });
    for (const text of ['one', 'two']) {
      await plain.put('unconditional', content(SMALL, text));
      assert.deepEqual(await plain.get('unconditional'), new Uint8Array(content(SMALL, text)));
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings.join(), /a file that a killed process sent can replace a newer one: .*NotImplemented/);
  });
});
