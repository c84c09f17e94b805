import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { stringify } from 'yaml';
import type { CheckResult } from '../../src/topology/doctor/report.ts';
import { type Answer, watershard } from '../support/command-line.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { RedisServer } from '../support/servers/redis.ts';
import { S3Server } from '../support/servers/s3.ts';
import { SimulatorServer } from '../support/servers/simulator.ts';
import { makeStream } from '../support/stream-reader.ts';

const folder = temporaryFolder('doctor');
const PASSWORD = 'hunter2-not-shown';

function configuration(config: Record<string, unknown>): string {
  const file = join(folder, 'watershard.yaml');
  writeFileSync(file, stringify(config));
  return file;
}

/** The checks by what they are about: `sink bus`, `rbac pods`. */
function byName(answer: Answer): Map<string, CheckResult[]> {
  const found = new Map<string, CheckResult[]>();
  for (const result of JSON.parse(answer.stdout) as CheckResult[]) {
    const name = `${result.check} ${result.subject}`.trim();
    found.set(name, [...(found.get(name) ?? []), result]);
  }
  return found;
}

describe('doctor', () => {
  let kube: KubeServer;
  let nats: NatsServer;
  let redis: RedisServer;
  let s3: S3Server;
  let http: Server;
  let bodies: string[] = [];

  before(async () => {
    [kube, nats, redis, s3] = await Promise.all([
      KubeServer.start(),
      NatsServer.start(),
      RedisServer.start('--requirepass', PASSWORD),
      S3Server.start('bucket'),
    ]);
    await makeStream(nats.url);
    http = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        bodies.push(body);
        response.end();
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    http?.close();
    await Promise.all([kube, nats, redis, s3].map((server) => server?.stop()));
  });

  function config(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      cluster: { name: 'demo' },
      kubeconfig: kube.kubeconfig,
      watch: { resources: ['pods', 'configmaps', 'deployments.apps'] },
      state: { url: redis.url.replace('redis://', `redis://:${PASSWORD}@`) },
      dataDir: join(folder, 'data'),
      exporters: [
        { name: 'bus', type: 'jetstream', servers: [nats.url], stream: 'K8S' },
        { name: 'plain', type: 'nats', servers: [nats.url], subject: 'k8s.{resource}' },
        {
          name: 'lake',
          type: 'parquet',
          url: 's3://bucket/prefix',
          endpoint: s3.endpoint,
          rotate: { interval: '10s' },
        },
        { name: 'lines', type: 'file', path: join(folder, 'out', 'records.jsonl') },
        { name: 'hook', type: 'http', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/secret-path` },
      ],
      ...changes,
    };
  }

  const doctor = (changes: Record<string, unknown>, ...args: string[]): Promise<Answer> =>
    watershard(['doctor', '-c', configuration(config(changes)), ...args], s3.environment);

  test('finds all well, one line each in order, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await doctor({});
    assert.equal(code, 0, stdout + stderr);
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.slice(0, 15).trimEnd()),
      [
        '✔ configuration',
        '✔ server',
        '✔ credentials',
        '✔ rbac',
        '✔ rbac',
        '✔ rbac',
        '✔ rbac',
        '✔ features',
        '✔ features',
        '✔ clock',
        '✔ sink bus',
        '✔ sink bus',
        '✔ sink plain',
        '✔ sink lake',
        '✔ sink lines',
        '✔ sink hook',
        '✔ state',
        '✔ state',
        '✔ state',
        '✔ state',
        '✔ state',
        lines.at(-1)?.slice(0, 15).trimEnd(),
      ],
      stdout,
    );
    assert.match(stdout, /server +https:\/\/127\.0\.0\.1:\d+ answers, Kubernetes v1\.35/);
    assert.match(stdout, /knows us as admin/);
    assert.match(stdout, /deployments\.apps: list and watch are allowed/);
    assert.match(stdout, /streaming lists work/);
    assert.match(stdout, /takes messages to \S+: it refused one as it was asked to, and nothing is stored/);
    assert.match(stdout, /s3:\/\/bucket\/prefix: an object was stored, read back and removed/);
    assert.match(stdout, /maxmemory-policy is noeviction/);
    assert.match(stdout, /21 checks: 21 well, 0 to look at, 0 failed/);
    assert.doesNotMatch(stdout + stderr, new RegExp(PASSWORD));
    assert.doesNotMatch(stdout, /secret-path/);

    const connection = await connect({ servers: nats.url });
    const info = await (await jetstreamManager(connection)).streams.info('K8S');
    await connection.close();
    assert.deepEqual([info.state.messages, info.state.last_seq], [0, 0]);
    const bucket = join(s3.folder, 'root/bucket');
    const objects = existsSync(bucket) ? readdirSync(bucket, { recursive: true, withFileTypes: true }) : [];
    assert.deepEqual(
      objects.filter((entry) => entry.isFile()).map((entry) => entry.name),
      [],
    );
    assert.ok(!existsSync(join(folder, 'out')) && !existsSync(join(folder, 'data')));
    assert.deepEqual(readdirSync(folder), ['watershard.yaml']);
    assert.deepEqual(bodies, []);
  });

  test('resources that may be watched share a line where there are many', async () => {
    const { code, stdout } = await doctor({ watch: {} });
    assert.equal(code, 0, stdout);
    const lines = stdout.split('\n').filter((line) => /^. rbac/.test(line));
    assert.equal(lines.length, 2, stdout);
    assert.match(lines[1] ?? '', /^✔ rbac +list and watch are allowed: .*configmaps, .*deployments\.apps, /);
  });

  test('tells a kubeconfig that cannot be used, and a plugin that does not answer', async () => {
    const kubeconfig = join(kube.folder, 'plugin.kubeconfig');
    const exec = '{apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ["30"], interactiveMode: Never}';
    writeFileSync(kubeconfig, kube.kubeconfigText(`{exec: ${exec}}`));
    const slow = byName(await doctor({ kubeconfig }, '--json', '--timeout', '1s')).get('server')?.[0];
    assert.match(slow?.text ?? '', /what gives the credentials of the kubeconfig did not answer within 1 s/);
    const missing = byName(await doctor({ kubeconfig: join(kube.folder, 'nowhere') }, '--json'));
    assert.equal(missing.get('server')?.[0]?.code, 'KUBECONFIG_INVALID');
  });

  test('sends a request only where it is asked to', async () => {
    bodies = [];
    const answer = await doctor({}, '--send', '--json');
    assert.equal(answer.code, 0, answer.stdout);
    assert.deepEqual(bodies, ['[]']);
    assert.match(byName(answer).get('sink hook')?.[0]?.text ?? '', /took a request without records: HTTP 200/);
  });

  test('tells each permission that is missing, with the rule to grant', async () => {
    const kubeconfig = join(kube.folder, 'plain.kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText('{token: plain-token}'));
    const role = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
    await kube.must('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
      metadata: { name: 'some' },
      rules: [role, { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    });
    await kube.must('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'some' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'some' },
      subjects: [{ kind: 'User', name: 'plain' }],
    });
    const watch = { resources: ['pods', 'configmaps', 'widgets.example.com'], namespaces: { include: ['default'] } };
    const namespaced = byName(await doctor({ kubeconfig, watch }, '--json'));
    assert.equal(namespaced.get('rbac configmaps@default')?.[0]?.outcome, 'ok');
    const pods = namespaced.get('rbac pods@default')?.[0];
    assert.equal(pods?.outcome, 'failed');
    assert.equal(pods?.text, 'pods: watch is not allowed in namespace default');
    assert.match(pods?.remedy ?? '', /apiGroups: \[""\], resources: \["pods"\].*a Role in default/);
    const others = namespaced.get('rbac') ?? [];
    assert.ok(
      others.some((r) => r.outcome === 'warning' && r.text.startsWith('widgets.example.com: ')),
      JSON.stringify(others),
    );
    assert.ok(others.some((r) => r.outcome === 'warning' && r.text.includes('kube-system cannot be read (403)')));

    const whole = await doctor({ kubeconfig });
    assert.equal(whole.code, 1);
    assert.match(whole.stdout, /^✖ rbac +configmaps: list and watch are not allowed → Grant .*by a ClusterRole/m);
    assert.match(whole.stdout, /^! features +not checked: nothing may be listed and watched/m);
  });

  test('tells a server that is not reached, and goes on with the sinks', async () => {
    const kubeconfig = join(kube.folder, 'nowhere.kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText('{token: x}', `https://127.0.0.1:${await freePort()}`));
    const answer = await doctor({ kubeconfig }, '--json');
    const found = byName(answer);
    assert.equal(answer.code, 1);
    assert.equal(found.get('server')?.[0]?.code, 'API_UNREACHABLE');
    assert.equal(found.get('rbac')?.[0]?.outcome, 'warning');
    assert.equal(found.get('sink bus')?.[0]?.outcome, 'ok');
  });

  test('tells credentials that are refused, and does not show them', async () => {
    const kubeconfig = join(kube.folder, 'wrong.kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText('{token: wrong-token}'));
    const { code, stdout, stderr } = await doctor({ kubeconfig });
    assert.equal(code, 1);
    assert.match(stdout, /^✔ server/m);
    assert.match(stdout, /^✖ credentials .*401.*→ Renew the token/m);
    assert.doesNotMatch(stdout + stderr, /wrong-token/);
  });

  test('tells what is wrong with each sink and with the state', async () => {
    const forgetful = await RedisServer.start('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no');
    try {
      const answer = await doctor(
        {
          state: { url: forgetful.url },
          exporters: [
            { name: 'bus', type: 'jetstream', servers: [nats.url], stream: 'NOWHERE' },
            { name: 'made', type: 'jetstream', servers: [nats.url], stream: 'NEW', createStream: true },
            { name: 'other', type: 'jetstream', servers: [nats.url], stream: 'K8S', subject: 'other.{kind}' },
            { name: 'away', type: 'nats', servers: [`nats://127.0.0.1:${await freePort()}`], subject: 'a' },
            { name: 'lake', type: 'parquet', url: 's3://nobucket/x', endpoint: s3.endpoint, region: 'us-east-1' },
            { name: 'lines', type: 'file', path: folder },
            { name: 'hook', type: 'http', url: `http://127.0.0.1:${await freePort()}/` },
          ],
        },
        '--json',
      );
      assert.equal(answer.code, 1);
      const found = byName(answer);
      const told = (name: string): string => {
        const [result] = found.get(name) ?? [];
        return `${result?.outcome} ${result?.code ?? ''} ${result?.text}`;
      };
      assert.match(told('sink bus'), /^failed EXPORTER_TARGET_MISSING .*nats stream add NOWHERE/);
      assert.match(told('sink made'), /^ok .*NEW is not there yet, and createStream makes it/);
      assert.match(told('sink other'), /^failed EXPORTER_MISCONFIGURED .*take none of ours/);
      assert.match(told('sink away'), /^failed EXPORTER_UNREACHABLE /);
      assert.match(told('sink lake'), /^failed EXPORTER_TARGET_MISSING /);
      assert.match(told('sink lines'), /^failed .*is a folder/);
      assert.match(told('sink hook'), /^failed EXPORTER_UNREACHABLE /);
      const state = found.get('state redis') ?? [];
      assert.ok(state.some((r) => r.code === 'STATE_EVICTING' && r.outcome === 'failed'));
      assert.ok(state.some((r) => r.outcome === 'warning' && /neither appendonly nor save/.test(r.text)));
      const connection = await connect({ servers: nats.url });
      const names: string[] = [];
      for await (const { config } of (await jetstreamManager(connection)).streams.list()) names.push(config.name);
      await connection.close();
      assert.deepEqual(names, ['K8S']);
    } finally {
      await forgetful.stop();
    }
  });

  test('ends in its time where nothing answers', async () => {
    redis.signal('SIGSTOP');
    try {
      const answer = await doctor({}, '--json', '--timeout', '1s');
      assert.equal(answer.code, 1);
      assert.match(byName(answer).get('state redis')?.[0]?.text ?? '', /did not answer within 1 s/);
    } finally {
      redis.signal('SIGCONT');
    }
  });

  test('tries to list and watch where no reviews are served', async () => {
    const simulator = await SimulatorServer.start(['--objects', '10']);
    try {
      const answer = await doctor({ kubeconfig: simulator.kubeconfig }, '--json');
      assert.equal(answer.code, 0, answer.stdout);
      assert.equal(byName(answer).get('rbac pods')?.[0]?.text, 'pods: list and watch are allowed');
    } finally {
      await simulator.stop();
    }
  });

  test('tells an API server that refuses streaming lists', async () => {
    const old = await KubeServer.start({ oldEtcd: true });
    try {
      const [lists] = byName(await doctor({ kubeconfig: old.kubeconfig }, '--json')).get('features') ?? [];
      assert.equal(lists?.outcome, 'warning');
      assert.match(lists?.text ?? '', /streaming lists (are refused|do not end)/);
    } finally {
      await old.stop();
    }
  });

  test('tells a clock that is off', async () => {
    const offset = join(kube.folder, 'clock');
    writeFileSync(offset, '60000');
    const clock = new URL('../fixtures/shifted-clock.mjs', import.meta.url).href;
    const file = configuration(config());
    const answer = await watershard(['doctor', '-c', file, '--json'], {
      ...s3.environment,
      NODE_OPTIONS: `--import ${clock}`,
      CLOCK_FILE: offset,
    });
    const [clockCheck] = byName(answer).get('clock') ?? [];
    assert.equal(clockCheck?.outcome, 'warning', answer.stdout + answer.stderr);
    assert.match(clockCheck?.text ?? '', /this clock is (59|60|61) s ahead of that of the API server/);
  });

  test('a configuration that is wrong ends with 2, as an array too', async () => {
    const file = configuration({ ...config(), workers: 'two' });
    const lines = await watershard(['doctor', '-c', file]);
    assert.equal(lines.code, 2);
    assert.match(lines.stderr, /^error CONFIG_INVALID/);
    const json = await watershard(['doctor', '-c', file, '--json']);
    assert.equal(json.code, 2);
    const [result] = JSON.parse(json.stdout) as CheckResult[];
    assert.deepEqual([result?.check, result?.outcome, result?.code], ['configuration', 'failed', 'CONFIG_INVALID']);
  });
});
