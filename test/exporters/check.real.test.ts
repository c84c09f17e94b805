import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CheckContext } from '../../src/exporters/exporter-type.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { type Finding, thrown } from '../../src/model/finding.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { NatsCluster, NatsServer } from '../support/servers/nats.ts';
import { makePki } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

function context(send = false, write = false): CheckContext {
  const logger = createLogger('silent', false);
  return {
    name: 'sink',
    cluster: 'demo',
    signal: AbortSignal.timeout(10_000),
    send,
    write,
    logger,
    metrics: createMetrics(),
  };
}

describe('the check of a JetStream exporter', () => {
  let nats: NatsServer;
  before(async () => {
    nats = await NatsServer.start(`
      authorization { users: [
        { user: all, password: p }
        { user: mute, password: p, permissions: { publish: { deny: "k8s.>" } } }
      ] }`);
    const connection = await connect({ servers: nats.url, user: 'all', pass: 'p' });
    const { streams } = await jetstreamManager(connection);
    await streams.add({ name: 'K8S', subjects: ['k8s.>'] });
    await streams.add({ name: 'FULL', subjects: ['full.>'], max_msgs: 10, discard: DiscardPolicy.New });
    for (let i = 0; i < 10; i++) await connection.request('full.x', 'x');
    await connection.close();
  });
  after(() => nats.stop());

  async function check(changes: Record<string, unknown>): Promise<readonly Finding[]> {
    const user = { user: 'all', password: 'p' };
    const settings = { name: 'sink', type: 'jetstream', servers: [nats.url], stream: 'K8S', ...user, ...changes };
    const config = EXPORTERS.jetstream.config.parse(settings);
    return await EXPORTERS.jetstream.check(config, context()).catch((e: unknown) => [thrown(e)]);
  }
  const failures = (findings: readonly Finding[]): string[] =>
    findings.filter((f) => f.outcome === 'failed').map((f) => f.text);

  test('tells a user that may not publish, and one that is not known', async () => {
    const mute = await check({ user: 'mute' });
    assert.match(failures(mute).join(), /publishing to k8s\.demo\.\S+ got no answer of the stream: .*[Pp]ermission/);
    const [unknown] = await check({ user: 'nobody' });
    assert.equal(unknown?.code, 'EXPORTER_REFUSED');
  });

  test('tells a stream that is full and refuses what is new', async () => {
    const findings = await check({ stream: 'FULL', subject: 'full.{kind}' });
    assert.deepEqual(
      findings.map((f) => f.outcome),
      ['ok', 'warning', 'ok'],
      JSON.stringify(findings),
    );
    assert.match(findings[1]?.text ?? '', /stream FULL is at 100 % of its limit/);
  });

  test('looks for the object store of claim checks', async () => {
    assert.match(
      failures(await check({ oversize: 'claim-check' })).join(),
      /object store watershard-claims for records that are too large is not there/,
    );
    assert.deepEqual(failures(await check({ oversize: 'claim-check', claimCheck: { create: true } })), []);
  });
});

// A condition on the last message id, which is the obvious way, stopped the stream for good (nats-server 2.15.2).
test('the check of a JetStream exporter stores nothing in, and does not harm, a stream of three copies', async (t) => {
  const trio = await NatsCluster.start();
  const connection = await connect({ servers: trio.urls });
  t.after(async () => {
    await connection.close();
    await trio.stop();
  });
  // It has no leader for a moment.
  const { streams } = await until('JetStream answers', () => jetstreamManager(connection));
  await until('the stream is made', () => streams.add({ name: 'K8S', subjects: ['k8s.>'], num_replicas: 3 }));
  await connection.request('k8s.x', 'x', { timeout: 20_000 });
  const settings = { name: 'sink', type: 'jetstream', servers: trio.urls, stream: 'K8S' };
  const findings = await EXPORTERS.jetstream.check(EXPORTERS.jetstream.config.parse(settings), context());
  assert.deepEqual(
    findings.map((f) => f.outcome),
    ['ok', 'ok'],
    JSON.stringify(findings),
  );
  assert.match(findings[1]?.text ?? '', /nothing is stored/);
  const { state } = await streams.info('K8S');
  assert.deepEqual([state.messages, state.last_seq], [1, 1]);
  await connection.request('k8s.x', 'y', { timeout: 20_000 });
  assert.equal((await streams.info('K8S')).state.messages, 2);
});

describe('the check of an HTTP exporter', () => {
  test('tells a server that is not trusted, and one that does not want the address', async (t) => {
    const pki = temporaryFolder('check-pki');
    makePki(pki);
    const read = (name: string): Buffer => readFileSync(join(pki, name));
    let status = 404;
    const server = createServer({ cert: read('apiserver.crt'), key: read('apiserver.key') }, (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(status).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/secret`;
    const check = async (changes: Record<string, unknown>, send: boolean): Promise<Finding | undefined> => {
      const config = EXPORTERS.http.config.parse({ name: 'sink', type: 'http', url, ...changes });
      const [found] = await EXPORTERS.http.check(config, context(send)).catch((e: unknown) => [thrown(e)]);
      return found;
    };
    const tls = { ca: join(pki, 'ca.crt') };
    const distrusted = await check({}, false);
    assert.equal(distrusted?.outcome, 'failed');
    assert.match(distrusted?.text ?? '', /TLS with https:\/\/127\.0\.0\.1:\d+: .*certificate/);
    assert.equal((await check({ tls }, false))?.outcome, 'ok');
    const missing = await check({ tls }, true);
    assert.deepEqual([missing?.outcome, missing?.code], ['failed', 'EXPORTER_TARGET_MISSING']);
    status = 422;
    assert.equal((await check({ tls }, true))?.outcome, 'warning');
    status = 204;
    assert.equal((await check({ tls }, true))?.outcome, 'ok');
    assert.equal((await check({ tls, format: 'single' }, true))?.outcome, 'ok');
  });
});
