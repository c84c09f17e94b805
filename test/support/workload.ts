import type { KubeServer } from './servers/kube.ts';

/** A small seeded generator (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Kind {
  /** As in a configuration: `deployments.apps`. */
  readonly name: string;
  readonly path: string;
  readonly body: (name: string, value: number) => Record<string, unknown>;
  readonly change: (value: number) => Record<string, unknown>;
}

const labels = (value: number): Record<string, string> => ({
  app: `app-${value % 7}`,
  'example.com/tier': value % 2 === 0 ? 'front' : 'back',
});
const template = {
  metadata: { labels: { app: 'x' } },
  spec: {
    containers: [
      { name: 'c', image: 'registry.example/app:1', env: [{ name: 'TEXT', value: 'quotes " and \\ and ü' }] },
    ],
  },
};
const label = (value: number): Record<string, unknown> => ({
  metadata: { labels: labels(value), annotations: { 'example.com/value': String(value) } },
});

export const WIDGET_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};

/** 2^53 + 1, which no JavaScript number holds. */
const BIG = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('9007199254740993');

export const KINDS: readonly Kind[] = [
  {
    name: 'configmaps',
    path: 'api/v1',
    body: (name, v) => ({ metadata: { name, labels: labels(v) }, data: { value: String(v), text: 'line\nü✓"' } }),
    change: (v) => ({ data: { value: String(v) } }),
  },
  {
    name: 'secrets',
    path: 'api/v1',
    body: (name, v) => ({ metadata: { name, labels: labels(v) }, stringData: { password: `secret-${v}` } }),
    change: (v) => ({ stringData: { password: `secret-${v}` } }),
  },
  {
    name: 'services',
    path: 'api/v1',
    body: (name, v) => ({ metadata: { name, labels: labels(v) }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } }),
    change: label,
  },
  {
    name: 'serviceaccounts',
    path: 'api/v1',
    body: (name, v) => ({ metadata: { name, labels: labels(v) } }),
    change: label,
  },
  {
    name: 'pods',
    path: 'api/v1',
    body: (name, v) => ({ metadata: { name, labels: labels(v) }, spec: template.spec }),
    change: label,
  },
  {
    name: 'deployments.apps',
    path: 'apis/apps/v1',
    body: (name, v) => ({
      metadata: { name, labels: labels(v) },
      spec: { replicas: v % 5, selector: { matchLabels: { app: 'x' } }, template },
    }),
    change: (v) => ({ spec: { replicas: v % 9 } }),
  },
  {
    name: 'widgets.example.com',
    path: 'apis/example.com/v1',
    body: (name, v) => ({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name, labels: labels(v) },
      spec: { size: v, big: BIG },
    }),
    change: (v) => ({ spec: { size: v } }),
  },
];

/** One write that the API server has confirmed. */
export interface Write {
  readonly resource: string;
  readonly operation: 'CREATED' | 'UPDATED' | 'DELETED';
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Creates, updates and deletes objects at random, from a seed, and keeps what the API server has confirmed. */
export class Workload {
  readonly writes: Write[] = [];
  /** Living objects by `<resource>/<namespace>/<name>`. */
  readonly living = new Map<
    string,
    { uid: string; resourceVersion: string; kind: Kind; namespace: string; name: string }
  >();
  readonly #kube: KubeServer;
  readonly #random: () => number;
  readonly #namespaces: readonly string[];
  readonly #kinds: readonly Kind[];
  #serial = 0;

  constructor(kube: KubeServer, seed: number, namespaces: readonly string[], kinds: readonly Kind[] = KINDS) {
    this.#kube = kube;
    this.#random = seededRandom(seed);
    this.#namespaces = namespaces;
    this.#kinds = kinds;
  }

