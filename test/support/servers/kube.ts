import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { VERSIONS } from '../../../tools/servers/build.mjs';
import { ADMIN_TOKEN, makePki } from './pki.ts';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

export interface KubeOptions {
  /** etcd of Debian (3.4), behind which the API server refuses streaming lists. */
  readonly oldEtcd?: boolean;
  readonly controllers?: boolean;
  /** The newer kube-apiserver, for what is alpha in it. */
  readonly next?: boolean;
  /** More kube-apiserver flags. */
  readonly apiFlags?: readonly string[];
}

interface ApiResponse {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: API objects of every kind pass through tests as they are
  readonly body: any;
}

/** A real kube-apiserver over a real etcd, optionally with the kube-controller-manager. Restarts keep ports and data. */
export class KubeServer {
  readonly folder = temporaryFolder('kube');
  readonly pki = join(this.folder, 'pki');
  readonly kubeconfig = join(this.folder, 'admin.kubeconfig');
  readonly #etcd = new ServerProcess('etcd', this.folder);
  readonly #api = new ServerProcess('kube-apiserver', this.folder);
  readonly #kcm = new ServerProcess('kube-controller-manager', this.folder);
  readonly #options: KubeOptions;
  #etcdPort = 0;
  #peerPort = 0;
  #apiPort = 0;
  #agent: Agent | undefined;
  #apiFlags: readonly string[];

  private constructor(options: KubeOptions) {
    this.#options = options;
    this.#apiFlags = options.apiFlags ?? [];
  }

  static async start(options: KubeOptions = {}): Promise<KubeServer> {
    const server = new KubeServer(options);
    makePki(server.pki);
    server.#etcdPort = await freePort();
    server.#peerPort = await freePort();
    server.#apiPort = await freePort();
    server.#agent = new Agent({ connections: 16, connect: { ca: readFileSync(join(server.pki, 'ca.crt')) } });
    writeFileSync(server.kubeconfig, server.kubeconfigText(`{token: ${ADMIN_TOKEN}}`));
    await server.startEtcd();
    await server.startApi();
    if (options.controllers === true) await server.#startControllers();
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#apiPort}`;
  }

  get port(): number {
    return this.#apiPort;
  }

  get etcdUrl(): string {
    return `http://127.0.0.1:${this.#etcdPort}`;
  }

  /** Where etcd keeps its data. */
  get etcdFolder(): string {
    return join(this.folder, 'etcd');
  }

  get ca(): string {
    return join(this.pki, 'ca.crt');
  }

  /** @param user a kubeconfig user in YAML flow style, e.g. `{token: x}` */
  kubeconfigText(user: string, server = this.url): string {
    return [
      'apiVersion: v1',
      'kind: Config',
      'current-context: t',
      `clusters: [{name: t, cluster: {server: "${server}", certificate-authority: ${this.ca}}}]`,
      `users: [{name: u, user: ${user}}]`,
      'contexts: [{name: t, context: {cluster: t, user: u}}]',
      '',
    ].join('\n');
  }

