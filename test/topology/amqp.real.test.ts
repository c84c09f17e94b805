import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bindQueue, readQueue } from '../exporters/rabbitmq-reading.ts';
import { readBus } from '../exporters/servicebus-reading.ts';
import { type KollectEvent, readKollectEvent } from '../support/kollect-events.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const OBJECTS = 25;
const CHANGES = 80;
const MAPS = '/api/v1/namespaces/default/configmaps';

let kube: KubeServer;
let rabbit: RabbitServer;
let artemis: ArtemisServer;
const program = new Watershard();

before(async () => {
  [kube, rabbit, artemis] = await Promise.all([KubeServer.start(), RabbitServer.start(), ArtemisServer.start()]);
});
after(async () => {
  await program.kill();
  await Promise.all([kube.stop(), rabbit.stop(), artemis.stop()]);
});

/** What the updates of each object say that it was before and after, in their order, repetitions left out. */
function chains(events: readonly KollectEvent[]): string[] {
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
  return [...found.values()].map((steps) => steps.join());
}

/** The same of records of ours, by what each says of its object. */
function recordChains(payloads: readonly Buffer[]): string[] {
  const found = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const payload of payloads) {
    const { id, uid, operation, object } = JSON.parse(String(payload)) as {
      id: string;
      uid: string;
      operation: string;
      object?: { data?: { n?: string } };
    };
    if (seen.has(id)) continue;
    seen.add(id);
    found.set(uid, [...(found.get(uid) ?? []), operation === 'DELETED' ? '' : (object?.data?.n ?? '-')]);
  }
  return [...found.values()].map((steps) => steps.join());
}

test(`${OBJECTS * CHANGES} changes while both brokers and the program are killed: each object's are all there, in order`, async () => {
  await bindQueue(rabbit.url, 'records', 'k8s', { pattern: 'k8s.c1.core.configmaps.default.#' });
  await bindQueue(rabbit.url, 'kollect', 'kollect', { type: 'fanout', pattern: '' });
  const onRabbit = { type: 'rabbitmq', urls: [rabbit.url] };
  const onBus = { type: 'servicebus', host: '127.0.0.1', port: artemis.port, tls: false };
  const config = {
    cluster: { name: 'c1' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps'], namespaces: { include: ['default'] } },
    exporters: [
      { ...onRabbit, name: 'rabbit-records', exchange: 'k8s' },
      { ...onRabbit, name: 'rabbit-kollect', exchange: 'kollect', routingKey: '', encoding: 'kollect' },
      { ...onBus, name: 'bus-records', queue: 'records', sessions: true },
      { ...onBus, name: 'bus-kollect', queue: 'kollect', encoding: 'kollect' },
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
    if (n === 20) await rabbit.stopNode();
    if (n === 35) await Promise.all([rabbit.restart(), artemis.stop()]);
    if (n === 50) await artemis.restart();
    if (n === 60) {
      await program.kill();
      await program.start(config);
    }
  }
  await Promise.all(all.map((i) => kube.must('DELETE', `${MAPS}/m-${i}`)));

  const steps = Array.from({ length: CHANGES + 1 }, (_, n) => String(n));
  const wanted = {
    records: [...steps, ''].join(),
    kollect: ['0', ...steps.slice(1).map((n) => `${Number(n) - 1}>${n}`), ''].join(),
  };
  const ofRabbit = async (queue: string): Promise<Buffer[]> =>
    (await readQueue(rabbit.url, queue)).map(({ content }) => content);
  const ofBus = async (queue: string): Promise<Buffer[]> =>
    (await readBus(artemis.port, queue)).map(({ body }) => body.content as Buffer);
  const events = (payloads: readonly Buffer[]): string[] => chains(payloads.map(readKollectEvent));
  const sinks: [string, string, () => Promise<string[]>][] = [
    ['RabbitMQ, records', wanted.records, async () => recordChains(await ofRabbit('records'))],
    ['RabbitMQ, kollect', wanted.kollect, async () => events(await ofRabbit('kollect'))],
    ['Artemis, records', wanted.records, async () => recordChains(await ofBus('records'))],
    ['Artemis, kollect', wanted.kollect, async () => events(await ofBus('kollect'))],
  ];
  for (const [name, chain, read] of sinks) {
    let found: string[] = [];
    await until(
      () => `everything is in ${name}: ${found.find((steps) => steps !== chain)}`,
      async () => {
        found = await read();
        return found.length === OBJECTS && found.every((steps) => steps === chain);
      },
      90,
    );
  }
  assert.equal(await program.stop(), 0);
});
