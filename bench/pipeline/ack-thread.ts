import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '@nats-io/transport-node';
import type { AckThreadData } from './ack-times.ts';

/* Thread of ack-times.ts: hears every acknowledgement of the server beside the client that it is for. */

const ACKNOWLEDGEMENT = /^\{"stream":"[^"]*",\s*"seq":(\d+)/;

const { url, times } = workerData as AckThreadData;
const at = new Float64Array(times);
const connection = await connect({ servers: url });
connection.subscribe('_INBOX.>', {
  callback: (_, message) => {
    const now = performance.timeOrigin + performance.now();
    const sequence = Number(ACKNOWLEDGEMENT.exec(message.string())?.[1]);
    if (at[sequence] === 0) at[sequence] = now; // a message that is sent again was acknowledged the first time
  },
});
await connection.flush();
parentPort!.postMessage('listening');
