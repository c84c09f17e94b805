import { createHash } from 'node:crypto';
import { type Resource, resourceName } from '../model/resource.ts';
import { namespace as namespaceObject } from './builtin.ts';
import { gadgetKinds, KINDS, NAMESPACES } from './kinds.ts';
import type { SimulatorOptions } from './options.ts';
import { hash, Random, uidOf } from './random.ts';
import { partial, Shapes } from './shapes.ts';
import { ResourceTable, readSnapshot } from './table.ts';
import { singleTemplate, type Template } from './template.ts';
import { emptyMoment, type Moment } from './template-fields.ts';

/** Ten digits, and so they stay: places in templates are of fixed width. */
const FIRST_RV = 1_000_000_000;

/** A resource that is served. */
export interface Served {
  readonly resource: Resource;
  readonly table: ResourceTable;
  readonly template: (moment: Moment, metadataOnly: boolean) => Template;
  readonly counts: { created: number; updated: number; deleted: number; heartbeats: number; touches: number };
}

export interface ResourceTruth {
  readonly count: number;
  /** Of the last event of this resource. */
  readonly resourceVersion: string;
  /** Changes made since the start. */
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly heartbeats: number;
  readonly touches: number;
  /** SHA-256 over the sorted lines `<namespace>/<name> <uid> <resourceVersion>\n`, hex. */
  readonly hash: string;
  /** By `<namespace>/<name>`; `changedRv` is that of the last change that was more than a heartbeat or a touch. */
  readonly objects?: Readonly<
    Record<string, { readonly uid: string; readonly rv: string; readonly changedRv: string }>
  >;
}

