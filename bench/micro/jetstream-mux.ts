import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { jetstreamConfig } from '../../src/exporters/jetstream/config.ts';
import { jetstreamType } from '../../src/exporters/jetstream/type.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { NatsServer } from '../../test/support/servers/nats.ts';
import { makeStream, streamEnd } from '../../test/support/stream-reader.ts';
import { records } from './encode.ts';
import { jetstreamSink } from './jetstream-sink.ts';
import type { Micro } from './measure.ts';
import { PLAN, STREAM, sizeOf } from './pods.ts';

const OBJECTS = 2048;
/** Records a lane: about 512 KiB, as a batch is. */
const LANE = 128;
/** Of a file store; older messages make room. */
const MOST_BYTES = 256 * 2 ** 20;
/** Stands for the resourceVersion in each id. Every time round has its own, since the server suppresses what it knows. */
const VERSION = '7777777777';

interface Lane {
  readonly packed: ArrayBuffer;
  /** Where the versions of its ids stand. */
  readonly versions: readonly number[];
}

/** From packed lanes to the last acknowledgement of what was sent, against a real server: what a sink costs the main thread. */
export async function jetstreamMux(): Promise<Micro[]> {
  const server = await NatsServer.start();
  await makeStream(server.url, 'K8S', ['k8s.>'], { max_bytes: MOST_BYTES });
  const config = jetstreamConfig.parse({ name: 'bus', type: 'jetstream', servers: [server.url], stream: 'K8S' });
  const lanes = packedLanes(config);
  const payloads = lanes.map(({ packed }) => payloadsOf(packed));
  let acknowledged: (sequence: number) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const sink = await jetstreamSink(config, STREAM, {
    acked: (sequence) => acknowledged(sequence),
    failed: (error) => failed(error),
  });
  const socket = await plainConnection(server.url);
  const messages = payloads.map((some) => Buffer.concat(some.flatMap(published)));
  let sequence = 0;
  let rounds = 0;
  return [
    {
      name: 'JetStream mux',
      item: 'message acknowledged',
      items: OBJECTS,
      bytes: payloads.reduce((sum, some) => sum + sizeOf(some), 0),
      work: async () => {
        const version = String(1_000_000_000 + ++rounds);
        const last = sequence + lanes.length;
        const done = new Promise<void>((resolve, reject) => {
          failed = reject;
          acknowledged = (acked) => acked === last && resolve();
        });
        for (const lane of lanes)
          sink.write({
            stream: STREAM,
            incarnation: 1,
            sequence: ++sequence,
            table: 'changes',
            lane: ofVersion(lane, version),
            records: LANE,
          });
        await done;
      },
      floor: {
        name: 'the same payloads over a socket, without an answer',
        work: async () => {
          for (const message of messages) socket.write(message);
          await answered(socket);
        },
      },
      close: async () => {
        await sink.close();
        socket.destroy();
        const stored = await streamEnd(server.url);
        await server.stop('SIGKILL');
        if (stored !== rounds * OBJECTS) throw new Error(`${stored} of ${rounds * OBJECTS} messages were stored`);
      },
    },
  ];
}

function packedLanes(config: Parameters<typeof jetstreamType.lane>[0]): Lane[] {
  const { group, version, kind, resource } = STREAM.resource;
  const context = { cluster: PLAN.cluster, clusterUid: PLAN.clusterUid, group, version, kind, resource };
  const encoder = createEncoder({ exporter: 'bus', ...jetstreamType.lane(config) }, context);
  const all = records(OBJECTS).map((record) => ({ ...record, id: `${record.uid}:${VERSION}` }));
  return Array.from({ length: OBJECTS / LANE }, (_, i) => {
    const writer = new LaneWriter();
    for (const record of all.slice(i * LANE, (i + 1) * LANE)) encoder.append(record, writer);
    const packed = writer.finish();
    return { packed, versions: placesOf(packed) };
  });
}

function placesOf(packed: ArrayBuffer): number[] {
  const bytes = Buffer.from(packed);
  const marker = `:${VERSION}`;
  const places: number[] = [];
  for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) places.push(at + 1);
  return places;
}

/** A copy, since an exporter gives the memory back once it is done with it. */
function ofVersion({ packed, versions }: Lane, version: string): ArrayBuffer {
  const copy = packed.slice(0);
  const bytes = Buffer.from(copy);
  for (const at of versions) bytes.write(version, at, 'latin1');
  return copy;
}

function payloadsOf(packed: ArrayBuffer): Uint8Array[] {
  const reader = new LaneReader(packed.slice(0));
  return Array.from({ length: reader.count }, (_, i) => reader.at(i).payload);
}

/** A message of the NATS protocol that nobody has subscribed to. */
function published(payload: Uint8Array): Uint8Array[] {
  return [Buffer.from(`PUB floor ${payload.length}\r\n`), payload, Buffer.from('\r\n')];
}

async function plainConnection(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'data'); // the server speaks first
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  await answered(socket);
  return socket;
}

/** Waits until the server has read everything before this. */
async function answered(socket: Socket): Promise<void> {
  socket.write('PING\r\n');
  for (let said = ''; !said.includes('PONG\r\n'); ) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    said += chunk.toString();
    if (said.includes('-ERR')) throw new Error(`nats-server: ${said}`);
    if (chunk.includes('PING\r\n')) socket.write('PONG\r\n'); // it asks too, now and then
  }
}
