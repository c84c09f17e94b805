import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PODS } from '../../support/batches.ts';
import { temporaryFolder } from '../../support/servers/process.ts';
import { until } from '../../support/until.ts';
import { data, pods, run, server, shutDown, stored, type Target, targets, write } from './lake.ts';

const FILE = join(temporaryFolder('aws'), 'credentials');
Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: FILE, AWS_EC2_METADATA_DISABLED: 'true' });
delete process.env.AWS_ACCESS_KEY_ID;
delete process.env.AWS_SECRET_ACCESS_KEY;

function writeKey(accessKeyId: string, secretAccessKey: string): void {
  const key = [`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secretAccessKey}`];
  writeFileSync(FILE, ['[default]', ...key, ''].join('\n'));
}

describe('Parquet on S3: a key in the shared credentials file is rotated', () => {
  const [s3] = targets as [Target, Target];
  after(shutDown);

  test('another key, and another secret of the same one; the file comes before the server or after it', async () => {
    writeKey(server.accessKeyId, server.secretAccessKey);
    const lake = await run(s3);
    lake.open(PODS, 1, undefined);
    write(lake, 1, pods(0, 2));
    lake.cut(PODS.id);
    await stored(lake, 1);

    server.accessKeyId = 'second';
    writeKey('second', server.secretAccessKey);
    await server.restart();
    write(lake, 2, pods(2, 4));
    lake.cut(PODS.id);
    await stored(lake, 2);
    const { values } = await lake.metrics.retries.get();
    const refused = values.filter(({ labels }) => labels.reason === 'EXPORTER_REFUSED');
    assert.deepEqual(refused, [], 'nothing was noticed');

    server.secretAccessKey = 'another-secret';
    await server.restart();
    write(lake, 3, pods(4, 6));
    lake.cut(PODS.id);
    await until('health says it', () => /EXPORTER_REFUSED/.test(lake.exporter.health().detail ?? ''));
    writeKey('second', 'another-secret');
    await stored(lake, 3);
    assert.deepEqual(lake.exporter.health(), { ok: true });
    assert.equal(data(s3).length, 3);
  });
});
