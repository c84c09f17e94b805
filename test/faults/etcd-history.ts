import { request } from 'undici';
import { KINDS } from '../support/workload.ts';

/** One revision of one object, as etcd has stored it. */
export interface Revision {
  readonly revision: string;
  /** The object with its resourceVersion, as JSON; undefined where its content is not kept any more. */
  json: string | undefined;
}

/** The life of one object. */
export interface Life {
  readonly uid: string;
  /** As in a configuration: `deployments.apps`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly revisions: Revision[];
  deleted: boolean;
}

interface EtcdKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

interface EtcdEvent {
  readonly type?: 'DELETE';
  readonly kv: EtcdKeyValue;
  readonly prev_kv?: EtcdKeyValue;
}

interface StoredObject {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
}

const RESOURCES = new Map([
  ['ConfigMap', 'configmaps'],
  ['Secret', 'secrets'],
  ['Service', 'services'],
  ['ServiceAccount', 'serviceaccounts'],
  ['Pod', 'pods'],
  ['Deployment', 'deployments.apps'],
  ['Widget', 'widgets.example.com'],
]);
if (KINDS.some((k) => ![...RESOURCES.values()].includes(k.name)))
  throw new Error('a kind of the workload is missing here');

const PREFIX = Buffer.from('/registry/').toString('base64');
const END = Buffer.from('/registry0').toString('base64');

/**
 * Everything that ever happened to the objects of the workload, from the one place that cannot be wrong: etcd itself, which
 * is watched from its first revision by a connection that no fault touches. The API server has to store JSON
 * (`--storage-media-type`). Format: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
 */
export class EtcdHistory {
  /** By uid. */
  readonly lives = new Map<string, Life>();
  readonly #url: string;
  readonly #watched: (resource: string, namespace: string) => boolean;
  #stop = new AbortController();
  #next = 1n;
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;

  /** @param watched what the program is told to watch */
  constructor(etcdUrl: string, watched: (resource: string, namespace: string) => boolean) {
    this.#url = etcdUrl;
    this.#watched = watched;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = this.#follow(this.#stop.signal).catch((e: unknown) => {
      if (!this.#stop.signal.aborted) this.#failure = e;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Waits until everything is read that etcd has now. */
  async caughtUp(): Promise<void> {
    const answer = await request(`${this.#url}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const now = BigInt(((await answer.body.json()) as { header: { revision: string } }).header.revision);
    for (const end = Date.now() + 60_000; this.#next <= now; await new Promise((r) => setTimeout(r, 20))) {
      if (this.#failure !== undefined) throw new Error('the history of etcd broke off', { cause: this.#failure });
      if (Date.now() > end) throw new Error(`the history of etcd is at ${this.#next} of ${now}`);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({
      create_request: {
        key: PREFIX,
        range_end: END,
        start_revision: String(this.#next),
        prev_kv: true,
        progress_notify: true,
      },
    });
    const answer = await request(`${this.#url}/v3/watch`, { method: 'POST', body, signal, bodyTimeout: 0 });
    let rest = '';
    answer.body.setEncoding('utf8');
    for await (const chunk of answer.body as AsyncIterable<string>) {
      rest += chunk;
      let at = 0;
      for (let newline = rest.indexOf('\n'); newline >= 0; newline = rest.indexOf('\n', at)) {
        this.#take(rest.slice(at, newline));
        at = newline + 1;
      }
      rest = rest.slice(at);
    }
    if (!signal.aborted) throw new Error('etcd ended the watch');
  }

  #take(line: string): void {
    const { result, error } = JSON.parse(line) as {
      result?: {
        header: { revision: string };
        events?: EtcdEvent[];
        created?: boolean;
        canceled?: boolean;
        compact_revision?: string;
      };
      error?: unknown;
    };
    if (result === undefined || error !== undefined || result.canceled === true)
      throw new Error(`etcd: ${line.slice(0, 500)}`);
    const events = result.events ?? [];
    for (const event of events) this.#event(event);
    // The revision in the header of a message with events may lie behind them: only that of a progress note is a promise.
    const last = events.at(-1)?.kv.mod_revision ?? (result.created === true ? undefined : result.header.revision);
    if (last !== undefined && BigInt(last) >= this.#next) this.#next = BigInt(last) + 1n;
  }

  #event({ type, kv, prev_kv }: EtcdEvent): void {
    const value = type === 'DELETE' ? prev_kv?.value : kv.value;
    if (value === undefined) return;
    const text = Buffer.from(value, 'base64').toString();
    if (!text.startsWith('{')) return;
    const { kind = '', metadata } = JSON.parse(text) as StoredObject;
    const resource = RESOURCES.get(kind);
    const { uid, name = '', namespace = '' } = metadata ?? {};
    if (resource === undefined || uid === undefined || !this.#watched(resource, namespace)) return;
    let life = this.lives.get(uid);
    if (life === undefined) {
      life = { uid, resource, namespace, name, revisions: [], deleted: false };
      this.lives.set(uid, life);
    }
    if (type === 'DELETE') life.deleted = true;
    else life.revisions.push({ revision: kv.mod_revision, json: text });
  }
}
