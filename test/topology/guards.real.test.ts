import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { checkStream } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

describe('what would go wrong unnoticed is said, and what is not there yet is waited for', () => {
  let rig: Rig;
  const watch = { resources: ['configmaps', 'namespaces'] };
  const bus = (url: string): unknown => ({ name: 'bus', type: 'jetstream', servers: [url], stream: 'K8S' });
  before(async () => {
    rig = await Rig.start();
  });
  after(() => rig.stop());

  const reasons = async (program: Watershard): Promise<string> => (await program.status()).reasons.join('\n');
  const configMap = (name: string): Promise<unknown> =>
    rig.kube.must('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } });
  const delivered = (name: string): Promise<boolean> =>
    until(`${name} is delivered`, async () => (await rig.records()).some((r) => r.name === name));

  test('a second instance on the same state waits, says for whom, and takes over', async () => {
    const config = rig.config({ watch, exporters: [bus(rig.nats.url)] });
    await rig.program.start(config);
    await rig.program.ready();
    const second = new Watershard();
    try {
      await second.start(config);
      const why = await until('it says why it waits', async () => {
        const text = await reasons(second);
        return text.includes('held by') ? text : undefined;
      });
      assert.match(why, new RegExp(`/${rig.program.pid}/`), 'the holder is named');
      assert.equal((await fetch(`${second.url}/readyz`)).status, 503);
      assert.equal((await fetch(`${second.url}/livez`)).status, 200);
      await configMap('while-held');
      await delivered('while-held');
      assert.equal(await rig.program.stop(), 0);
      await second.ready(30);
      await configMap('taken-over');
      await delivered('taken-over');
      checkStream(await rig.records()); // nothing twice
      assert.equal(await second.stop(), 0);
    } finally {
      await second.kill();
    }
  });

  test('the state of another cluster, and a Redis that evicts: it ends with 2 and the remedy', async () => {
    const other = await KubeServer.start();
    try {
      await rig.program.start(rig.config({ watch, kubeconfig: other.kubeconfig, exporters: [bus(rig.nats.url)] }));
      assert.equal(await rig.program.exited(), 2);
      assert.match(rig.program.log, /STATE_OF_ANOTHER_CLUSTER.*it was written for the cluster with uid/);
      assert.match(rig.program.log, /what to do: Give each cluster its own name/);
    } finally {
      await other.stop();
    }
    const redis = new Redis(rig.redis.url);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await rig.program.start(rig.config({ watch, exporters: [bus(rig.nats.url)] }));
      assert.equal(await rig.program.exited(), 2);
      assert.match(rig.program.log, /STATE_EVICTING[\s\S]*what to do: Set maxmemory-policy to noeviction/);
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      await redis.quit();
    }
  });

  test('a kubeconfig that is missing or not one: it ends with 2', async () => {
    const broken = join(rig.program.folder, 'broken.kubeconfig');
    writeFileSync(broken, 'apiVersion: v1\nkind: Config\nclusters: []\n');
    for (const kubeconfig of [join(rig.program.folder, 'absent'), broken]) {
      await rig.program.start(rig.config({ watch, kubeconfig }));
      assert.equal(await rig.program.exited(), 2, kubeconfig);
      assert.match(rig.program.log, /KUBECONFIG_INVALID/);
    }
  });

  test('API server, NATS stream and bucket that come later than it are waited for', async () => {
    const nats = await NatsServer.start();
    const config = rig.config({
      watch,
      cluster: { name: 'late' },
      exporters: [
        bus(nats.url),
        {
          name: 'lake',
          type: 'parquet',
          url: 's3://late/prefix',
          endpoint: rig.s3.endpoint,
          rotate: { interval: '1s' },
        },
      ],
    });
    await rig.kube.stopApi('SIGKILL');
    try {
      await rig.program.start(config);
      await until('it says that the API server is away', async () =>
        /API server|reach|connect/i.test(await reasons(rig.program)),
      );
      assert.equal((await fetch(`${rig.program.url}/readyz`)).status, 503);
      await rig.kube.startApi();
      await until('it says that the stream and the bucket are missing', async () => {
        const text = await reasons(rig.program);
        return /exporter bus: .*K8S/.test(text) && /exporter lake: .*late/.test(text);
      });
      await makeStream(nats.url);
      await until('it says that the bucket is missing', async () => {
        const text = await reasons(rig.program);
        return !text.includes('exporter bus') && /exporter lake: .*late/.test(text);
      });
      rig.s3.makeBucket('late');
      await rig.program.ready(40);
      await rig.settled();
      const records = await readStream(nats.url);
      assert.ok(records.some((r) => r.resource === 'namespaces' && r.name === 'default'));
      checkStream(records);
      const [row] = await rig.query<{ n: string }>(
        "SELECT count(*) AS n FROM read_parquet('s3://late/prefix/changes/**/*.parquet')",
      );
      assert.equal(Number(row!.n), records.length);
      assert.equal(await rig.program.stop(), 0);
    } finally {
      await nats.stop();
    }
  });
});
