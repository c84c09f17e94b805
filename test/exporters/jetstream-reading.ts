import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type ConnectionOptions, connect, type MsgHdrs } from '@nats-io/transport-node';
import type { StoredRecord } from '../support/exporter-probe.ts';

export interface StoredMessage extends StoredRecord {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
}

/** All messages of a stream, in its order. The key is made from the default subject. */
export async function readStream(server: ConnectionOptions, stream: string): Promise<StoredMessage[]> {
  const connection = await connect(server);
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    const { name } = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      mem_storage: true,
      inactive_threshold: 60e9,
    });
    const consumer = await jetstream(connection).consumers.get(stream, name);
    const stored: StoredMessage[] = [];
    while (stored.length < state.messages) {
      const messages = await consumer.fetch({
        max_messages: Math.min(5000, state.messages - stored.length),
        expires: 5000,
      });
      for await (const { subject, headers, data } of messages) {
        const [, , , resource, namespace, object] = subject.split('.');
        stored.push({
          subject,
          headers,
          id: headers?.get('Nats-Msg-Id') ?? '',
          key: `${resource}/${namespace}/${object}`,
          operation: headers?.get('Watershard-Operation') ?? '',
          payload: data,
        });
      }
    }
    return stored;
  } finally {
    await connection.close();
  }
}