  async prepare(): Promise<void> {
    for (const name of this.#namespaces) await this.#kube.call('POST', '/api/v1/namespaces', { metadata: { name } });
    if (!this.#kinds.some((k) => k.name === 'widgets.example.com')) return;
    await this.#kube.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', WIDGET_CRD);
    for (
      const end = Date.now() + 20_000;
      (await this.#kube.call('GET', '/apis/example.com/v1/widgets')).status !== 200;
    ) {
      if (Date.now() > end) throw new Error('the CRD is not served');
      await new Promise((r) => setTimeout(r, 100));
    }
  }

  /** Makes objects of all kinds in turn. */
  async create(count: number): Promise<void> {
    await this.#inParallel(count, () => this.createOne(this.#kinds[this.#serial % this.#kinds.length]!));
  }

  async createOne(
    kind: Kind,
    namespace = this.#pick(this.#namespaces),
    name = `${kind.name.split('.')[0]}-${this.#serial}`,
  ): Promise<void> {
    const value = this.#serial++;
    const made = await this.#kube.must(
      'POST',
      `/${kind.path}/namespaces/${namespace}/${kind.name.split('.')[0]}`,
      kind.body(name, value),
    );
    const { uid, resourceVersion } = made.metadata;
    this.living.set(`${kind.name}/${namespace}/${name}`, { uid, resourceVersion, kind, namespace, name });
    this.#write(kind, 'CREATED', namespace, name, uid, resourceVersion);
  }

  async update(key = this.#pickKey()): Promise<void> {
    const object = this.living.get(key);
    if (object === undefined) return;
    const { kind, namespace, name } = object;
    const answer = await this.#kube.call('PATCH', `${this.#path(object)}`, kind.change(this.#serial++));
    if (answer.status === 404) return;
    if (answer.status >= 300) throw new Error(`PATCH ${key}: ${answer.status}`);
    const { uid, resourceVersion } = answer.body.metadata;
    if (resourceVersion === object.resourceVersion) return;
    this.living.set(key, { ...object, resourceVersion });
    this.#write(kind, 'UPDATED', namespace, name, uid, resourceVersion);
  }

  async remove(key = this.#pickKey()): Promise<void> {
    const object = this.living.get(key);
    if (object === undefined) return;
    this.living.delete(key);
    const answer = await this.#kube.call('DELETE', `${this.#path(object)}?gracePeriodSeconds=0`);
    if (answer.status >= 300 && answer.status !== 404) throw new Error(`DELETE ${key}: ${answer.status}`);
    this.#write(object.kind, 'DELETED', object.namespace, object.name, object.uid, '');
  }

  /** Random creates (30 %), updates (50 %) and deletes (20 %); never two at once on one object. */
  async churn(count: number, while_: () => boolean = () => true): Promise<void> {
    const busy = new Set<string>();
    await this.#inParallel(count, async () => {
      if (!while_()) return;
      const roll = this.#random();
      if (roll < 0.3 || this.living.size === 0) return this.createOne(this.#pick(this.#kinds));
      const key = this.#pickKey();
      if (busy.has(key)) return;
      busy.add(key);
      await (roll < 0.8 ? this.update(key) : this.remove(key)).finally(() => busy.delete(key));
    });
  }

  #path({ kind, namespace, name }: { kind: Kind; namespace: string; name: string }): string {
    return `/${kind.path}/namespaces/${namespace}/${kind.name.split('.')[0]}/${name}`;
  }

  #write(
    kind: Kind,
    operation: Write['operation'],
    namespace: string,
    name: string,
    uid: string,
    resourceVersion: string,
  ): void {
    this.writes.push({ resource: kind.name, operation, key: `${namespace}/${name}`, uid, resourceVersion });
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  #pickKey(): string {
    const skip = Math.floor(this.#random() * Math.min(this.living.size, 2000));
    let i = 0;
    for (const key of this.living.keys()) if (i++ === skip) return key;
    return '';
  }

  async #inParallel(count: number, one: () => Promise<void>): Promise<void> {
    let left = count;
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        while (left-- > 0) await one();
      }),
    );
  }
}
