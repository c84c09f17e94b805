import { connect } from '@nats-io/transport-node';
import { type Finding, ok } from '../../model/finding.ts';
import type { CheckContext } from '../exporter-type.ts';
import { natsConnection, natsFault } from '../nats-connection.ts';
import type { NatsConfig } from './config.ts';

/** A connection, and no message: whoever listens would get it. */
export async function checkNats(config: NatsConfig, { cluster }: CheckContext): Promise<Finding[]> {
  const options = { ...natsConnection(config, cluster, () => 0), maxReconnectAttempts: 0 };
  const connection = await connect(options).catch((e: unknown) => {
    throw natsFault(config, e);
  });
  try {
    await connection.flush();
    const { version, max_payload } = connection.info ?? {};
    return [
      ok(`connected to nats-server ${version} at ${connection.getServer()}; a message may have ${max_payload} bytes`),
    ];
  } finally {
    await connection.close();
  }
}
