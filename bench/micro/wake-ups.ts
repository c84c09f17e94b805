import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WorkerThread } from '../../src/shard/threads.ts';

/*
 * What waking up costs Node itself on this machine, where something comes a hundred times a second. It is most of what a change
 * costs at a low rate (docs/performance.md), of which a batch at full load pays once for a hundred changes.
 *
 *     node bench/micro/wake-ups.ts [--rate 100] [--seconds 10]
 *
 * Prints microseconds of CPU of the process for each, user and system, what is idle without it taken away.
 */

const EVENT_BYTES = 5200;
const HERE = fileURLToPath(import.meta.url);
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    /** Of the other process: the port to write to. */
    peer: { type: 'string' },
  },
});
const pauseMs = 1000 / Number(values.rate);

interface Coming {
  /** How often something has come. */
  count(): number;
  stop(): unknown;
}

/** @returns CPU of the process, and how often something came, in the time that is measured */
async function measure(count: () => number): Promise<{ micros: number; count: number }> {
  await sleep(2000); // code warms up
  const from = count();
  const before = process.cpuUsage();
  await sleep(Number(values.seconds) * 1000);
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, count: count() - from };
}

async function show(name: string, idleMicros: number, coming: Coming): Promise<void> {
  const { micros, count } = await measure(coming.count);
  await coming.stop();
  console.log(`${((micros - idleMicros) / count).toFixed(0).padStart(6)} µs  ${name}`);
}

function timer(then: () => void): Coming {
  let count = 0;
  const interval = setInterval(() => {
    count++;
    then();
  }, pauseMs);
  return { count: () => count, stop: () => clearInterval(interval) };
}

/** Another process writes an event each time, and gets two bytes back. */
async function socket(): Promise<Coming> {
  let count = 0;
  const server = createServer((peer: Socket) => {
    peer.on('error', () => undefined);
    peer.on('data', () => {
      count++;
      peer.write('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const peer: ChildProcess = fork(HERE, ['--peer', String(port), '--rate', values.rate]);
  await once(server, 'connection');
  const stop = async (): Promise<void> => {
    peer.kill();
    await once(peer, 'exit');
    server.close();
  };
  return { count: () => count, stop };
}

function hop(): Coming {
  const thread = new WorkerThread(new URL('echo-thread.ts', import.meta.url));
  const bytes = new Uint8Array(EVENT_BYTES);
  const each = timer(() => void thread.run(bytes.slice()));
  const stop = async (): Promise<void> => {
    each.stop();
    await thread.close();
  };
  return { count: each.count, stop };
}

if (values.peer !== undefined) {
  const to = connect(Number(values.peer), '127.0.0.1').setNoDelay(true).resume();
  timer(() => to.write(Buffer.alloc(EVENT_BYTES)));
} else {
  const idle = (await measure(() => 0)).micros;
  await show(
    'a timer',
    idle,
    timer(() => undefined),
  );
  await show('a read of 5.2 KB from a socket, and a write', idle, await socket());
  await show('a message to a worker thread and back, with the timer that sends it', idle, hop());
}
