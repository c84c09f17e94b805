import rhea, { type Connection, type ConnectionOptions, type Message, type Receiver } from 'rhea';
import { until } from '../support/until.ts';

/** A connection of AMQP 1.0 to a server of the test. */
export function connectTo(port: number, more: Readonly<Record<string, unknown>> = {}): Connection {
  const options = { host: '127.0.0.1', port, username: 'anonymous', reconnect: false, ...more };
  const connection = rhea.create_container().create_connection(options as ConnectionOptions);
  connection.on('disconnected', () => undefined);
  return connection.connect();
}

/** Everything that is in a queue, in its order; it stays there unless it is to be taken. */
export async function readBus(
  port: number,
  queue: string,
  mode: 'copy' | 'move' = 'copy',
  more: Readonly<Record<string, unknown>> = {},
): Promise<Message[]> {
  const connection = connectTo(port, more);
  const messages: Message[] = [];
  let failure: unknown;
  let drained = false;
  const receiver: Receiver = connection.open_receiver({
    source: { address: queue, distribution_mode: mode, capabilities: ['queue'] },
    credit_window: 0,
  });
  const ask = (): void => {
    receiver.add_credit(1000);
    receiver.drain_credit();
  };
  receiver.on('receiver_open', ask);
  receiver.on('message', ({ message }) => {
    if (message !== undefined) messages.push(message);
    if (messages.length % 1000 === 0) ask();
  });
  // Told only where less was there than the credit: nothing is left.
  receiver.on('receiver_drained', () => {
    drained = true;
  });
  receiver.on('receiver_error', () => {
    failure = receiver.error;
  });
  connection.on('connection_error', () => {
    failure = connection.error;
  });
  try {
    await until(`queue ${queue} is read`, () => drained || failure !== undefined);
    if (failure !== undefined) throw new Error(`reading ${queue}: ${JSON.stringify(failure)}`);
    return messages;
  } finally {
    // What was not settled is back in the queue when the broker has answered.
    const closed = new Promise((resolve) => {
      connection.once('connection_close', resolve);
      connection.once('disconnected', resolve);
    });
    connection.close();
    await closed;
  }
}
