import { PLACEHOLDER } from '../../transform/redact.ts';

export interface Redaction {
  /** As paths are written in rules, with `[*]` for the elements of a list. */
  readonly path: string;
  /** `masked`: a placeholder stands in its place. */
  readonly how: 'masked' | 'cut';
}

/** What of the object as the API server has it is not in what is delivered; each path once. */
export function redactionsOf(object: unknown, delivered: unknown): Redaction[] {
  const found = new Map<string, Redaction>();
  for (const redaction of differences(object, delivered, ''))
    found.set(`${redaction.how} ${redaction.path}`, redaction);
  return [...found.values()];
}

function* differences(object: unknown, delivered: unknown, path: string): Generator<Redaction> {
  if (delivered === undefined) yield { path, how: 'cut' };
  else if (delivered === PLACEHOLDER && object !== PLACEHOLDER) yield { path, how: 'masked' };
  else if (Array.isArray(object) && Array.isArray(delivered)) {
    const at = `${path}[*]`;
    // Which of the elements have gone is not known: those that are there cannot be compared.
    if (delivered.length !== object.length) yield { path: at, how: 'cut' };
    else for (const [i, item] of object.entries()) yield* differences(item, delivered[i], at);
  } else if (isMap(object) && isMap(delivered)) {
    for (const [key, value] of Object.entries(object)) {
      const inner = Object.hasOwn(delivered, key) ? delivered[key] : undefined;
      yield* differences(value, inner, pathOf(path, key));
    }
  }
}

function pathOf(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}['${key}']`;
  return path === '' ? key : `${path}.${key}`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
