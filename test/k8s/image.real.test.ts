import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tool } from '../../tools/servers/k8s-tools.mjs';
import { CHART, Helm, only, values } from '../support/helm.ts';
import { contained, ImageBuild, type ImageConfig, nativeFiles, noBuildah, PLATFORMS } from '../support/image-build.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { freePort, ServerProcess } from '../support/servers/process.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';

const DOCKERFILE = fileURLToPath(new URL('../../Dockerfile', import.meta.url));
const TAG = 'localhost/watershard:test';

test('hadolint finds nothing in the Dockerfile', () => {
  const lint = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(tool('hadolint'), args, { encoding: 'utf8', input: 'FROM debian\nRUN cd /tmp\n' });
  const own = lint(DOCKERFILE);
  assert.equal(own.status, 0, own.stdout + own.stderr);
  assert.match(lint('-').stdout, /DL3006/, 'it would find something');
});

for (const { arch, emulator } of PLATFORMS)
  describe(`image for ${arch}`, { skip: noBuildah(arch) ?? false }, () => {
    const image = new ImageBuild(arch);
    let config: ImageConfig;
    let root: string;
    let kube: KubeServer;
    let nats: NatsServer;

    before(async () => {
      [kube, nats] = await Promise.all([KubeServer.start(), NatsServer.start()]);
      await makeStream(nats.url);
      image.bases();
      image.build(TAG, { VENDOR_CLIENTS: '@platformatic/kafka', VERSION: '0.1.0', REVISION: 'abc' });
      config = image.config(TAG);
      root = image.mount(TAG);
      // The base images that people use have no shell.
      for (const shell of ['sh', 'bash', 'dash']) rmSync(join(root, 'bin', shell), { force: true });
    });
    after(async () => {
      image.remove();
      await Promise.all([kube?.stop(), nats?.stop()]);
    });

    test('every native file of it is for its architecture', () => {
      assert.equal(config.architecture, arch);
      const found = nativeFiles(root);
      const program = [...found.keys()].filter(
        (path) => !path.startsWith('/usr/lib/') || path.endsWith('/libatomic.so.1'),
      );
      for (const name of ['/usr/local/bin/node', '/usr/lib/libatomic.so.1', '.node'])
        assert.ok(
          program.some((path) => path.endsWith(name)),
          `${name} is not among ${program.join(' ')}`,
        );
      assert.deepEqual(
        [...found].filter(([, machine]) => machine !== arch),
        [],
      );
    });

    test('says who made it, as whom it runs, and how to ask for its health', () => {
      assert.equal(config.User, '10001:10001');
      assert.equal(config.Labels['org.opencontainers.image.version'], '0.1.0');
      assert.equal(config.Labels['org.opencontainers.image.revision'], 'abc');
      assert.equal(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
      assert.equal(config.Labels['org.opencontainers.image.base.name'], 'localhost/runtime');
      assert.equal(config.Healthcheck.Test[0], 'CMD');
      assert.ok(config.Entrypoint[0]!.startsWith('/'), 'no shell is asked to find it');
      assert.ok(config.Env.includes('MALLOC_ARENA_MAX=2'), 'bounds what the C library keeps');
      assert.deepEqual(config.Cmd, ['run', '--config', '/etc/watershard/watershard.yaml']);
    });

    test('has what production needs, the clients that were asked for, and nothing else', () => {
      const program = join(root, 'opt/watershard');
      const has = (name: string): boolean => existsSync(join(program, name));
      assert.deepEqual(readdirSync(program).sort(), [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'bin',
        'dist',
        'node_modules',
        'package.json',
      ]);
      assert.deepEqual(readdirSync(join(program, 'dist')).sort(), ['src', 'workers']);
      const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
        dependencies: object;
        peerDependencies: object;
      };
      for (const name of Object.keys(manifest.dependencies))
        assert.ok(has(`node_modules/${name}`), `${name} is missing`);
      // The latter comes with prom-client.
      const asked = ['@platformatic/kafka', '@opentelemetry/api'];
      for (const name of Object.keys(manifest.peerDependencies))
        assert.equal(has(`node_modules/${name}`), asked.includes(name), name);
      for (const tool of ['typescript', '@biomejs/biome', '@duckdb/node-api', 'protobufjs-cli', 'fast-check'])
        assert.ok(!has(`node_modules/${tool}`), tool);
      for (const secret of ['root/.npmrc', 'opt/watershard/.npmrc', 'root/.npm']) {
        const found = join(root, secret);
        assert.ok(!existsSync(found) || (statSync(found).isDirectory() && readdirSync(found).length === 0), secret);
      }
    });

    test('streams as the chart runs it, on a read-only root, as nobody in particular, without a shell', async () => {
      const port = await freePort();
      const folder = (name: string): string => {
        mkdirSync(join(image.folder, name));
        return join(image.folder, name);
      };
      const [data, settings, account] = ['data', 'settings', 'account'].map(folder) as [string, string, string];
      chownSync(data, 10_001, 10_001);
      const bus = { name: 'bus', type: 'jetstream', servers: [nats.url], stream: 'K8S' };
      const given = values(
        { watch: { resources: ['configmaps'] }, exporters: [bus], workers: 1 },
        { ops: { host: '127.0.0.1', port } },
      );
      const helm = new Helm(kube.kubeconfig);
      helm.run(['install', 'w', CHART, '--namespace', 'ns', '--create-namespace'], given);
      const manifests = helm.template(given);
      const [container] = only(manifests, 'StatefulSet').spec.template.spec.containers;
      writeFileSync(join(settings, 'watershard.yaml'), only(manifests, 'ConfigMap').data['watershard.yaml']);
      // What a kubelet gives a pod of the service account.
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const { status } = await kube.must('POST', '/api/v1/namespaces/ns/serviceaccounts/w-watershard/token', request);
      writeFileSync(join(account, 'token'), status.token);
      copyFileSync(kube.ca, join(account, 'ca.crt'));
      const mounts: Record<string, string> = { '/run/secrets/kubernetes.io/serviceaccount': account };
      for (const { name, mountPath } of container.volumeMounts as { name: string; mountPath: string }[])
        if (name !== 'tmp') mounts[mountPath] = name === 'data' ? data : settings;
      for (const path of Object.keys(mounts)) mkdirSync(join(root, path), { recursive: true });
      if (emulator !== undefined) {
        mounts['/emulator'] = emulator;
        writeFileSync(join(root, 'emulator'), '');
      }
      const started = emulator === undefined ? [] : ['/emulator'];
      const within = (command: readonly string[]) => contained(root, config.User, mounts, [...started, ...command]);
      const env = {
        OPS_PORT: String(port),
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(kube.port),
        KUBECONFIG: '',
        HOME: '/nowhere',
      };
      const health = (): number | null => {
        const { command, args } = within(config.Healthcheck.Test.slice(1));
        return spawnSync(command, args, { env: { ...process.env, ...env } }).status;
      };
      assert.equal(health(), 1);

      const program = new ServerProcess('watershard', image.folder);
      const start = (): void => {
        const { command, args } = within([...config.Entrypoint, ...container.args]);
        program.start(command, args, env);
      };
      const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
      start();
      try {
        await program.ready(ready);
        assert.equal(health(), 0);
        const self = readFileSync(`/proc/${program.pid}/status`, 'utf8');
        assert.match(self, /^Uid:\t10001\t10001/m);
        assert.match(self, /^CapEff:\t0+$/m);
        assert.match(self, /^NoNewPrivs:\t1$/m);
        await kube.must('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'one' } });
        await seen('CREATED', 'one');

        await program.stop('SIGTERM');
        assert.match(program.tail(), /"msg":"stopped"|delivered/);
        assert.ok(readdirSync(data).length > 0, 'the state is on the volume');
        await kube.must('DELETE', '/api/v1/namespaces/default/configmaps/one');
        start();
        await program.ready(ready);
        await seen('DELETED', 'one');
      } finally {
        await program.stop('SIGTERM');
      }
    });

    async function seen(operation: string, name: string): Promise<void> {
      await until(`${operation} of ${name} is in the stream`, async () =>
        (await readStream(nats.url)).some((r) => r.operation === operation && r.name === name),
      );
    }
  });
