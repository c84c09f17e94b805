import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { seededRandom } from '../support/workload.ts';
import { FaultRig } from './fault-rig.ts';
import { scenarios } from './scenario.ts';

/** How often the program is killed; more for a longer look. */
const KILLS = Number(process.env.WATERSHARD_KILLS ?? 12);
const JUDGED_EVERY = 20;
const CLOCK = fileURLToPath(new URL('../fixtures/shifted-clock.mjs', import.meta.url));
const HOUR = 3_600_000;

/** Of most objects it reads nothing; of two kinds of object it is the end of the thread (test/topology/worker-crash.real.test.ts). */
const POISON_RULE = {
  resources: ['configmaps'],
  extract: {
    words: "object.data.outer.split(',').map(w, object.data.inner.split(','))",
    found: "object.data.many.split(',').exists(w, w + 'z' in object.data.long.split(','))",
  },
};
const OUT_OF_MEMORY = { outer: ','.repeat(20_000), inner: ','.repeat(200_000) };
const ENDLESS = { many: ','.repeat(200_000), long: ','.repeat(200_000) };

describe('faults of the process', () => {
  let rig: FaultRig;
  before(async () => {
    rig = await FaultRig.start({
      seed: 5,
      settings: { drain: { timeout: '2s' } },
    });
    await rig.begin();
    // Before the first commit there is nothing to go on from.
    await rig.verdict({ relisted: ['*'] });
  });
  after(() => rig.stop());

  const fault = scenarios(() => rig);

  fault(`SIGKILL ${KILLS} times: at each boundary of the stages, while it starts, and at random`, async () => {
    const random = seededRandom(11);
    /** Waits until each stream is committed further than it is now. */
    const progress = async (): Promise<void> => {
      const positions = async (): Promise<Map<string, string>> =>
        new Map((await rig.program.status()).streams.map((s) => [s.id, s.resourceVersion]));
      await until('streams', async () => (await positions()).size === 4);
      const now = await positions();
      await until('commits', async () => [...(await positions())].every(([id, version]) => now.get(id) !== version));
    };
    const { nats, s3, redis } = rig.rig;
    /** A server that stands still holds everything up just before it. */
    const before = (server: { signal(signal: NodeJS.Signals): void }, ms: number) => async (): Promise<void> => {
      server.signal('SIGSTOP');
      try {
        await wait(ms * random());
        await rig.program.kill();
      } finally {
        server.signal('SIGCONT');
      }
    };
    const moments = [
      before(nats, 800), // read, and not stored by JetStream
      before(s3, 3000), // stored by JetStream, and not in the table
      before(redis, 1500), // stored by both, and not committed
      async () => {
        rig.redis.delay(1500); // committed, and not known to be
        await wait(1000 + 1000 * random());
        await rig.program.kill();
        rig.redis.heal();
      },
      async () => {
        await rig.program.kill();
        await rig.program.start(rig.config());
        await wait(300 + 900 * random()); // while it begins
        await rig.program.kill();
      },
      async () => {
        await wait(2500 * random());
        await rig.program.kill();
      },
    ];
    for (let i = 0; i < KILLS; i++) {
      rig.load.start();
      await moments[i % moments.length]?.();
      await rig.program.start(rig.config());
      // Not always until it is ready: it may be killed again before.
      if (i % 3 !== 2) await rig.program.ready();
      // Killed again and again before its first commit it would send the same for longer than JetStream remembers ids.
      if (i % 3 === 1) await progress();
      if (i % JUDGED_EVERY === JUDGED_EVERY - 1) await rig.verdict();
    }
    await rig.verdict();
  });

  const dead = {
    JetStream: () => rig.nats,
    S3: () => rig.s3Network,
    Redis: () => rig.redis,
  };
  for (const [name, proxy] of Object.entries(dead)) {
    fault(`SIGTERM under load while ${name} does not answer: it ends in time, and the rest is sent later`, async () => {
      proxy().blackhole(true);
      await rig.load.writes(100);
      await wait(2500); // longer than a rotation
      // A pod has 30 s by default for a drain of 25 s; here it is one of 2 s.
      assert.equal(await rig.program.stop('SIGTERM', 7), 1);
      assert.match(rig.program.log, /not everything was delivered within the grace period/);
      proxy().reset();
      rig.heal();
      await rig.load.writes(50);
      await rig.run();
      // Judged with the last of them.
      if (name === 'Redis') await rig.verdict();
    });
  }

  fault('poisonous objects under load, with a dead sink, and killed in the middle', async () => {
    const setAside = new Set<string>();
    const create = async (name: string, data: Record<string, string>): Promise<void> => {
      const made = await rig.rig.kube.must('POST', '/api/v1/namespaces/alpha/configmaps', { metadata: { name }, data });
      setAside.add(made.metadata.uid as string);
    };
    const poisonous = (): Promise<number> =>
      rig.counter('watershard_records_quarantined_total', /configmaps.*OBJECT_POISONOUS/);
    const [rule] = rig.config().rules as unknown[];
    const changes = { rules: [rule, POISON_RULE], flow: { taskTimeout: '3s', workerHeap: '96MiB' } };
    await rig.program.stop();
    await rig.run(changes);
    rig.nats.blackhole(true);
    await create('poison-memory', OUT_OF_MEMORY);
    await create('poison-endless', ENDLESS);
    await until('a thread has ended', async () => (await rig.counter('watershard_shard_restarts_total')) > 0);
    await rig.program.kill();
    await rig.program.start(rig.config(changes));
    rig.nats.reset();
    rig.heal();
    await until('both are set aside', async () => (await poisonous()) >= 2);
    await rig.program.kill();
    await create('poison-more', OUT_OF_MEMORY);
    await rig.run(changes);
    await rig.verdict({ setAside });
    assert.match(rig.program.log, /"key":"alpha\/poison-memory"/);
  });

  fault('two instances: the first stands still past its lease, the second takes over, the first wakes up', async () => {
    const state = { url: `redis://127.0.0.1:${rig.redis.port}/0`, lease: { ttl: '2s' } };
    const second = new Watershard(rig.rig.s3.environment);
    try {
      await rig.program.stop();
      await rig.run({ state });
      // It stands still with an open file, and with messages that are not answered.
      rig.nats.delay(300);
      await second.start(rig.config({ state }));
      await until('the second says why it waits', async () =>
        (await second.status()).reasons.join().includes('held by'),
      );
      process.kill(rig.program.pid, 'SIGSTOP');
      await second.ready();
      rig.nats.heal();
      const stored = async (): Promise<number> =>
        Number(/watershard_exporter_files_total\{[^}]*\} (\d+)/.exec(await second.metrics())?.[1] ?? 0);
      await until('the second has stored files', async () => (await stored()) >= 4);
      process.kill(rig.program.pid, 'SIGCONT');
      assert.equal(await rig.program.exited(), 1, 'the first ends');
      assert.match(rig.program.log, /error STATE_HELD[\s\S]*what to do: Stop the other instance/);
      await rig.load.writes(100);
      await second.stop();
      await rig.run();
      await rig.verdict();
    } finally {
      await second.kill();
    }
  });

  fault('the clock jumps by hours, forwards and back', async () => {
    const file = join(rig.program.folder, 'clock');
    const env = { NODE_OPTIONS: `--import=${CLOCK}`, CLOCK_FILE: file };
    const set = (hours: number): void => writeFileSync(file, String(hours * HOUR));
    set(0);
    await rig.program.stop();
    await rig.program.start(rig.config(), 'run', env);
    await rig.program.ready();
    for (const hours of [2, -2, 26, 0]) {
      rig.load.start();
      await rig.load.writes(50);
      set(hours);
      await rig.load.writes(100);
      if (hours === -2) {
        rig.nats.reset();
        await rig.program.kill();
        await rig.program.start(rig.config(), 'run', env);
      }
      await rig.verdict();
      const samples = (await rig.program.metrics())
        .split('\n')
        .filter((line) => /^watershard_\w+(?<!_timestamp)_seconds(_sum)?[ {]/.test(line))
        .map((line) => [line, Number(line.slice(line.lastIndexOf(' ') + 1))] as const);
      assert.ok(samples.length > 5);
      assert.deepEqual(
        samples.filter(([, value]) => !(value >= 0 && value < 1800)).map(([line]) => line),
        [],
        'a duration that a clock has made',
      );
    }
  });
});