  /** Calls the API as the administrator. Does not throw for an HTTP error status. */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    token = ADMIN_TOKEN,
  ): Promise<ApiResponse> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await request(this.url + path, {
      method,
      dispatcher: this.#agent!,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const lines = text.startsWith('{"type":') && path.includes('watch=');
    return { status: answer.statusCode, body: text.startsWith('{') && !lines ? JSON.parse(text) : text };
  }

  /** Creates, patches or deletes, and throws where the API refuses. */
  async must(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<ApiResponse['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 500)}`);
    return answer.body;
  }

  /** Makes etcd forget old revisions at once. */
  async compact(): Promise<void> {
    const etcd = async (path: string, body: unknown): Promise<{ header?: { revision: string } }> => {
      const r = await request(`http://127.0.0.1:${this.#etcdPort}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return (await r.body.json()) as { header?: { revision: string } };
    };
    const revision = (await etcd('/v3/maintenance/status', {})).header?.revision;
    await etcd('/v3/kv/compaction', { revision, physical: true });
  }

  async startEtcd(): Promise<void> {
    const url = `http://127.0.0.1:${this.#etcdPort}`;
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const old = this.#options.oldEtcd === true;
    this.#etcd.start(old ? '/usr/bin/etcd' : binary('etcd'), [
      '--name',
      't',
      '--data-dir',
      this.etcdFolder,
      '--listen-client-urls',
      url,
      '--advertise-client-urls',
      url,
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `t=${peer}`,
      '--log-level',
      'warn',
      // The interval is what kubeadm sets: without it, the position of an idle resource stays behind for ten minutes.
      ...(old ? [] : ['--unsafe-no-fsync', '--watch-progress-notify-interval=5s']),
    ]);
    await this.#etcd.ready(() => portOpen(this.#etcdPort));
  }

  async startApi(): Promise<void> {
    const p = (name: string): string => join(this.pki, name);
    const version = this.#options.next === true ? VERSIONS.kubernetesNext : VERSIONS.kubernetes;
    this.#api.start(binary('kube-apiserver', version), [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--secure-port=${this.#apiPort}`,
      `--tls-cert-file=${p('apiserver.crt')}`,
      `--tls-private-key-file=${p('apiserver.key')}`,
      `--client-ca-file=${this.ca}`,
      `--token-auth-file=${p('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${p('sa.pub')}`,
      `--service-account-signing-key-file=${p('sa.key')}`,
      '--service-cluster-ip-range=10.96.0.0/24',
      '--allow-privileged',
      '--v=1',
      ...(this.#options.controllers === true ? [] : ['--disable-admission-plugins=ServiceAccount']),
      ...this.#apiFlags,
    ]);
    await this.#api.ready(async () => (await this.call('GET', '/readyz')).status === 200);
  }

  /** Ends the API server and starts it again: its watch cache, and with it older resourceVersions, are gone. */
  async restartApi(signal: NodeJS.Signals = 'SIGTERM', apiFlags = this.#apiFlags): Promise<void> {
    await this.stopApi(signal);
    this.#apiFlags = apiFlags;
    await this.startApi();
  }

  async stopApi(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    // Asked politely, it waits for its watches to end for a minute.
    const impatient = setTimeout(() => this.#api.signal('SIGKILL'), 3000);
    await this.#api.stop(signal);
    clearTimeout(impatient);
  }

  signalApi(signal: NodeJS.Signals): void {
    this.#api.signal(signal);
  }

  /** Stops both servers while `meanwhile` runs: a backup of etcd's folder, or the restoring of one. */
  async offline(meanwhile: () => void): Promise<void> {
    await this.stopApi('SIGKILL');
    await this.stopEtcd();
    meanwhile();
    await this.startEtcd();
    await this.startApi();
  }

  async stopEtcd(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#etcd.stop(signal);
  }

  async #startControllers(): Promise<void> {
    const config = join(this.folder, 'kcm.kubeconfig');
    writeFileSync(
      config,
      this.kubeconfigText(
        `{client-certificate: ${join(this.pki, 'kcm.crt')}, client-key: ${join(this.pki, 'kcm.key')}}`,
      ),
    );
    const port = await freePort();
    this.#kcm.start(binary('kube-controller-manager'), [
      `--kubeconfig=${config}`,
      `--authentication-kubeconfig=${config}`,
      `--authorization-kubeconfig=${config}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${join(this.folder, 'kcm-certs')}`,
      `--service-account-private-key-file=${join(this.pki, 'sa.key')}`,
      `--root-ca-file=${this.ca}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
    ]);
    await this.#kcm.ready(() => portOpen(port));
  }

  async stop(): Promise<void> {
    await this.#kcm.stop('SIGKILL');
    await this.#api.stop('SIGKILL');
    await this.#etcd.stop('SIGKILL');
    await this.#agent?.close();
  }
}
