import { randomUUID } from 'node:crypto';
import rhea, { type Connection, type ConnectionOptions, type Message } from 'rhea';
import { until } from '../support/until.ts';

/** A connection of AMQP 1.0 to a server of the test. */
export function connectTo(port: number, more: Readonly<Record<string, unknown>> = {}): Connection {
  const options = { host: '127.0.0.1', port, username: 'anonymous', reconnect: false, ...more };
  const connection = rhea.create_container().create_connection(options as ConnectionOptions);
  connection.on('disconnected', () => undefined);
  return connection.connect();
}

const MARK = 'end-of-reading-';
const isMark = ({ subject }: Message): boolean => subject?.startsWith(MARK) === true;

/**
 * Everything that is in a queue of Artemis, in its order; it stays there. A mark of the test's own tells where the end is: a drained
 * credit does not, as the broker may tell of it before it has looked through the queue.
 */
export async function readBus(port: number, queue: string): Promise<Message[]> {
  return await reading(port, queue, async (connection, failed) => {
    const messages: Message[] = [];
    const mark = MARK + randomUUID();
    let sent = false;
    let found = false;
    const sender = connection.open_sender({ target: { address: queue, capabilities: ['queue'] } });
    sender.once('sendable', () => sender.send({ subject: mark, body: '' }));
    sender.on('accepted', () => {
      sent = true;
    });
    await until(`queue ${queue} is marked`, () => sent || failed());
    const source = { address: queue, distribution_mode: 'copy' as const, capabilities: ['queue'] };
    connection.open_receiver({ source }).on('message', ({ message }) => {
      if (message?.subject === mark) found = true;
      else if (message !== undefined && !isMark(message)) messages.push(message);
    });
    await until(`queue ${queue} is read`, () => found || failed());
    return messages;
  });
}

/** Takes what the broker gives of a queue at once: perhaps not all. */
export async function takeFromBus(port: number, queue: string): Promise<Message[]> {
  return await reading(port, queue, async (connection, failed) => {
    const messages: Message[] = [];
    let drained = false;
    const source = { address: queue, capabilities: ['queue'] };
    const receiver = connection.open_receiver({ source, credit_window: 0 });
    receiver.on('receiver_open', () => {
      receiver.add_credit(1000);
      receiver.drain_credit();
    });
    receiver.on('message', ({ message }) => {
      if (message !== undefined && !isMark(message)) messages.push(message);
    });
    receiver.on('receiver_drained', () => {
      drained = true;
    });
    await until(`something of ${queue} is taken`, () => drained || messages.length === 1000 || failed());
    return messages;
  });
}

async function reading(
  port: number,
  queue: string,
  work: (connection: Connection, failed: () => boolean) => Promise<Message[]>,
): Promise<Message[]> {
  const connection = connectTo(port);
  let failure: unknown;
  for (const event of ['sender_error', 'receiver_error', 'connection_error'])
    connection.on(event, ({ sender, receiver }) => {
      failure = sender?.error ?? receiver?.error ?? connection.error;
    });
  try {
    const messages = await work(connection, () => failure !== undefined);
    if (failure !== undefined) throw new Error(`reading ${queue}: ${JSON.stringify(failure)}`);
    return messages;
  } finally {
    // What was not settled is back in the queue when the broker has answered.
    const closed = new Promise((resolve) => {
      connection.once('connection_close', resolve);
      connection.once('disconnected', resolve);
    });
    connection.close();
    if (failure === undefined) await closed;
  }
}
