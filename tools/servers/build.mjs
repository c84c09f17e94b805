// Gets the real servers that the tests run against: builds the Go ones from their modules, installs the Debian ones, and
// has Maven bring the Java ones.
// Runs on Node 20. Binaries are kept by version outside the repository; what is there is not built again.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const VERSIONS = {
  kubernetes: '1.35.4',
  // For what is alpha in it, beside the one that everything else is tested on.
  kubernetesNext: '1.36.3',
  etcd: '3.6.5',
  nats: '2.15.2',
  versitygw: '1.8.0',
  duckdb: '1.5.5',
  kafka: '4.3.1',
  pubsub: '2.8.0',
  artemis: '2.55.0',
  elasticmq: '1.7.1',
  moto: '5.2.5',
};
export const CACHE =
  process.env.WATERSHARD_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'watershard');
export const BIN = join(CACHE, 'bin');
const HERE = dirname(fileURLToPath(import.meta.url));

const ldflags = (kubernetes) =>
  ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .map((p) => `-X ${p}.gitVersion=v${kubernetes} -X ${p}.gitMajor=1 -X ${p}.gitMinor=${kubernetes.split('.')[1]}`)
    .join(' ');
/** @param folder of the module file that pins Kubernetes at the version `kubernetes` */
const kube = (name, version, target, folder = 'kube', kubernetes = VERSIONS.kubernetes) => ({
  name,
  version,
  args: (out) => ['build', '-mod=readonly', '-ldflags', `-s -w ${ldflags(kubernetes)}`, '-o', out, target],
  cwd: join(HERE, folder),
});
export const install = (name, version, module) => ({
  name,
  version,
  module,
  args: () => ['install', '-ldflags', '-s -w', `${module}@v${version}`],
});

const pubsub = {
  name: 'pubsub',
  version: VERSIONS.pubsub,
  args: (out) => ['build', '-mod=readonly', '-ldflags', '-s -w', '-o', out, '.'],
  cwd: join(HERE, 'pubsub'),
};

const GO_SERVERS = [
  install('nats-server', VERSIONS.nats, 'github.com/nats-io/nats-server/v2'),
  kube('etcd', VERSIONS.etcd, './etcd'),
  kube('kube-apiserver', VERSIONS.kubernetes, 'k8s.io/kubernetes/cmd/kube-apiserver'),
  pubsub,
  install('versitygw', VERSIONS.versitygw, 'github.com/versity/versitygw/cmd/versitygw'),
  kube('kube-controller-manager', VERSIONS.kubernetes, 'k8s.io/kubernetes/cmd/kube-controller-manager'),
  kube(
    'kube-apiserver',
    VERSIONS.kubernetesNext,
    'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-next',
    VERSIONS.kubernetesNext,
  ),
];
// etcd-server is Debian's etcd 3.4: behind a real kube-apiserver it refuses streaming lists, as older clusters do.
const DEBIAN_SERVERS = [
  { package: 'redis-server', file: '/usr/bin/redis-server' },
  { package: 'etcd-server', file: '/usr/bin/etcd' },
  { package: 'default-jre-headless', file: '/usr/bin/java' },
  // Artemis is started from a source.
  { package: 'default-jdk-headless', file: '/usr/bin/javac' },
  { package: 'maven', file: '/usr/bin/mvn' },
  { package: 'rabbitmq-server', file: '/usr/sbin/rabbitmq-server' },
  { package: 'python3-pip', file: '/usr/bin/pip3' },
  { package: 'chromium', file: '/usr/bin/chromium' },
];

const say = (text) => process.stdout.write(`[servers] ${text}\n`);

export async function run(command, args, options, label) {
  const started = Date.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  let tail = '';
  child.stderr.on('data', (d) => {
    tail = (tail + d).slice(-4000);
  });
  const tick = setInterval(() => say(`${label}: ${Math.round((Date.now() - started) / 1000)} s …`), 15_000);
  const code = await new Promise((resolve) => {
    child.on('error', (e) => {
      tail = e.message;
      resolve(127);
    });
    child.on('close', resolve);
  });
  clearInterval(tick);
  if (code !== 0) throw new Error(`${label} failed (${command} ${args[0]}, exit ${code}):\n${tail}`);
  say(`${label}: done in ${Math.round((Date.now() - started) / 1000)} s`);
}

export async function goServer(server) {
  const file = join(BIN, `${server.name}-${server.version}`);
  if (existsSync(file)) return;
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    throw new Error(
      'The tests run against real servers that are built with Go: install Go 1.26 or newer and run this again.',
    );
  }
  const temporary = mkdtempSync(join(BIN, '.build-'));
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -trimpath', GOBIN: temporary };
  await run(
    'go',
    server.args(join(temporary, server.name)),
    { cwd: server.cwd ?? temporary, env },
    `${server.name} ${server.version}`,
  );
  renameSync(join(temporary, server.name), file);
  rmSync(temporary, { recursive: true });
}

export async function debianServers(wanted = DEBIAN_SERVERS) {
  const missing = wanted.filter((s) => !existsSync(s.file)).map((s) => s.package);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => [...sudo, 'apt-get', '-q', ...args];
  try {
    for (const c of [apt('update'), apt('install', '-y', '--no-install-recommends', ...missing)])
      await run(c[0], c.slice(1), { env }, c.join(' '));
  } catch (e) {
    throw new Error(
      `Install ${missing.join(' and ')} (files ${wanted.map((s) => s.file).join(', ')}) and run this again.\n${e.message}`,
    );
  }
}

/** What a Python package brings, in a folder of its own. */
async function pythonPackage(folder, requirement, label, ...options) {
  if (existsSync(folder)) return;
  const temporary = mkdtempSync(join(CACHE, '.pip-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', temporary];
  await run('python3', [...pip, ...options, requirement], {}, label);
  renameSync(temporary, folder);
}

/** DuckDB's S3 reader, which its npm package would download at run time, from the Python package that carries it. */
async function duckdbHttpfs() {
  const folder = join(CACHE, `duckdb-httpfs-${VERSIONS.duckdb}`);
  await pythonPackage(folder, `duckdb-extension-httpfs==${VERSIONS.duckdb}`, 'duckdb httpfs', '--no-deps');
}

/** moto: Amazon SNS, and the SQS that topics deliver to, in memory. */
async function moto() {
  await pythonPackage(join(CACHE, `moto-${VERSIONS.moto}`), `moto[server]==${VERSIONS.moto}`, `moto ${VERSIONS.moto}`);
}

/** A Java server is the folder of its jars. The version stands in the pom too, which is what Maven reads. */
async function javaServer(name, version) {
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return;
  const temporary = mkdtempSync(join(CACHE, '.jars-'));
  const pom = join(HERE, name, 'pom.xml');
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${temporary}`];
  await run('mvn', ['-q', '-B', '-f', pom, `-D${name}.version=${version}`, ...copy], {}, `${name} ${version}`);
  renameSync(temporary, folder);
}

export async function getServers() {
  mkdirSync(BIN, { recursive: true });
  await debianServers();
  await duckdbHttpfs();
  await moto();
  await javaServer('kafka', VERSIONS.kafka);
  await javaServer('artemis', VERSIONS.artemis);
  await javaServer('elasticmq', VERSIONS.elasticmq);
  for (const server of GO_SERVERS) await goServer(server);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  getServers().then(
    () => say(`all servers are in ${CACHE}`),
    (e) => {
      process.stderr.write(`${e.message}\n`);
      process.exit(1);
    },
  );
}