/** The simulated cluster: all objects and all changes; the same options make the same sequence of changes. */
export class Cluster {
  readonly namespaces: readonly string[];
  readonly kubeSystemUid: string;
  readonly served: readonly Served[];
  readonly #churned: readonly {
    readonly served: Served;
    readonly target: number;
    /** Slots below are never empty. */
    readonly owners: number;
    readonly upTo: number;
  }[];
  readonly #random: Random;
  readonly #options: SimulatorOptions;
  resourceVersion = FIRST_RV;
  changes = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.kubeSystemUid = uidOf(options.seed, 0x6b756265);
    const teams = Array.from({ length: options.namespaces }, (_, i) => `team-${String(i + 1).padStart(3, '0')}`);
    this.namespaces = ['default', 'kube-public', 'kube-system', ...teams];
    const [first, second, ...others] = teams;
    const used = [first, second, 'kube-system', 'default', ...others].filter((n) => n !== undefined);
    const kinds = [...KINDS, ...gadgetKinds(options.gadgets)];
    const shares = kinds.map((k) =>
      Object.keys(options.resources).length === 0 ? k.share : (options.resources[resourceName(k.resource)] ?? 0),
    );
    const total = shares.reduce((a, b) => a + b, 0);
    const targets = shares.map((share) => Math.round((options.objects * share) / total));
    // Where owners are served, there are objects where there are owners.
    const owned = kinds.map((k, i) => (k.owning && shares[i]! > 0 ? targets[i]! / k.apps.length : used.length));
    const inhabited = used.slice(0, Math.max(1, Math.floor(Math.min(...owned))));
    let upTo = 0;
    this.#churned = kinds.flatMap((kind, i) => {
      if (shares[i]! <= 0) return [];
      upTo += shares[i]! / total;
      const target = targets[i]!;
      const shapes = new Shapes(kind, inhabited, options.seed);
      const table = new ResourceTable(hash(options.seed, i), target * 1.25, options.window);
      const served = serve(kind.resource, table, (m, metadataOnly) => shapes.of(m, metadataOnly));
      return [{ served, target, owners: shapes.owners, upTo }];
    });
    this.served = [this.#serveNamespaces(), ...this.#churned.map((c) => c.served)];
    for (const { served, target } of this.#churned)
      for (let i = 0; i < target; i++) served.table.seed(++this.resourceVersion);
    for (const { table } of this.served) table.compact(this.resourceVersion);
  }

  /** Makes one change. @returns the resource it happened to */
  change(): Served {
    const random = this.#random;
    const where = random.fraction();
    const { served, target, owners } = this.#churned.find((c) => where < c.upTo) ?? this.#churned.at(-1)!;
    const { table, counts } = served;
    const rv = ++this.resourceVersion;
    this.changes++;
    const what = random.fraction();
    const slot = table.livingAt(random.below(table.count));
    const { turnover, heartbeats, touches } = this.#options;
    const few = table.count < target * 0.95;
    const many = table.count > target * 1.05;
    if (slot < 0 || (what < turnover * 2 && !many && (what < turnover || few))) {
      table.create(rv);
      counts.created++;
    } else if (what < turnover * 2 && slot >= owners) {
      table.delete(slot, rv);
      counts.deleted++;
    } else if (what >= turnover * 2 && what < turnover * 2 + heartbeats) {
      table.heartbeat(slot, rv);
      counts.heartbeats++;
    } else if (what >= turnover * 2 && what < turnover * 2 + heartbeats + touches) {
      table.touch(slot, rv);
      counts.touches++;
    } else {
      table.update(slot, rv);
      counts.updated++;
    }
    return served;
  }

  /** Events of a resource that are kept at least. */
  get window(): number {
    return this.#options.window;
  }

  find(group: string, version: string, resource: string): Served | undefined {
    return this.served.find(
      (s) => s.resource.group === group && s.resource.version === version && s.resource.resource === resource,
    );
  }

  truth(served: Served, withObjects: boolean): ResourceTruth {
    const objects: Record<string, { uid: string; rv: string; changedRv: string }> = {};
    const lines: string[] = [];
    for (const { key, uid, rv, slot } of withObjects ? identities(served) : quickIdentities(served)) {
      if (withObjects) objects[key] = { uid, rv, changedRv: String(served.table.changedRv(slot)) };
      lines.push(`${key} ${uid} ${rv}\n`);
    }
    const sum = createHash('sha256');
    for (const line of lines.sort()) sum.update(line);
    return {
      count: served.table.count,
      resourceVersion: String(served.table.lastRv),
      ...served.counts,
      hash: sum.digest('hex'),
      ...(withObjects ? { objects } : {}),
    };
  }

  #serveNamespaces(): Served {
    const table = new ResourceTable(0, this.namespaces.length, 16);
    const full = this.namespaces.map((name, i) =>
      namespaceObject(name, name === 'kube-system' ? this.kubeSystemUid : uidOf(this.#options.seed, 0x6e73, i)),
    );
    const templates = [full.map(singleTemplate), full.map((o) => singleTemplate(partial(o)))];
    for (const _ of this.namespaces) table.seed(++this.resourceVersion);
    return serve(NAMESPACES, table, (m, metadataOnly) => templates[metadataOnly ? 1 : 0]![m.slot]!);
  }
}

function serve(resource: Resource, table: ResourceTable, template: Served['template']): Served {
  return { resource, table, template, counts: { created: 0, updated: 0, deleted: 0, heartbeats: 0, touches: 0 } };
}

interface Identity {
  readonly slot: number;
  readonly key: string;
  readonly uid: string;
  readonly rv: string;
}

/** Reads the identities out of the rendered objects, so that they cannot differ from what is served. */
function* identities(served: Served): Generator<Identity> {
  const snapshot = served.table.snapshot(0);
  const moment = emptyMoment();
  for (let slot = 0; slot < snapshot.slots; slot++) {
    if (!readSnapshot(snapshot, slot, served.table.salt, moment)) continue;
    const template = served.template(moment, true);
    const { metadata } = JSON.parse(template.render(moment).toString()) as {
      metadata: { name: string; namespace?: string; uid: string; resourceVersion: string };
    };
    yield {
      slot,
      key: `${metadata.namespace ?? ''}/${metadata.name}`,
      uid: metadata.uid,
      rv: metadata.resourceVersion,
    };
  }
}

/** The same without rendering whole objects, for a million of them. */
function* quickIdentities(served: Served): Generator<Identity> {
  const snapshot = served.table.snapshot(0);
  const moment = emptyMoment();
  for (let slot = 0; slot < snapshot.slots; slot++) {
    if (!readSnapshot(snapshot, slot, served.table.salt, moment)) continue;
    const template = served.template(moment, true);
    yield {
      slot,
      key: `${template.namespace}/${template.nameOf(moment)}`,
      uid: template.uidOf(moment),
      rv: String(moment.resourceVersion),
    };
  }
}
