import type { SimulatedKind } from './kinds.ts';
import { APPS, type ObjectState, STATEFUL } from './objects.ts';
import { hash, mix, uidOf } from './random.ts';
import { compileForm, type Form, type PlacedVariant, placeVariant, Template, type TemplateObject } from './template.ts';
import { type Moment, VARIANT_FIELDS, type Variant } from './template-fields.ts';

/** The templates of one resource, made when they are first needed: what differs by namespace is filled in. */
export class Shapes {
  readonly #kind: SimulatedKind;
  readonly #namespaces: readonly string[];
  readonly #seed: number;
  readonly #full: (Template | undefined)[] = [];
  readonly #metadata: (Template | undefined)[] = [];
  readonly #forms = new Map<number, Form>();

  constructor(kind: SimulatedKind, namespaces: readonly string[], seed: number) {
    this.#kind = kind;
    this.#namespaces = kind.resource.namespaced ? namespaces : [''];
    this.#seed = seed;
  }

  /** @param metadataOnly as PartialObjectMetadata */
  of(moment: Moment, metadataOnly: boolean): Template {
    const place = moment.slot % (APPS.length * this.#namespaces.length);
    const state = stateOf(moment);
    const cache = metadataOnly ? this.#metadata : this.#full;
    const key = place * STATES.length + state;
    const known = cache[key];
    if (known !== undefined) return known;
    const made = this.#make(place, state, metadataOnly);
    cache[key] = made;
    return made;
  }

  #make(place: number, state: number, metadataOnly: boolean): Template {
    const app = place % APPS.length;
    const key = (app * STATES.length + state) * 2 + Number(metadataOnly);
    let form = this.#forms.get(key);
    if (form === undefined) {
      form = this.#compile(APPS[app]!, STATES[state]!, metadataOnly);
      this.#forms.set(key, form);
    }
    const namespace = this.#namespaces[Math.floor(place / APPS.length)]!;
    return new Template(form, variantOf(APPS[app]!, namespace, this.#seed));
  }

  #compile(app: string, state: ObjectState, metadataOnly: boolean): Form {
    const marks = this.#kind.resource.namespaced ? MARKS : { ...MARKS, namespace: '' };
    const object = this.#kind.build({ ...marks, app, stateful: STATEFUL.has(app), state });
    return compileForm(metadataOnly ? partial(object) : object);
  }
}

const MARKS = Object.fromEntries(VARIANT_FIELDS.map((field) => [field, `@{${field}}`])) as Variant;

const variants = new Map<string, PlacedVariant>();

/** The same for all resources. */
function variantOf(app: string, namespace: string, seed: number): PlacedVariant {
  const key = `${seed}/${app}/${namespace}`;
  let variant = variants.get(key);
  if (variant === undefined) {
    const owner = uidOf(seed, hash(...Buffer.from(`${app}/${namespace}`)));
    const ownerDigits = owner.replaceAll('-', '');
    const password = Buffer.from(`not-a-secret-${app}-${namespace}`).toString('base64');
    variant = placeVariant({ namespace, owner, ownerDigits, podHash: ownerDigits.slice(0, 10), password });
    variants.set(key, variant);
  }
  return variant;
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
