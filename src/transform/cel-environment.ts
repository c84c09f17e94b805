import { RE2JS } from '@bufbuild/re2';
import { Environment } from '@marcbachmann/cel-js';
import { isQuantity, parseQuantity, Quantity } from './quantity.ts';

/** What `matches` is renamed to before an expression is checked: the library's own runs JavaScript's RegExp. */
export const SAFE_MATCHES = 're2test';
/** What `join` is renamed to: the library's own makes texts of any length. */
export const SAFE_JOIN = 'joinBounded';
/** Characters of a text that a function makes of several: a megabyte in each of a thousand places is a gigabyte. */
export const MAX_TEXT = 16 * 2 ** 20;

const MAX_PATTERN = 1024;
const MAX_PATTERNS = 256;
const MAX_INT = 2n ** 63n - 1n;

/**
 * The CEL environment of extracted fields: the one variable `object`, the standard library with optionals and `cel.bind`,
 * `matches` in linear time (RE2), and of the Kubernetes libraries `sum`, `min`, `max`, `replace` and quantities.
 */
export const environment = createEnvironment();

function createEnvironment(): Environment {
  const env = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 2000, maxDepth: 64 },
  });
  env.registerVariable('object', 'dyn');
  env.registerFunction(`string.${SAFE_MATCHES}(string): bool`, matches);
  env.registerFunction('matches(string, string): bool', matches);
  env.registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    join(text.split(from), to),
  );
  env.registerFunction(`list<string>.${SAFE_JOIN}(): string`, (list: Iterable<unknown>) => join(list, ''));
  env.registerFunction(`list<string>.${SAFE_JOIN}(string): string`, join);
  env.registerFunction('list.sum(): dyn', sum);
  env.registerFunction('list.min(): dyn', (list: Iterable<unknown>) => extreme('min', [...list], (a, b) => a < b));
  env.registerFunction('list.max(): dyn', (list: Iterable<unknown>) => extreme('max', [...list], (a, b) => a > b));
  return registerQuantity(env);
}

function registerQuantity(env: Environment): Environment {
  const compare = (a: Quantity, b: Quantity): bigint => (a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n);
  return env
    .registerType('Quantity', { ctor: Quantity })
    .registerOperator('Quantity == Quantity', (a: Quantity, b: Quantity) => a.nanos === b.nanos)
    .registerFunction('quantity(string): Quantity', parseQuantity)
    .registerFunction('isQuantity(string): bool', isQuantity)
    .registerFunction('Quantity.isInteger(): bool', (q: Quantity) => q.isInteger)
    .registerFunction('Quantity.asInteger(): int', (q: Quantity) => q.toInteger())
    .registerFunction('Quantity.asApproximateFloat(): double', (q: Quantity) => q.toDouble())
    .registerFunction('Quantity.sign(): int', (q: Quantity) => compare(q, new Quantity(0n)))
    .registerFunction('Quantity.compareTo(Quantity): int', compare)
    .registerFunction('Quantity.isLessThan(Quantity): bool', (a: Quantity, b: Quantity) => a.nanos < b.nanos)
    .registerFunction('Quantity.isGreaterThan(Quantity): bool', (a: Quantity, b: Quantity) => a.nanos > b.nanos)
    .registerFunction('Quantity.add(Quantity): Quantity', (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos))
    .registerFunction(
      'Quantity.sub(Quantity): Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
    );
}

const patterns = new Map<string, RE2JS>();

/** @throws Error where the pattern is too long or is not RE2 */
export function compilePattern(pattern: string): RE2JS {
  let compiled = patterns.get(pattern);
  if (compiled !== undefined) return compiled;
  if (pattern.length > MAX_PATTERN) throw new Error(`the regular expression is longer than ${MAX_PATTERN} characters`);
  compiled = RE2JS.compile(pattern);
  // Patterns may come out of objects, so the number kept is bounded; the oldest goes first.
  if (patterns.size >= MAX_PATTERNS) patterns.delete(patterns.keys().next().value as string);
  patterns.set(pattern, compiled);
  return compiled;
}

function matches(text: string, pattern: string): boolean {
  return compilePattern(pattern).test(text);
}

function join(list: Iterable<unknown>, separator: string): string {
  const items = [...list];
  let length = separator.length * Math.max(0, items.length - 1);
  for (const item of items) {
    if (typeof item !== 'string') throw new Error('join of a list that does not hold strings');
    length += item.length;
  }
  if (length > MAX_TEXT) throw new Error(`the text is longer than ${MAX_TEXT} characters`);
  return items.join(separator);
}

function sum(list: Iterable<unknown>): bigint | number {
  const items = [...list];
  if (items.every((item) => typeof item === 'bigint')) {
    const total = items.reduce((a, b) => a + b, 0n);
    if (total > MAX_INT || total < -MAX_INT - 1n) throw new Error('the sum does not fit an integer of 64 bits');
    return total;
  }
  return items.reduce((total: number, item) => {
    if (typeof item !== 'number' && typeof item !== 'bigint')
      throw new Error('sum of a list that does not hold numbers');
    return total + Number(item);
  }, 0);
}

type Ordered = number | bigint | string;

function extreme(name: string, items: readonly unknown[], before: (a: Ordered, b: Ordered) => boolean): Ordered {
  let best: Ordered | undefined;
  for (const item of items) {
    if (typeof item !== 'number' && typeof item !== 'bigint' && typeof item !== 'string') {
      throw new Error(`${name} of a list that does not hold numbers or strings`);
    }
    if (best !== undefined && (typeof best === 'string') !== (typeof item === 'string')) {
      throw new Error(`${name} of a list that holds numbers and strings`);
    }
    if (best === undefined || before(item, best)) best = item;
  }
  if (best === undefined) throw new Error(`${name} of an empty list`);
  return best;
}
