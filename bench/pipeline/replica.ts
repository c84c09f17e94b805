import { resourceName } from '../../src/model/resource.ts';
import { Cluster, type Served } from '../../src/simulator/cluster.ts';
import type { Truth } from '../../src/simulator/control.ts';
import { DEFAULTS } from '../../src/simulator/options.ts';
import { ADDED, DELETED, readSnapshot } from '../../src/simulator/table.ts';
import { emptyMoment, type Moment } from '../../src/simulator/template-fields.ts';
import { type Settings, simulatorOptions } from './settings.ts';

/** A record that has to arrive. */
export interface Expected {
  readonly id: string;
  readonly operation: 'SNAPSHOT' | 'CREATED' | 'UPDATED' | 'DELETED';
  /** `pods/team-001/web-1`; the same text stands at the end of the default subject, with dots. */
  readonly key: string;
}

/** An object as the API server shows it. */
export type ApiObject = Record<string, unknown> & { readonly metadata: Record<string, unknown> };

/**
 * The simulated cluster once more, in this process: the same seed makes the same objects and the same changes, so every
 * record that must arrive is known without writing any of them down. `agrees` compares it with the simulator's own truth.
 */
export class Replica {
  readonly #cluster: Cluster;
  readonly #quiet = new Map<Served, number>();

  constructor(settings: Settings) {
    this.#cluster = new Cluster({ ...DEFAULTS, ...simulatorOptions(settings), window: 2 });
  }

  /** What the list of the resources that are watched brings. */
  *listed(): Generator<Expected> {
    for (const served of this.#watched()) {
      const snapshot = served.table.snapshot(0);
      const moment = emptyMoment();
      for (let slot = 0; slot < snapshot.slots; slot++) {
        if (!readSnapshot(snapshot, slot, served.table.salt, moment)) continue;
        const { uid, key } = identityOf(served, moment);
        yield { id: `${uid}:${moment.resourceVersion}`, operation: 'SNAPSHOT', key };
      }
    }
  }

  /**
   * Makes so many changes. Those of resourceVersion and managedFields alone are none to a consumer, nor are heartbeats
   * where the rules ignore them.
   */
  *changed(count: number, heartbeatsCount = true): Generator<Expected> {
    const moment = emptyMoment();
    for (let i = 0; i < count; i++) {
      const served = this.#cluster.change();
      const quiet = served.counts.touches + (heartbeatsCount ? 0 : served.counts.heartbeats);
      const unchanged = quiet !== (this.#quiet.get(served) ?? 0);
      this.#quiet.set(served, quiet);
      if (unchanged) continue;
      const type = served.table.readEvent(served.table.next - 1, moment);
      const operation = type === ADDED ? 'CREATED' : type === DELETED ? 'DELETED' : 'UPDATED';
      const { uid, key } = identityOf(served, moment);
      yield { id: `${uid}:${type === DELETED ? 'deleted' : moment.resourceVersion}`, operation, key };
    }
  }

  /**
   * Living objects as the API server shows them now, without managedFields; but those whose last change was a heartbeat
   * or a touch, which a consumer may not have been told of, and but Secrets, which do not arrive as they are.
   */
  *objects(every = 1): Generator<readonly [key: string, object: ApiObject]> {
    let i = 0;
    for (const served of this.#watched()) {
      if (served.resource.resource === 'secrets') continue;
      const snapshot = served.table.snapshot(0);
      const moment = emptyMoment();
      for (let slot = 0; slot < snapshot.slots; slot++) {
        if (!readSnapshot(snapshot, slot, served.table.salt, moment) || i++ % every !== 0) continue;
        if (served.table.changedRv(slot) !== moment.resourceVersion) continue;
        const object = JSON.parse(served.template(moment, false).render(moment).toString()) as ApiObject;
        delete object.metadata.managedFields;
        yield [identityOf(served, moment).key, object];
      }
    }
  }

  /** The bytes of living objects as the API server has them, at most so many of each resource. */
  *texts(most: number): Generator<Buffer> {
    for (const served of this.#watched()) {
      const snapshot = served.table.snapshot(0);
      const moment = emptyMoment();
      for (let slot = 0; slot < Math.min(snapshot.slots, most); slot++)
        if (readSnapshot(snapshot, slot, served.table.salt, moment))
          yield Buffer.from(served.template(moment, false).render(moment));
    }
  }

  /** @returns where the simulator's truth differs from this replica */
  disagreements(truth: Truth): string[] {
    return this.#cluster.served.flatMap((served) => {
      const name = resourceName(served.resource);
      const own = this.#cluster.truth(served, false);
      const theirs = truth.resources[name];
      return own.hash === theirs?.hash && own.count === theirs.count ? [] : [`the replica of ${name} differs`];
    });
  }

  #watched(): Served[] {
    return this.#cluster.served.filter((s) => s.resource.resource !== 'namespaces');
  }
}

function identityOf(served: Served, moment: Moment): { readonly uid: string; readonly key: string } {
  const template = served.template(moment, true);
  const namespace = template.namespace === '' ? '_' : template.namespace;
  return {
    uid: template.uidOf(moment),
    key: `${served.resource.resource}/${namespace}/${template.nameOf(moment)}`,
  };
}
