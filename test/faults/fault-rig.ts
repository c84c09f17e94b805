import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rig } from '../support/rig.ts';
import type { KubeOptions } from '../support/servers/kube.ts';
import { ADMIN_TOKEN } from '../support/servers/pki.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';
import { EtcdHistory } from './etcd-history.ts';
import { HttpProxy, type ProxiedRequest } from './http-proxy.ts';
import { type Allowance, Judge } from './judge.ts';
import { Load } from './load.ts';

export const NAMESPACES = ['alpha', 'beta'];
const SMALL = ['configmaps', 'pods', 'secrets', 'widgets.example.com'];
/** Of the program, however long a fault lasts: it may buffer what its configuration says, and no more. */
const MEMORY_MIB = 700;

/**
 * The rig with a proxy before each server, a seeded workload that goes on while faults happen, and etcd's own history to
 * compare with. The workload and the history never pass a proxy.
 */
export class FaultRig {
  readonly rig: Rig;
  /** In front of `apiNetwork` for half-open connections, and of the requests for everything else. */
  readonly api: HttpProxy;
  readonly apiNetwork: TcpProxy;
  readonly nats: TcpProxy;
  readonly redis: TcpProxy;
  readonly s3: HttpProxy;
  readonly s3Network: TcpProxy;
  readonly history: EtcdHistory;
  readonly workload: Workload;
  readonly load: Load;
  readonly kubeconfig: string;
  readonly #settings: Record<string, unknown>;
  readonly #table: string | undefined;
  readonly #judge = new Judge();
  /** Records that stood in a stream which an administrator has deleted. */
  deleted: SeenRecord[] = [];

  private constructor(
    rig: Rig,
    proxies: {
      api: HttpProxy;
      apiNetwork: TcpProxy;
      nats: TcpProxy;
      redis: TcpProxy;
      s3: HttpProxy;
      s3Network: TcpProxy;
    },
    seed: number,
    settings: Record<string, unknown>,
    table: string | undefined,
  ) {
    this.rig = rig;
    this.#table = table;
    this.api = proxies.api;
    this.apiNetwork = proxies.apiNetwork;
    this.nats = proxies.nats;
    this.redis = proxies.redis;
    this.s3 = proxies.s3;
    this.s3Network = proxies.s3Network;
    this.history = new EtcdHistory(
      rig.kube.etcdUrl,
      (resource, namespace) => SMALL.includes(resource) && namespace !== 'kube-system',
    );
    const kinds = KINDS.filter((k) => SMALL.includes(k.name));
    this.workload = new Workload(rig.kube, seed, NAMESPACES, kinds);
    this.load = new Load(this.workload, seed);
    this.kubeconfig = join(rig.kube.folder, 'proxied.kubeconfig');
    this.#settings = settings;
    this.#writeKubeconfig(ADMIN_TOKEN);
  }

  /**
   * @param settings changes to the configuration of the rig
   * @param table the folder that the table is in, where that is not on S3
   */
  static async start(
    options: { seed?: number; settings?: Record<string, unknown>; kube?: KubeOptions; table?: string } = {},
  ): Promise<FaultRig> {
    const { seed = 1, settings = {}, kube = {}, table } = options;
    const rig = await Rig.start({
      ...kube,
      apiFlags: ['--storage-media-type=application/json', '--etcd-compaction-interval=0', ...(kube.apiFlags ?? [])],
    });
    const { pki, ca } = rig.kube;
    const tls = { cert: join(pki, 'apiserver.crt'), key: join(pki, 'apiserver.key'), ca };
    const api = await HttpProxy.start({ target: () => rig.kube.url, tls });
    const s3 = await HttpProxy.start({ target: () => rig.s3.endpoint });
    const fault = new FaultRig(
      rig,
      {
        api,
        apiNetwork: await TcpProxy.start(api.port),
        nats: await TcpProxy.start(rig.nats.port),
        redis: await TcpProxy.start(rig.redis.port),
        s3,
        s3Network: await TcpProxy.start(s3.port),
      },
      seed,
      settings,
      table,
    );
    await fault.workload.prepare();
    fault.history.start();
    return fault;
  }

  get program(): Rig['program'] {
    return this.rig.program;
  }

