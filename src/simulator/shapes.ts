import type { SimulatedKind } from './kinds.ts';
import { APPS, type ObjectState, STATEFUL } from './objects.ts';
import { hash, mix, uidOf } from './random.ts';
import { compileTemplate, type Template, type TemplateObject } from './template.ts';
import type { Moment } from './template-fields.ts';

/** The templates of one resource, compiled when they are first needed. */
export class Shapes {
  readonly #kind: SimulatedKind;
  readonly #namespaces: readonly string[];
  readonly #seed: number;
  readonly #full: (Template | undefined)[] = [];
  readonly #metadata: (Template | undefined)[] = [];

  constructor(kind: SimulatedKind, namespaces: readonly string[], seed: number) {
    this.#kind = kind;
    this.#namespaces = kind.resource.namespaced ? namespaces : [''];
    this.#seed = seed;
  }

  /** @param metadataOnly as PartialObjectMetadata */
  of(moment: Moment, metadataOnly: boolean): Template {
    const app = moment.slot % APPS.length;
    const namespace = Math.floor(moment.slot / APPS.length) % this.#namespaces.length;
    const state = stateOf(moment);
    const key = (namespace * APPS.length + app) * STATES.length + state;
    const cache = metadataOnly ? this.#metadata : this.#full;
    const known = cache[key];
    if (known !== undefined) return known;
    const compiled = this.#compile(APPS[app]!, this.#namespaces[namespace]!, STATES[state]!, metadataOnly);
    cache[key] = compiled;
    return compiled;
  }

  #compile(app: string, namespace: string, state: ObjectState, metadataOnly: boolean): Template {
    const stateful = STATEFUL.has(app);
    const ownerUid = uidOf(this.#seed, hash(...Buffer.from(`${app}/${namespace}`)));
    const object = this.#kind.build({ app, stateful, namespace, ownerUid, state });
    return compileTemplate(metadataOnly ? partial(object) : object);
  }
}

const STATES: readonly ObjectState[] = ['new', 'good', 'bad'];

/** Newly created objects are coming up, and about one in six changes leaves an object in trouble. */
function stateOf(m: Moment): number {
  if (m.changes === 0) return 0;
  return m.changes > 1 && mix(m.serial * 31 + m.changes) % 6 === 0 ? 2 : 1;
}

export function partial(object: TemplateObject): TemplateObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } as TemplateObject;
}
