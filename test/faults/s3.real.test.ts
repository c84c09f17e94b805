import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { slowly } from './bodies.ts';
import { FaultRig } from './fault-rig.ts';
import type { Fault, ProxiedRequest } from './http-proxy.ts';
import { scenarios } from './scenario.ts';

const MIB = 2 ** 20;

const answer = (status: number, code: string): Fault => ({
  type: 'answer',
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}, says the test</Message></Error>`,
});
const SLOW_DOWN = answer(503, 'SlowDown');
const TOO_MANY = answer(429, 'TooManyRequests');
const BROKEN = answer(500, 'InternalError');
const RESET: Fault = { type: 'reset' };
const TIMEOUT: Fault = { type: 'hang' };
const LOST_ANSWER: Fault = { type: 'lose-answer' };

/** Requests of S3, by what they do. */
const is =
  (method: string, ...queries: (string | RegExp)[]) =>
  (request: ProxiedRequest): boolean => {
    const { pathname, searchParams } = new URL(request.url, 'http://proxy');
    const names = [...searchParams.keys()];
    const fits = (q: string | RegExp): boolean => (typeof q === 'string' ? names.includes(q) : q.test(pathname));
    return request.method === method && queries.every(fits);
  };
const not =
  (when: (request: ProxiedRequest) => boolean, ...names: string[]) =>
  (request: ProxiedRequest): boolean =>
    when(request) && !names.some((name) => new URL(request.url, 'http://proxy').searchParams.has(name));
const STEPS = {
  put: not(is('PUT', /\.parquet$/), 'uploadId'),
  create: is('POST', 'uploads'),
  part: is('PUT', 'partNumber'),
  complete: is('POST', 'uploadId'),
  abort: is('DELETE', 'uploadId'),
  list: is('GET', 'list-type'),
  uploads: is('GET', 'uploads'),
  remove: not(is('DELETE'), 'uploadId'),
  read: is('GET', /\.json$/),
};

describe('faults of S3', () => {
  let rig: FaultRig;
  let s3: S3Client;
  const bulk: string[] = [];

  before(async () => {
    rig = await FaultRig.start();
    const { endpoint, region, accessKeyId, secretAccessKey } = rig.rig.s3;
    s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    await rig.begin(200, { exporters: exporters() });
    for (let i = 0; i < 12; i++) {
      const name = `bulk-${i}`;
      await rig.rig.kube.must('POST', '/api/v1/namespaces/alpha/configmaps', { metadata: { name }, data: {} });
      bulk.push(`/api/v1/namespaces/alpha/configmaps/${name}`);
    }
  });
  after(async () => {
    s3?.destroy();
    await rig.stop();
  });

  function exporters(changes: Record<string, unknown> = {}): Record<string, unknown>[] {
    const [bus, lake] = rig.config().exporters as Record<string, unknown>[];
    return [bus as Record<string, unknown>, { ...lake, requestTimeout: '2s', partSize: '5MiB', ...changes }];
  }

  const fault = scenarios(() => rig);

  /** 12 objects of about 950 KB that cannot be compressed: a file of more than one part, if no rotation comes in between. */
  async function writeBulk(): Promise<void> {
    const write = (path: string) =>
      rig.rig.kube.must('PATCH', path, { data: { noise: randomBytes(700_000).toString('base64') } });
    await Promise.all(bulk.map(write));
  }

  /** Writes as much again where a rotation came in between. */
  async function bulkUntil(what: string, check: () => boolean): Promise<void> {
    await until(what, async () => {
      await writeBulk();
      return await until(what, check, 10).catch(() => false);
    });
  }

  async function verdict(): Promise<void> {
    await rig.verdict();
    const { Uploads: uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }));
    assert.deepEqual(uploads, [], 'no upload is left open');
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
    const usual =
      /^prefix\/changes\/cluster=demo\/resource=[\w.]+\/(_schema\.json|_attempts\/.*\.json|date=[\d-]+\/[^/]+\.parquet)$/;
    assert.deepEqual(
      objects.map(({ Key = '' }) => Key).filter((key) => !usual.test(key)),
      [],
    );
  }

  /** These faults of one step, one after the other. @returns whether each has struck */
  function strike(step: keyof typeof STEPS, ...faults: readonly Fault[]): () => boolean {
    const struck = faults.map((fault) => rig.s3.add({ when: STEPS[step], times: 1, fault }));
    return () => struck.every((s) => s() === 1);
  }

  fault('PutObject fails, in every way', async () => {
    const struck = strike('put', SLOW_DOWN, TOO_MANY, BROKEN, RESET, TIMEOUT, LOST_ANSWER);
    await rig.notReady(/lake: EXPORTER_UNREACHABLE: storing s3:\/\/bucket\/prefix\/changes\/.*\.parquet: /);
    assert.equal(await rig.counter('watershard_exporter_connected', /"lake"/), 0);
    await until('each fault strikes', struck);
    await verdict();
    assert.equal(await rig.counter('watershard_exporter_connected', /"lake"/), 1);
  });

  for (const [step, faults, abortFaults] of [
    ['create', [SLOW_DOWN, BROKEN, TIMEOUT, LOST_ANSWER], []],
    ['part', [SLOW_DOWN, RESET, TIMEOUT, LOST_ANSWER], [BROKEN, RESET, LOST_ANSWER]],
    ['complete', [answer(200, 'InternalError'), BROKEN, RESET, LOST_ANSWER], []],
  ] as const) {
    const also = abortFaults.length > 0 ? ', and it cannot be aborted either' : '';
    fault(`the ${step} request of a file in parts fails, in every way${also}`, async () => {
      const steps = [strike(step, ...faults), strike('abort', ...abortFaults)];
      await bulkUntil('each fault strikes', () => steps.every((struck) => struck()));
      await verdict();
    });
  }

  fault(
    'killed in the middle of an upload and before a commit; what is left is looked for through faults',
    async () => {
      rig.s3.add({ when: STEPS.abort, fault: TIMEOUT });
      const part = rig.s3.add({ when: STEPS.part, fault: TIMEOUT });
      await bulkUntil('an upload is open', () => part() > 0);
      const lost = rig.s3.add({ when: STEPS.put, fault: LOST_ANSWER });
      await until('files are stored, and not known to be', () => lost() >= 3);
      await rig.program.kill();
      rig.heal();
      const steps = [
        strike('list', SLOW_DOWN, BROKEN, RESET, TIMEOUT),
        strike('uploads', BROKEN, RESET),
        strike('read', SLOW_DOWN, RESET),
        strike('remove', BROKEN, RESET, LOST_ANSWER),
        strike('abort', SLOW_DOWN, LOST_ANSWER),
      ];
      await rig.run({ exporters: exporters() });
      await until('each fault strikes', () => steps.every((struck) => struck()));
      await verdict();
      assert.match(rig.program.log, /unfinished uploads of an earlier run are removed/);
    },
  );

  fault('a network that takes 2 MB a second', async () => {
    const retries = await rig.counter('watershard_exporter_retries_total', /"lake"/);
    const slow = rig.s3.add({
      when: ({ method }) => method === 'PUT',
      fault: { type: 'upload', change: slowly(2 * MIB) },
    });
    const before = rig.s3.requests.length;
    await bulkUntil('a file went in parts', () => rig.s3.requests.slice(before).some((r) => STEPS.complete(r)));
    assert.ok(slow() > 0);
    await verdict();
    assert.equal(await rig.counter('watershard_exporter_retries_total', /"lake"/), retries);
  });

  fault('connections that carry nothing', async () => {
    rig.s3Network.blackhole(true);
    await rig.notReady(/lake: EXPORTER_UNREACHABLE: .*it was not done within \d+ s/);
    await verdict();
  });

  fault('credentials are refused for a while', async () => {
    for (const code of ['InvalidAccessKeyId', 'SignatureDoesNotMatch']) {
      rig.s3.clear();
      rig.s3.add({ when: () => true, fault: answer(403, code) });
      await rig.notReady(new RegExp(`lake: EXPORTER_REFUSED: .*${code}`));
    }
    await verdict();
  });

  fault('S3 stands still for longer than a rotation: memory is bounded, and watches are not read', async () => {
    await rig.program.stop();
    await rig.run({ exporters: exporters({ memory: '4MiB' }), flow: { bytesInFlight: '8MiB' } });
    const waits = await rig.counter('watershard_credit_waits_total');
    rig.rig.s3.signal('SIGSTOP');
    try {
      await rig.notReady(/lake: EXPORTER_UNREACHABLE/);
      for (let i = 0; i < 2; i++) await writeBulk();
      await until('credit is waited for', async () => (await rig.counter('watershard_credit_waits_total')) > waits);
      const { totals } = await rig.program.status();
      await wait(3000);
      const { credits, exporters: sinks, totals: later } = await rig.program.status();
      assert.ok(later.bytes - totals.bytes < MIB, `${later.bytes - totals.bytes} bytes were read meanwhile`);
      const lake = sinks.find((e) => e.name === 'lake')?.status;
      const held = Number(lake?.openBytes) + Number(lake?.storingBytes);
      assert.ok(credits.inFlight <= 10 * MIB && held <= 8 * MIB, `${credits.inFlight} and ${held} bytes are held`);
    } finally {
      rig.rig.s3.signal('SIGCONT');
    }
    await verdict();
  });

  describe('at the start', () => {
    /** A second program, which writes to another place. */
    async function other(bucket: string, env: Record<string, string>): Promise<Watershard> {
      const program = new Watershard({ ...rig.rig.s3.environment, ...env });
      await program.start({
        cluster: { name: 'other' },
        kubeconfig: rig.rig.kube.kubeconfig,
        watch: { resources: ['pods'] },
        exporters: [
          {
            name: 'lake',
            type: 'parquet',
            url: `s3://${bucket}/prefix`,
            endpoint: rig.rig.s3.endpoint,
            rotate: { interval: '1s' },
          },
        ],
      });
      return program;
    }

    async function said(program: Watershard, reason: RegExp): Promise<void> {
      let last = '';
      await until(
        () => `/readyz says ${reason}; it said: ${last}`,
        async () => {
          const response = await fetch(`${program.url}/readyz`);
          last = `${response.status} ${await response.text()}`;
          return response.status === 503 && reason.test(last);
        },
      );
    }

    test('wrong credentials are told, without them', async () => {
      const program = await other('bucket', { AWS_SECRET_ACCESS_KEY: 'not-this-one' });
      try {
        await said(program, /lake: EXPORTER_REFUSED: listing s3:\/\/bucket\/prefix\/: .*SignatureDoesNotMatch/);
        assert.match(program.log, /"level":40.*EXPORTER_REFUSED/);
        assert.doesNotMatch(program.log + JSON.stringify(await program.status()), /not-this-one/);
      } finally {
        await program.kill();
      }
    });

    test('a bucket that is made later', async () => {
      const program = await other('later', {});
      try {
        await said(program, /lake: EXPORTER_TARGET_MISSING: listing s3:\/\/later\/prefix\//);
        rig.rig.s3.makeBucket('later');
        await program.ready();
        const count = "SELECT count(*)::INT AS n FROM read_parquet('s3://later/prefix/changes/**/*.parquet')";
        await until('rows are there', async () => Number((await rig.rig.query<{ n: number }>(count))[0]?.n) > 0);
      } finally {
        await program.kill();
      }
    });
  });
});