  /** The configuration of docs/record.md, through the proxies, with patience that fits a test. */
  config(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const [bus, lake] = this.rig.config().exporters as Record<string, unknown>[];
    return this.rig.config({
      kubeconfig: this.kubeconfig,
      watch: {
        resources: SMALL,
        namespaces: { exclude: ['kube-system'] },
        stallTimeout: '4s',
      },
      state: { url: `redis://127.0.0.1:${this.redis.port}/0` },
      exporters: [
        { ...bus, servers: [`nats://127.0.0.1:${this.nats.port}`], ackTimeout: '2s' },
        this.#table === undefined
          ? { ...lake, endpoint: `http://127.0.0.1:${this.s3Network.port}` }
          : { name: 'lake', type: 'parquet', url: this.#table, rotate: { interval: '2s' } },
      ],
      ...this.#settings,
      ...changes,
    });
  }

  /** Objects, the program, and then a load that goes on. */
  async begin(objects = 200, changes: Record<string, unknown> = {}): Promise<void> {
    await this.workload.create(objects);
    await this.run(changes);
    this.load.start();
  }

  async run(changes: Record<string, unknown> = {}, ...options: string[]): Promise<void> {
    await this.program.start(this.config(changes), ['run', ...options]);
    await this.program.ready();
  }

  /** Every fault is over. */
  heal(): void {
    this.api.clear();
    this.s3.clear();
    for (const proxy of [this.apiNetwork, this.nats, this.redis, this.s3Network]) proxy.heal();
  }

  /** Waits until /readyz says no, for this reason. */
  async notReady(reason: RegExp, seconds = 60): Promise<void> {
    let last = '';
    await until(
      () => `/readyz says ${reason}; it said: ${last}`,
      async () => {
        const answer = await fetch(`${this.program.url}/readyz`);
        last = `${answer.status} ${await answer.text()}`;
        return answer.status === 503 && reason.test(last);
      },
      seconds,
    );
  }

  /** The sum of a counter over its labels, or over those series whose labels match. */
  async counter(name: string, labels = /./): Promise<number> {
    const lines = (await this.program.metrics())
      .split('\n')
      .filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `));
    return lines.filter((l) => labels.test(l)).reduce((sum, l) => sum + Number(l.slice(l.lastIndexOf(' ') + 1)), 0);
  }

  /**
   * Ends the fault and the load, waits until all is delivered, and compares every sink, record by record, with etcd.
   * @returns the records of JetStream, in order
   */
  async verdict(allowance: Allowance = {}): Promise<SeenRecord[]> {
    this.heal();
    await this.load.stop();
    await this.program.ready(90);
    await this.rig.settled();
    await this.history.caughtUp();
    const records = [...this.deleted, ...(await this.rig.records())];
    this.#judge.judge(records, this.history.lives, allowance);
    this.#judge.judgeTable(await this.rig.rows(this.#table), records, allowance);
    assert.ok(this.memoryPeak() < MEMORY_MIB, `${this.memoryPeak()} MiB were needed at the peak`);
    assert.doesNotMatch(this.program.log, /\n {4}at /, 'no stack trace is logged');
    return records;
  }

  /** MiB that the program had at most since it was started. */
  memoryPeak(): number {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.program.pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(peak) / 1024);
  }

  async stop(): Promise<void> {
    await this.load.stop();
    await this.history.stop();
    await this.rig.stop();
    this.heal();
    for (const proxy of [this.api, this.s3, this.apiNetwork, this.nats, this.redis, this.s3Network]) await proxy.stop();
  }

  #writeKubeconfig(token: string): void {
    const server = `https://127.0.0.1:${this.apiNetwork.port}`;
    writeFileSync(this.kubeconfig, this.rig.kube.kubeconfigText(`{token: ${token}}`, server));
  }
}

/** Requests of the API server for this resource: `watch`, `list` (a page, or a streaming list), or any. */
export function of(resource: string, what: 'watch' | 'list' | 'any' = 'any'): (request: ProxiedRequest) => boolean {
  const plural = resource.split('.')[0] ?? '';
  return ({ url }) => {
    const { pathname, searchParams } = new URL(url, 'http://proxy');
    if (!pathname.endsWith(`/${plural}`)) return false;
    // A look at where the server is, before a watch goes on, is of neither kind.
    if (what !== 'any' && searchParams.get('limit') === '1') return false;
    const listing = !searchParams.has('watch') || searchParams.get('sendInitialEvents') === 'true';
    return what === 'any' || listing === (what === 'list');
  };
}
