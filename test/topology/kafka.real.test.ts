import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { access, readTopic } from '../exporters/kafka-reading.ts';
import { type KollectEvent, readKollectEvent } from '../support/kollect-events.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const OBJECTS = 25;
const CHANGES = 80;
const MAPS = '/api/v1/namespaces/default/configmaps';

let kube: KubeServer;
let kafka: KafkaServer;
const program = new Watershard();

before(async () => {
  [kube, kafka] = await Promise.all([KubeServer.start(), KafkaServer.start()]);
});
after(async () => {
  await program.kill();
  await Promise.all([kube.stop(), kafka.stop('SIGKILL')]);
});

/** What the updates of each object say that it was before and after, in their order, repetitions left out. */
function chains(events: readonly KollectEvent[]): Map<string, string[]> {
  const n = (text?: string): string => (JSON.parse(text ?? '{}') as { data?: { n?: string } }).data?.n ?? '-';
  const found = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const { id, uid, type, resource, then, now } of events) {
    if (seen.has(id)) continue;
    seen.add(id);
    const step =
      type === 'ResourceUpdatedEvent' ? `${n(then)}>${n(now)}` : type === 'ResourceCreatedEvent' ? n(resource) : '';
    found.set(uid, [...(found.get(uid) ?? []), step]);
  }
  return found;
}

test(`${OBJECTS * CHANGES} changes while the broker and the program are killed: each object's are all there, in order, each from where the one before led`, async () => {
  const exporter = { type: 'kafka', brokers: kafka.brokers, createTopics: { partitions: 4 }, compression: 'lz4' };
  const config = {
    cluster: { name: 'c1' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps'], namespaces: { include: ['default'] } },
    exporters: [
      { ...exporter, name: 'records', topic: 'records' },
      { ...exporter, name: 'kollect', topic: 'kollect', encoding: 'kollect' },
    ],
  };
  const map = (i: number, n: number) => ({
    metadata: { name: `m-${i}`, namespace: 'default' },
    data: { n: String(n) },
  });
  const all = Array.from({ length: OBJECTS }, (_, i) => i);
  await program.start(config);
  await program.ready();
  await Promise.all(all.map((i) => kube.must('POST', MAPS, map(i, 0))));
  for (let n = 1; n <= CHANGES; n++) {
    await Promise.all(all.map((i) => kube.must('PATCH', `${MAPS}/m-${i}`, { data: { n: String(n) } })));
    if (n === 30) await kafka.stop('SIGKILL');
    if (n === 45) await kafka.restart();
    if (n === 60) {
      await program.kill();
      await program.start(config);
    }
  }
  await Promise.all(all.map((i) => kube.must('DELETE', `${MAPS}/m-${i}`)));

  const kollect = async () =>
    chains((await readTopic(access(kafka.brokers), 'kollect')).map(({ value }) => readKollectEvent(value as Buffer)));
  const wanted = ['0', ...Array.from({ length: CHANGES }, (_, n) => `${n}>${n + 1}`), ''];
  const whole = (found: Map<string, string[]>): string[][] =>
    [...found.values()].filter((c) => c.join() === wanted.join());
  let found = new Map<string, string[]>();
  await until(
    () =>
      `everything is in the topic of kollect: ${JSON.stringify([...found.values()].find((c) => c.join() !== wanted.join()))}`,
    async () => {
      found = await kollect();
      return whole(found).length === OBJECTS;
    },
    90,
  );
  await until('everything is in the topic of records', async () => {
    const records = (await readTopic(access(kafka.brokers), 'records')).map(({ headers }) => headers['watershard-id']);
    return new Set(records).size >= OBJECTS * (CHANGES + 2);
  });
  assert.equal(await program.stop(), 0);
});
