import { parentPort, workerData } from 'node:worker_threads';
import { Piscina } from 'piscina';

/* Sends back what it is sent: as a thread of Piscina's, or by plain messages. */

if (workerData === 'plain')
  parentPort!.on('message', (bytes: Uint8Array<ArrayBuffer>) => parentPort!.postMessage(bytes, [bytes.buffer]));

// biome-ignore lint/style/noDefaultExport: Piscina calls the default export of a thread entry
export default function echo(bytes: Uint8Array<ArrayBuffer>): unknown {
  return Piscina.move(bytes);
}
