import type { SimulatedKind } from './kinds.ts';
import { APPS, type App, type ObjectState, STATEFUL } from './objects.ts';
import { hash, mix, uidOf } from './random.ts';
import { compileForm, type Form, type PlacedVariant, placeVariant, Template, type TemplateObject } from './template.ts';
import { type Moment, VARIANT_FIELDS, type Variant } from './template-fields.ts';

/** The templates of one resource, made when they are first needed: what differs by namespace is filled in. */
export class Shapes {
  readonly #kind: SimulatedKind;
  readonly #namespaces: readonly string[];
  readonly #seed: number;
  /** The first slots, each an app in a namespace, hold what owns others. */
  readonly owners: number;
  readonly #templates: (Template | undefined)[] = [];
  readonly #forms = new Map<number, Form>();

  /** @param namespaces those in front have the more objects */
  constructor(kind: SimulatedKind, namespaces: readonly string[], seed: number) {
    this.#kind = kind;
    this.#namespaces = kind.resource.namespaced ? namespaces : [''];
    this.#seed = seed;
    this.owners = kind.owning ? kind.apps.length * namespaces.length : 0;
  }

  /** @param metadataOnly as PartialObjectMetadata */
  of(moment: Moment, metadataOnly: boolean): Template {
    const { slot } = moment;
    const apps = this.#kind.apps.length;
    const owning = slot < this.owners;
    const namespace = owning ? Math.floor(slot / apps) : skewed(slot, this.#namespaces.length);
    const form = (stateOf(moment) * 2 + Number(owning)) * 2 + Number(metadataOnly);
    const key = (namespace * apps + (slot % apps)) * FORMS + form;
    const known = this.#templates[key];
    if (known !== undefined) return known;
    const made = this.#make(this.#kind.apps[slot % apps]!, this.#namespaces[namespace]!, form);
    this.#templates[key] = made;
    return made;
  }

  #make(app: App, namespace: string, number: number): Template {
    const key = APPS.indexOf(app) * FORMS + number;
    let form = this.#forms.get(key);
    if (form === undefined) {
      form = this.#compile(app, number);
      this.#forms.set(key, form);
    }
    return new Template(form, variantOf(app, namespace, this.#seed));
  }

  #compile(app: App, number: number): Form {
    const marks = this.#kind.resource.namespaced ? MARKS : { ...MARKS, namespace: '' };
    const [state, owning, metadataOnly] = [STATES[number >> 2]!, (number & 2) !== 0, (number & 1) !== 0];
    const object = this.#kind.build({ ...marks, app, stateful: STATEFUL.has(app), owning, state });
    return compileForm(metadataOnly ? partial(object) : object);
  }
}

/** A few namespaces have most of the objects. @returns a whole number below `count` */
function skewed(slot: number, count: number): number {
  const share = mix(slot) / 0x100000000;
  return Math.floor(share * share * count);
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
    const deployment = uidOf(seed, hash(...Buffer.from(`${app}/${namespace}/deployment`)));
    variant = placeVariant({
      namespace,
      owner,
      ownerDigits,
      podHash: ownerDigits.slice(0, 10),
      password,
      deployment,
    });
    variants.set(key, variant);
  }
  return variant;
}

const STATES: readonly ObjectState[] = ['new', 'good', 'bad'];
/** By state, whether it owns others, and whether only its metadata is asked for. */
const FORMS = STATES.length * 4;

/** Newly created objects are coming up, and about one in six changes leaves an object in trouble. */
function stateOf(m: Moment): number {
  if (m.changes === 0) return 0;
  return m.changes > 1 && mix(m.serial * 31 + m.changes) % 6 === 0 ? 2 : 1;
}

export function partial(object: TemplateObject): TemplateObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } as TemplateObject;
}
