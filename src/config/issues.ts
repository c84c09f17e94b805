import type { z } from 'zod';
import { type JsonSchema, schemasAt, typeText } from './json-schema.ts';
import { nearest, type Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** Tells what zod found in the words of the schema: what was expected there, what it means, which key was meant. */
export function problemsOf(issues: readonly Issue[], schema: JsonSchema, data: unknown): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], schema, data));
}

function problemsOfIssue(issue: Issue, base: readonly PropertyKey[], schema: JsonSchema, data: unknown): Problem[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], path, key, schema, data));
    case 'invalid_union':
      return union(issue, path, schema, data);
    case 'invalid_type':
      return [wrongType(path, schema, data, issue.expected)];
    case 'invalid_value':
      if (valueAt(data, path) === undefined) return [wrongType(path, schema, data, 'value')];
      return [unknownValue(path, issue.values.map(String), data)];
    case 'invalid_key':
      return issue.issues.flatMap(({ message }) => ({ path, reason: message, remedy: 'choose another name' }));
    case 'too_small':
    case 'too_big':
      return [outOfBounds(path, issue)];
    default: {
      // what a leaf refuses says `reason; remedy` itself
      const [reason, ...remedy] = issue.message.split('; ');
      return [
        {
          path,
          reason: reason!,
          remedy: remedy.length > 0 ? remedy.join('; ') : meaning(schemasAt(schema, path, data)),
        },
      ];
    }
  }
}

function unknownKey(
  at: readonly PropertyKey[],
  path: readonly PropertyKey[],
  key: string,
  schema: JsonSchema,
  data: unknown,
): Problem {
  const known = [...new Set(schemasAt(schema, path, data).flatMap((s) => Object.keys(s.properties ?? {})))];
  const meant = nearest(key, known);
  const remedy = meant === undefined ? `remove it, or use one of ${known.join(', ')}` : `did you mean "${meant}"?`;
  return { path: at, reason: 'unknown key', remedy };
}

/** Of a union, the branch that fits the most: the one whose problems lie deepest, then the one with the fewest. */
function union(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
  schema: JsonSchema,
  data: unknown,
): Problem[] {
  if (issue.errors.length === 0) {
    const known = schemasAt(schema, path.slice(0, -1), data).map((s) => s.properties?.[String(path.at(-1))]?.const);
    return [unknownValue(path, [...new Set(known.filter((v) => v !== undefined).map(String))], data)];
  }
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map((i) => i.path.length));
  const value = valueAt(data, path);
  const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0]!;
  const custom = issue.errors.find((issues) => issues.length > 0 && issues.every((i) => i.code === 'custom'));
  if (value !== undefined && custom !== undefined) return custom.flatMap((i) => problemsOfIssue(i, path, schema, data));
  if (value === undefined || depth(best) === 0) return [wrongType(path, schema, data, 'value')];
  return best.flatMap((i) => problemsOfIssue(i, path, schema, data));
}

function unknownValue(path: readonly PropertyKey[], known: readonly string[], data: unknown): Problem {
  const value = valueAt(data, path);
  const meant = typeof value === 'string' ? nearest(value, known) : undefined;
  const remedy =
    meant === undefined ? `write one of ${known.join(', ')}` : `did you mean "${meant}"? Known are ${known.join(', ')}`;
  return { path, reason: value === undefined ? 'missing' : 'not a known value', remedy };
}

function wrongType(path: readonly PropertyKey[], schema: JsonSchema, data: unknown, expected: string): Problem {
  const schemas = schemasAt(schema, path, data);
  const value = valueAt(data, path);
  const wanted = schemas.length === 0 ? expected : [...new Set(schemas.map(typeText))].join(' or ');
  const description = descriptionOf(schemas);
  if (value === undefined)
    return {
      path,
      reason: 'missing',
      remedy: `add it: ${wanted}${description === undefined ? '' : `, ${description}`}`,
    };
  const unitless = typeof value === 'number' && /\bDuration\b/.test(description ?? '');
  return {
    path,
    reason: `expected ${wanted}, found ${found(value)}`,
    remedy: unitless ? 'write it with a unit, like 10s or 5m' : meaning(schemas),
  };
}

function outOfBounds(path: readonly PropertyKey[], issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): Problem {
  const small = issue.code === 'too_small';
  const bound = small ? issue.minimum : issue.maximum;
  const unit = issue.origin === 'array' ? ' entries' : issue.origin === 'string' ? ' characters' : '';
  if (small && Number(bound) === 1 && unit !== '')
    return { path, reason: 'empty', remedy: issue.origin === 'array' ? 'give at least one entry' : 'write some text' };
  const limit = `${small ? 'at least' : 'at most'} ${bound}${unit}`;
  return {
    path,
    reason: small ? 'too small' : 'too large',
    remedy: `${issue.origin === 'array' ? 'give' : 'use'} ${limit}`,
  };
}

/** What the field is for, as a remedy. */
function meaning(schemas: readonly JsonSchema[]): string {
  const description = descriptionOf(schemas);
  return description === undefined ? 'correct it' : `it is: ${description}`;
}

function descriptionOf(schemas: readonly JsonSchema[]): string | undefined {
  return schemas.find((s) => s.description !== undefined)?.description?.replace(/\.$/, '');
}

function found(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return (
    { string: 'text', number: 'a number', boolean: 'true or false', object: 'a mapping' }[typeof value as 'string'] ??
    'a value'
  );
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | null | undefined)?.[part],
    data,
  );
}
