import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Rig } from '../support/rig.ts';

const CANARY = 'canary-7f3d9a1c-value';
const ENCODED = Buffer.from(CANARY).toString('base64');

/** Names of the files below a folder that hold the text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((f) => join(folder, f))
    .filter((f) => statSync(f).isFile() && readFileSync(f).includes(text));
}

describe('a Secret stays in the cluster', () => {
  let rig: Rig;
  const secret = (value: string): Record<string, unknown> => {
    const plain = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'canary', namespace: 'default' },
      data: { password: Buffer.from(value).toString('base64') },
      type: 'Opaque',
    };
    const applied = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ ...plain, stringData: { password: value } }),
    };
    return { ...plain, metadata: { ...plain.metadata, annotations: applied } };
  };
  before(async () => {
    rig = await Rig.start();
    await rig.kube.must('POST', '/api/v1/namespaces/default/secrets', secret(`${CANARY}-first`));
    const rules = [
      {
        resources: ['secrets'],
        diff: 'merge-patch',
        extract: { data: 'string(object.data)', keys: 'object.data.map(k, k)', value: 'object.data.password' },
      },
    ];
    await rig.program.start(rig.config({ rules, log: { level: 'trace' } }));
    await rig.program.ready();
    await rig.kube.must('PUT', '/api/v1/namespaces/default/secrets/canary', secret(CANARY));
    await rig.settled();
  });
  after(() => rig.stop());

  const leaks = (text: string): boolean => text.includes(CANARY) || text.includes(ENCODED.slice(0, -4));

  test('its values are in no message, and its change is', async () => {
    const records = (await rig.records()).filter((r) => r.name === 'canary');
    assert.deepEqual(
      records.map((r) => r.operation),
      ['SNAPSHOT', 'UPDATED'],
    );
    assert.ok(records.every((r) => !leaks(JSON.stringify(r))));
    assert.equal((records[0]!.object as { data: Record<string, string> }).data.password, '[REDACTED]');
  });

  test('nor in a table', async () => {
    const rows = await rig.query<Record<string, unknown>>(
      "SELECT * FROM read_parquet('s3://bucket/prefix/changes/*/resource=secrets/**/*.parquet', union_by_name = true)",
    );
    assert.ok(rows.length >= 2);
    const text = JSON.stringify(rows, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
    assert.ok(!leaks(text));
  });

  test('nor in Redis, a log, a metric, the status, or any file of a sink or of the program', async () => {
    const redis = new Redis(rig.redis.url);
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      const content =
        type === 'hash'
          ? JSON.stringify(await redis.hgetallBuffer(key), (_, v) =>
              v?.type === 'Buffer' ? Buffer.from(v.data).toString('latin1') : v,
            )
          : String(await redis.get(key));
      assert.ok(!leaks(key + content), key);
    }
    await redis.quit();
    assert.ok(!leaks(await rig.program.metrics()));
    assert.ok(!leaks(JSON.stringify(await rig.program.status())));
    assert.ok(!leaks(rig.program.log));
    for (const text of [CANARY, ENCODED.slice(0, -4)]) {
      for (const folder of [rig.program.folder, rig.redis.folder, rig.nats.folder, join(rig.s3.folder, 'root')])
        assert.deepEqual(filesWith(folder, text), []);
    }
  });
});
