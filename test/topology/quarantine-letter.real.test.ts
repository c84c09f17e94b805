import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Rig } from '../support/rig.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const NAMESPACE = 'alpha';
/** Two lists as long as these, multiplied, are more than the heap of a worker thread. */
const OUT_OF_MEMORY = { outer: ','.repeat(20_000), inner: ','.repeat(200_000) };
const RULE = {
  resources: ['configmaps'],
  extract: { words: "object.data.outer.split(',').map(w, object.data.inner.split(','))" },
};

interface Letter {
  readonly messageId: string;
  readonly id: string;
  readonly stream: string;
  readonly key: string;
  readonly code: string;
  readonly reason: string;
}

describe('an object that a worker could not process is told of, whatever happens in between', () => {
  let rig: Rig;
  let away: NatsServer;
  let proxy: TcpProxy;

  const config = (): Record<string, unknown> => {
    const { exporters, ...rest } = rig.config({
      watch: { resources: ['configmaps', 'secrets'], namespaces: { include: [NAMESPACE] } },
      rules: [RULE],
      flow: { taskTimeout: '10s', workerHeap: '96MiB' },
    }) as { exporters: Record<string, unknown>[] };
    const [bus, ...others] = exporters;
    const servers = [`nats://127.0.0.1:${proxy.port}`];
    const letters = { name: 'letters', type: 'jetstream', servers, stream: 'LETTERS', subject: 'letters.{name}' };
    return { ...rest, exporters: [{ ...bus, deadLetter: 'letters' }, ...others, letters] };
  };
  async function create(resource: string, name: string, data: Record<string, string> = {}): Promise<string> {
    const made = await rig.kube.must('POST', `/api/v1/namespaces/${NAMESPACE}/${resource}`, {
      metadata: { name },
      [resource === 'secrets' ? 'stringData' : 'data']: data,
    });
    return made.metadata.resourceVersion as string;
  }
  const letters = async (): Promise<Letter[]> => (await readStream(away.url, 'LETTERS')) as unknown as Letter[];
  const stream = async (id: string) => {
    const found = (await rig.program.status()).streams.find((s) => s.id === `${id}@${NAMESPACE}`);
    assert.ok(found, id);
    return found;
  };
  const setAside = async (): Promise<void> => {
    const counted = /records_quarantined_total\{.*reason="OBJECT_POISONOUS"\} [1-9]/;
    await until('it is set aside', async () => counted.test(await rig.program.metrics()), 60);
  };
  const inTable = async (name: string): Promise<boolean> => (await rig.rows()).some((row) => row.name === name);

  /** All of these are on the bus and in the table, once, and the poisonous ones are in neither. */
  async function check(names: readonly string[]): Promise<void> {
    await rig.program.ready();
    await rig.settled();
    for (const [where, seen] of [
      ['bus', await rig.records()],
      ['table', await rig.rows()],
    ] as const) {
      const found = seen.map((r) => r.name).sort();
      assert.deepEqual(found, [...names].sort(), where);
    }
  }

  function checkLetter(found: readonly Letter[], name: string): void {
    const own = found.filter((l) => l.key === `${NAMESPACE}/${name}`);
    assert.deepEqual(
      own.map((l) => [l.stream, l.code]),
      [[`configmaps@${NAMESPACE}`, 'OBJECT_POISONOUS']],
    );
    assert.equal(own[0]?.messageId, own[0]?.id);
    assert.ok(!JSON.stringify(own).includes(',,,,'), 'it shows nothing of the object');
  }

  before(async () => {
    [rig, away] = await Promise.all([Rig.start(), NatsServer.start()]);
    await makeStream(away.url, 'LETTERS', ['letters.>']);
    proxy = await TcpProxy.start(away.port);
    await rig.kube.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await create('configmaps', 'listed');
  });
  afterEach(() => rig.program.kill());
  after(async () => {
    await proxy.stop();
    await Promise.all([rig.stop(), away.stop()]);
  });

  test('the dead-letter sink is away: the commit waits, the streams flow on, and after a SIGKILL the letter is there, once', async () => {
    await rig.program.start(config());
    await check(['listed']);
    proxy.reset(true);
    const version = await create('configmaps', 'poison-away', OUT_OF_MEMORY);
    await create('configmaps', 'beside');
    await setAside();
    await create('secrets', 'other-stream');
    // Files of both streams are stored; the one of them is committed, the other one is not.
    await until(
      'the others are in the table',
      async () => (await inTable('beside')) && (await inTable('other-stream')),
    );
    await until('the other stream is committed', async () => (await stream('secrets')).lagSeconds === 0);
    await create('secrets', 'much-later');
    await until('its next file too', async () => await inTable('much-later'));
    const held = await stream('configmaps');
    assert.ok(held.lagSeconds > 0);
    assert.ok(BigInt(held.resourceVersion) < BigInt(version), `${held.resourceVersion}, and the object has ${version}`);
    await rig.program.kill();
    assert.deepEqual(await letters(), []);

    proxy.heal();
    await rig.program.start(config());
    await check(['listed', 'beside', 'other-stream', 'much-later']);
    checkLetter(await letters(), 'poison-away');
    assert.ok(BigInt((await stream('configmaps')).resourceVersion) >= BigInt(version));
  });

  test('killed when the letter is stored and the position is not: the letter that is sent again has the same id', async () => {
    await rig.program.start(config());
    await rig.program.ready();
    rig.s3.signal('SIGSTOP');
    try {
      await create('configmaps', 'before'); // its file is not stored, so no position from here on is committed
      await create('configmaps', 'poison-uncommitted', OUT_OF_MEMORY);
      await until('the letter is stored', async () =>
        (await letters()).some((l) => l.key === `${NAMESPACE}/poison-uncommitted`),
      );
      await rig.program.kill();
    } finally {
      rig.s3.signal('SIGCONT');
    }
    await rig.program.start(config());
    await rig.program.ready();
    await setAside();
    await check(['listed', 'beside', 'other-stream', 'much-later', 'before']);
    checkLetter(await letters(), 'poison-uncommitted');
    assert.equal((await letters()).length, 2);
    assert.equal(await rig.program.stop(), 0);
  });

  test('a snapshot ends when the letter is stored, and says that it is not complete', async () => {
    for (const name of ['poison-away', 'poison-uncommitted'])
      await rig.kube.call('DELETE', `/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`);
    await create('configmaps', 'poison-snapshot', OUT_OF_MEMORY);
    await rig.program.start(config(), 'snapshot');
    // It is tried once more, which takes a new thread.
    await until('a thread has ended on it', () => rig.program.log.includes('poison-snapshot'));
    proxy.reset(true);
    await setAside();
    await until('all but the letter is stored', async () => (await stream('secrets')).lagSeconds === 0);
    assert.ok((await stream('configmaps')).lagSeconds > 0);
    assert.ok(!(await letters()).some((l) => l.key === `${NAMESPACE}/poison-snapshot`));
    assert.ok(rig.program.alive);
    proxy.heal();
    assert.equal(await rig.program.exited(), 1);
    checkLetter(await letters(), 'poison-snapshot');
  });
});
