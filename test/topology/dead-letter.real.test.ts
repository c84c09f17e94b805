import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const NAMESPACE = 'alpha';
const COLLECTION = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
/** More than the bus takes, less than the API server. */
const LARGE = 900_000;

interface Letter {
  readonly exporter: string;
  readonly key: string;
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  readonly record: string;
}

describe('records that the bus cannot take go to the dead-letter exporter before they are acknowledged', () => {
  let kube: KubeServer;
  let bus: NatsServer;
  let away: NatsServer;
  const program = new Watershard();
  const lettersFile = join(program.folder, 'letters.jsonl');
  before(async () => {
    [kube, bus, away] = await Promise.all([
      KubeServer.start(),
      NatsServer.start('max_payload: 65536'),
      NatsServer.start('max_payload: 8388608'),
    ]);
    await makeStream(bus.url);
    await makeStream(away.url, 'LETTERS', ['letters.>']);
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  });
  afterEach(() => program.kill());
  after(async () => {
    await Promise.all([kube.stop(), bus.stop(), away.stop()]);
  });

  const config = (letters: Record<string, unknown>): Record<string, unknown> => ({
    cluster: { name: 'demo' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps'], namespaces: { include: [NAMESPACE] } },
    workers: 1,
    exporters: [
      { name: 'bus', type: 'jetstream', servers: [bus.url], stream: 'K8S', deadLetter: 'letters' },
      { name: 'letters', ...letters },
    ],
  });
  const create = async (name: string, bytes: number): Promise<string> => {
    const { metadata } = await kube.must('POST', COLLECTION, { metadata: { name }, data: { text: 'x'.repeat(bytes) } });
    return `${metadata.uid}:${metadata.resourceVersion}`;
  };
  const onBus = async (...names: string[]): Promise<SeenRecord[]> =>
    await until(`${names.join(', ')} on the bus`, async () => {
      const records = await readStream(bus.url);
      return names.every((name) => records.some((r) => r.name === name)) && records;
    });
  const lag = async (): Promise<number> => Math.max(...(await program.status()).streams.map((s) => s.lagSeconds));
  const counted = async (metric: string): Promise<number> =>
    Number(new RegExp(`^watershard_${metric}\\{.*\\} (\\d+)$`, 'm').exec(await program.metrics())?.[1] ?? 0);

  test('to a file: the small ones flow, the large one lies in the file, and nothing else does', async () => {
    await create('before', 10);
    const listed = await create('large-listed', LARGE);
    await program.start(config({ type: 'file', path: lettersFile }));
    await program.ready();
    const watched = await create('large-watched', LARGE);
    await create('after', 10);
    await onBus('before', 'after');
    await until('both are rejected', async () => (await counted('exporter_rejected_total')) === 2);
    await until('nothing is outstanding', async () => (await lag()) === 0);
    const letters = readFileSync(lettersFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Letter);
    assert.deepEqual(
      letters.map(({ exporter, key, id, code }) => [exporter, key, id, code]),
      [
        ['bus', `configmaps/${NAMESPACE}/large-listed`, listed, 'RECORD_TOO_LARGE'],
        ['bus', `configmaps/${NAMESPACE}/large-watched`, watched, 'RECORD_TOO_LARGE'],
      ],
    );
    for (const { record, id } of letters) {
      const whole = JSON.parse(record) as { id: string; object: { data: { text: string } } };
      assert.equal(whole.id, id);
      assert.equal(whole.object.data.text.length, LARGE);
    }
    const names = (await readStream(bus.url)).map((r) => r.name);
    assert.ok(!names.some((name) => name.startsWith('large')));
    assert.equal(await counted('records_dropped_total'), 0);
    assert.equal(await program.stop(), 0);
  });

  test('one that is away holds the commit back, not the stream; after a crash the letter comes all the same', async () => {
    await away.stop();
    const letters = { type: 'jetstream', servers: [away.url], stream: 'LETTERS', subject: 'letters.{resource}.{name}' };
    // Optional: so that it is not waited for at start.
    await program.start(config({ ...letters, required: false }));
    await program.ready();
    const id = await create('large-held', LARGE);
    await create('small-behind', 10);
    await onBus('small-behind');
    await until('the record is rejected', async () => (await counted('exporter_rejected_total')) === 1);
    assert.ok((await lag()) > 0);
    await program.kill();

    await away.restart();
    await program.start(config(letters));
    await program.ready();
    const [letter, ...others] = await until('the letter is stored', async () => {
      const found = (await readStream(away.url, 'LETTERS')) as unknown as (Letter & SeenRecord)[];
      return found.length > 0 && found;
    });
    await until('nothing is outstanding', async () => (await lag()) === 0);
    assert.deepEqual(others, []);
    assert.equal(letter?.id, id);
    assert.equal(letter?.messageId, id);
    assert.equal(letter?.subject, 'letters.deadletters.bus');
    assert.equal((await readStream(bus.url)).filter((r) => r.name === 'small-behind').length, 1);
    assert.equal(await program.stop(), 0);
  });

  test('without one the record is dropped, counted, and holds up nothing', async () => {
    const { exporters, ...rest } = config({}) as { exporters: Record<string, unknown>[] };
    const { deadLetter: _, ...alone } = exporters[0]!;
    await program.start({ ...rest, exporters: [alone] });
    await program.ready();
    await create('large-dropped', LARGE);
    await create('last', 10);
    await onBus('last');
    await until('nothing is outstanding', async () => (await lag()) === 0);
    assert.equal(await counted('records_dropped_total'), 1);
    assert.match(program.log, /a record was dropped/);
    assert.ok(existsSync(lettersFile));
  });
});
