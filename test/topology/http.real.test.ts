import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HttpSink } from '../exporters/http-sink.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

interface Sent {
  readonly id: string;
  readonly operation: string;
  readonly name: string;
}

const NAMESPACE = 'alpha';
const COLLECTION = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const OBJECTS = 40;

describe('an HTTP server that restarts and misbehaves, and a program that is killed', () => {
  let kube: KubeServer;
  const sink = new HttpSink();
  const program = new Watershard();
  before(async () => {
    kube = await KubeServer.start();
    await sink.start();
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  });
  after(async () => {
    await program.kill();
    await Promise.all([kube.stop(), sink.stop()]);
  });

  const config = (): Record<string, unknown> => ({
    cluster: { name: 'demo' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps'], namespaces: { include: [NAMESPACE] } },
    workers: 1,
    exporters: [
      {
        name: 'hook',
        type: 'http',
        url: sink.url,
        format: 'ndjson',
        compression: 'gzip',
        batch: { records: 20, interval: '20ms' },
        requestTimeout: '2s',
      },
    ],
  });
  const sent = (): Sent[] =>
    sink.stored.flatMap((body) => body.trimEnd().split('\n')).map((line) => JSON.parse(line) as Sent);

  test('every version that a server gave is there, in order for each object', async () => {
    const made = new Map<string, string[]>();
    const note = (name: string, id: string): void => void made.set(name, [...(made.get(name) ?? []), id]);
    const change = async (i: number, n: number): Promise<void> => {
      const name = `c-${i}`;
      const { metadata } =
        n === 0
          ? await kube.must('POST', COLLECTION, { metadata: { name }, data: { n: '0' } })
          : await kube.must('PATCH', `${COLLECTION}/${name}`, { data: { n: String(n) } });
      note(name, `${metadata.uid}:${metadata.resourceVersion}`);
    };
    const round = async (n: number): Promise<void> => {
      for (let i = 0; i < OBJECTS; i++) await change(i, n);
    };
    await program.start(config());
    await program.ready();
    await round(0);
    await sink.stop();
    await round(1);
    await sink.start();
    sink.next.push(
      { type: 'reset-after' },
      { type: 'answer', status: 503 },
      { type: 'half' },
      { type: 'reset-before' },
    );
    await round(2);
    await program.kill();
    await round(3);
    await program.start(config());
    await round(4);
    for (let i = 0; i < OBJECTS; i++) {
      const uid = made.get(`c-${i}`)?.[0]?.split(':')[0];
      await kube.must('DELETE', `${COLLECTION}/c-${i}`);
      note(`c-${i}`, `${uid}:deleted`);
    }
    const deleted = (): number =>
      new Set(
        sent()
          .filter((r) => r.operation === 'DELETED')
          .map((r) => r.id),
      ).size;
    await until(
      () => `the deletes are there (${deleted()})\n${program.log.slice(-2000)}`,
      () => deleted() === OBJECTS,
    );
    for (const [name, ids] of made) {
      const own = sent().filter((r) => r.name === name);
      assert.deepEqual([...new Set(own.map(({ id }) => id))], ids, name);
    }
    assert.equal(await program.stop(), 0);
  });
});
