import { Admin, Consumer } from '@platformatic/kafka';

export interface KafkaMessage {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

type Access = ConstructorParameters<typeof Admin>[0];

export function access(brokers: readonly string[], more: Partial<Access> = {}): Access {
  return { clientId: 'test', bootstrapBrokers: [...brokers], ...more };
}

export async function createTopic(
  to: Access,
  topic: string,
  partitions = 3,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = new Admin(to);
  const settings = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: settings });
  await admin.close();
}

export async function deleteTopic(to: Access, topic: string): Promise<void> {
  const admin = new Admin(to);
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
}

/** Everything that a topic holds, partition by partition in its order. */
export async function readTopic(from: Access, topic: string): Promise<KafkaMessage[]> {
  const consumer = new Consumer({ ...from, groupId: 'test' });
  try {
    const found = (await consumer.metadata({ topics: [topic] })).topics.get(topic);
    if (found === undefined) throw new Error(`there is no topic ${topic}`);
    const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const messages: KafkaMessage[] = [];
    for (const [partition, end] of ends.entries()) {
      const node = found.partitions[partition]?.leader ?? 0;
      for (let offset = 0n; offset < end; ) {
        const at = { partition, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1 };
        const { responses } = await consumer.fetch({
          node,
          minBytes: 1,
          maxBytes: 2 ** 24,
          maxWaitTime: 500,
          topics: [{ topicId: found.id, partitions: [{ ...at, partitionMaxBytes: 2 ** 24 }] }],
        });
        const batches = responses.flatMap(({ partitions }) => partitions.flatMap(({ records }) => records ?? []));
        for (const { firstOffset, records } of batches) {
          for (const { offsetDelta, key, value, headers } of records) {
            if (firstOffset + BigInt(offsetDelta) < offset) continue; // a batch is always given whole
            messages.push({
              partition,
              key: String(key),
              value: value ?? null,
              headers: Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)])),
            });
            offset = firstOffset + BigInt(offsetDelta) + 1n;
          }
        }
      }
    }
    return messages;
  } finally {
    await consumer.close(true);
  }
}
