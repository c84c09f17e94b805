import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../support/workload.ts';
import { cutAfter, errorEvent, inPieces, slowly, withLines } from './bodies.ts';
import { type FaultRig, of } from './fault-rig.ts';
import type { Fault, ProxiedRequest } from './http-proxy.ts';
import type { Allowance } from './judge.ts';

type Random = () => number;

/** Something bad that lasts for a while, and what it makes impossible. */
interface Calamity {
  readonly name: string;
  /** @returns what ends it; undefined where it is over at once, or ends with all rules */
  readonly begin: (rig: FaultRig, random: Random) => Promise<(() => unknown) | undefined>;
  /** Resources that are listed again because of it. */
  readonly relists?: readonly string[];
}

const RESOURCES = ['configmaps', 'pods', 'secrets', 'widgets.example.com'];
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
  type: 'answer',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: 'a fault' }),
});
const any = (): boolean => true;

/** Rules for requests of the API server, and connections broken off so that there are some. */
function api(
  name: string,
  when: (r: ProxiedRequest) => boolean,
  faults: (random: Random) => readonly Fault[],
): Calamity {
  return {
    name,
    begin: async (rig, random) => {
      for (const fault of faults(random)) rig.api.add({ when, times: 1 + Math.floor(random() * 3), fault });
      rig.api.breakAll();
      return undefined;
    },
  };
}

/** A server that stands still. */
function frozen(name: string, server: (rig: FaultRig) => { signal(signal: NodeJS.Signals): void }): Calamity {
  return {
    name,
    begin: async (rig) => {
      server(rig).signal('SIGSTOP');
      return () => server(rig).signal('SIGCONT');
    },
  };
}

/** A network that is half open, refuses, or is slow. */
function network(name: string, proxy: (rig: FaultRig) => FaultRig['nats']): Calamity[] {
  const healed = (rig: FaultRig) => () => proxy(rig).heal();
  return [
    {
      name: `${name}: half-open connections`,
      begin: async (rig) => {
        proxy(rig).blackhole();
        return healed(rig);
      },
    },
    {
      name: `${name}: connections reset and refused`,
      begin: async (rig) => {
        proxy(rig).reset(true);
        return healed(rig);
      },
    },
    {
      name: `${name}: answers take their time`,
      begin: async (rig, random) => {
        proxy(rig).delay(100 + random() * 1500);
        return healed(rig);
      },
    },
  ];
}

/** Requests of S3 that fail for a while. */
function s3(name: string, fault: Fault): Calamity {
  return {
    name: `S3: ${name}`,
    begin: async (rig) => {
      rig.s3.add({ when: any, fault });
      return () => rig.s3.clear();
    },
  };
}

const CALAMITIES: readonly Calamity[] = [
  ...RESOURCES.flatMap((resource): Calamity[] => [
    { ...api(`${resource}: 410`, of(resource, 'watch'), () => [answer(410)]), relists: [resource] },
    {
      ...api(`${resource}: 410 as an event, and lists that fail`, of(resource), (random) => [
        { type: 'body', change: withLines(0, errorEvent(410, 'Expired', 'too old resource version')) },
        pick<Fault>(random, [answer(500), { type: 'reset' }, answer(429, { 'retry-after': '1' })]),
      ]),
      relists: [resource],
    },
    api(`${resource}: watches cut off`, of(resource, 'watch'), (random) =>
      Array.from({ length: 5 }, () => ({ type: 'body', change: cutAfter(1 + Math.floor(random() * 5000)) })),
    ),
    api(`${resource}: malformed lines`, of(resource, 'watch'), () => [
      { type: 'body', change: withLines(2, '{"type":"ADDED","object":{"kind":', '\u0000', '{}') },
    ]),
  ]),
  api('API: answers in pieces', any, (random) => [{ type: 'body', change: inPieces(1 + Math.floor(random() * 40)) }]),
  api('API: slow answers', any, () => [{ type: 'body', change: slowly(30_000) }]),
  api('API: 429', any, () => Array.from({ length: 10 }, () => answer(429, { 'retry-after': '1' }))),
  api('API: 500, 502, 503', any, () => [answer(500), answer(502), answer(503), answer(503)]),
  ...network('API', (rig) => rig.apiNetwork),
  {
    name: 'API: restarted',
    begin: async (rig) => {
      await rig.rig.kube.restartApi('SIGKILL');
      return undefined;
    },
    relists: ['*'],
  },
  ...network('NATS', (rig) => rig.nats),
  frozen('NATS: stopped', (rig) => rig.rig.nats),
  {
    name: 'NATS: killed and restarted',
    begin: async (rig, random) => {
      await rig.rig.nats.stop('SIGKILL');
      await wait(random() * 2000);
      await rig.rig.nats.restart();
      return undefined;
    },
  },
  ...network('Redis', (rig) => rig.redis),
  frozen('Redis: stopped', (rig) => rig.rig.redis),
  {
    name: 'Redis: killed and restarted',
    begin: async (rig, random) => {
      await rig.rig.redis.stop('SIGKILL');
      await wait(random() * 2000);
      await rig.rig.redis.restart();
      return undefined;
    },
  },
  ...network('S3', (rig) => rig.s3Network),
  frozen('S3: stopped', (rig) => rig.rig.s3),
  s3('429', { type: 'answer', status: 429, body: '<Error><Code>SlowDown</Code></Error>' }),
  s3('500', { type: 'answer', status: 500, body: '<Error><Code>InternalError</Code></Error>' }),
  s3('403', { type: 'answer', status: 403, body: '<Error><Code>InvalidAccessKeyId</Code></Error>' }),
  s3('reset', { type: 'reset' }),
  s3('answers lost', { type: 'lose-answer' }),
  s3('no answer', { type: 'hang' }),
  ...(['SIGKILL', 'SIGTERM'] as const).map(
    (signal): Calamity => ({
      name: `program: ${signal}, and started again`,
      begin: async (rig) => {
        await rig.program.stop(signal);
        await rig.program.start(rig.config());
        return undefined;
      },
    }),
  ),
  {
    name: 'program: stands still',
    begin: async (rig) => {
      process.kill(rig.program.pid, 'SIGSTOP');
      return () => process.kill(rig.program.pid, 'SIGCONT');
    },
  },
];

/**
 * A while of random faults, alone and together, all from one seed.
 * @returns what they make impossible, and what there was, for the log
 */
export async function chaos(
  rig: FaultRig,
  seed: number,
  seconds: number,
): Promise<{ readonly allowance: Allowance; readonly happened: readonly string[] }> {
  const random = seededRandom(seed);
  const happened: string[] = [];
  const relisted = new Set<string>();
  const end = performance.now() + seconds * 1000;
  let stopping = Promise.resolve();
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const calamity = pick(random, CALAMITIES);
      const lasts = 200 + random() ** 2 * 6000;
      const pause = random() * 1500;
      for (const resource of calamity.relists ?? []) relisted.add(resource);
      happened.push(calamity.name);
      // What stops and starts a process does so alone: two at once would be a fault of the test.
      const mine = stopping.then(() => calamity.begin(rig, random));
      stopping = mine.then(
        () => undefined,
        () => undefined,
      );
      const undo = await mine;
      await wait(lasts);
      undo?.();
      await wait(pause);
    }
  };
  await Promise.all([one(), one()]);
  await stopping;
  rig.heal();
  if (!rig.program.alive) await rig.program.start(rig.config());
  return { allowance: { relisted: [...relisted] }, happened };
}
