import { parseJson } from '../model/json-parse.ts';
import type { FieldValue } from '../model/record.ts';
import { compileExpression, summaryWithoutValues } from './cel-compile.ts';
import { hasLongNumber, INTEGER, parseLong } from './digits.ts';
import { type FieldPath, fieldPath } from './field-path.ts';
import { coerce, toFieldValue } from './field-value.ts';
import type { FieldPlan, FieldType } from './plan.ts';
import { expressionShape, type ValueShape } from './value-shape.ts';

const MAX_MESSAGE = 200;
const MAX_INT = 2n ** 63n - 1n;

export interface Extractors {
  /** Which parts of an object they look at (value-shape.ts). */
  readonly shape: ValueShape | undefined;
  /** Of each field, where it is no more than that. */
  readonly paths: readonly (FieldPath | undefined)[];
  /**
   * Evaluates every field. A field whose path leads to a missing key or index is null, as an absence is no fault; what
   * fails in another way, or is not of the declared type, is null too and told to `errors`. Never throws.
   * @param object what `parseForCel` gave, or those parts of it that `shape` names
   */
  extract(object: unknown, errors: (field: string, message: string) => void): Record<string, FieldValue>;
}

/** @throws WatershardError EXPRESSION_INVALID */
export function compileExtractors(fields: readonly FieldPlan[]): Extractors {
  const expressions = fields.map((field) => compileExpression(field.expression, `extract.${field.name}`));
  const compiled = fields.map((field, i) => ({ ...field, evaluate: expressions[i]!.evaluate }));
  return {
    shape: expressionShape(expressions.map(({ ast }) => ast)),
    paths: expressions.map(({ ast }) => fieldPath(ast)),
    extract(object, errors) {
      const values: Record<string, FieldValue> = {};
      for (const field of compiled) {
        let value: FieldValue = null;
        try {
          const result = toFieldValue(field.evaluate(object));
          value = field.type === undefined ? result : coerce(result, field.type);
        } catch (error) {
          if (!isAbsence(error)) errors(field.name, summaryWithoutValues(error).slice(0, MAX_MESSAGE));
        }
        values[field.name] = value;
      }
      return values;
    },
  };
}

function isAbsence(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'no_such_key' || code === 'index_out_of_bounds';
}

/**
 * The type of an expression as far as it can be known without an object; undefined where it cannot (most plain paths).
 * @throws WatershardError EXPRESSION_INVALID
 */
export function staticType(expression: string): FieldType | undefined {
  const { type } = compileExpression(expression, 'expression');
  const optional = /^optional<(.*)>$/.exec(type);
  return fieldTypeOf(optional?.[1] ?? type);
}

const FIELD_TYPE_OF: Readonly<Record<string, FieldType>> = {
  string: 'string',
  int: 'int',
  uint: 'int',
  double: 'double',
  bool: 'bool',
  bytes: 'string',
  type: 'string',
  Quantity: 'double',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'string',
  'list<string>': 'list<string>',
  'list<int>': 'list<int>',
  'list<uint>': 'list<int>',
  'list<double>': 'list<double>',
  'list<bool>': 'list<bool>',
};

function fieldTypeOf(celType: string): FieldType | undefined {
  return FIELD_TYPE_OF[celType] ?? (/^map\b/.test(celType) ? 'json' : undefined);
}

/**
 * JSON as CEL wants it: integers are bigint (of any length, exact up to 64 bits), all other numbers doubles.
 * metadata.managedFields, which can be half of an object, keeps plain numbers.
 * @throws SyntaxError
 */
export function parseForCel(bytes: Buffer): unknown {
  return telling(bytes, parseWhole(bytes));
}

function parseWhole(bytes: Buffer): unknown {
  const object = hasLongNumber(bytes) ? parseLong(bytes, longInteger) : parseJson(bytes);
  if (typeof object !== 'object' || object === null) return typeof object === 'number' ? toInt(object) : object;
  if (Array.isArray(object)) return integersToBigInt(object);
  const root = object as Record<string, unknown>;
  for (const key of Object.keys(root)) {
    const value = root[key];
    if (key === 'metadata' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const metadata = value as Record<string, unknown>;
      for (const part of Object.keys(metadata)) {
        if (part !== 'managedFields') metadata[part] = integersToBigInt(metadata[part]);
      }
    } else root[key] = integersToBigInt(value);
  }
  return root;
}

/** A part of an object, as `parseForCel` gives it. @throws SyntaxError */
export function parseValue(bytes: Buffer): unknown {
  return telling(bytes, integersToBigInt(hasLongNumber(bytes) ? parseLong(bytes, longInteger) : parseJson(bytes)));
}

const TELLTALE = Buffer.from('constructor"');
const ESCAPE = Buffer.from('\\u');

/**
 * The library tells what a value is by its `constructor`, which in a map of an object may be a member: a label of that name would
 * make every field null that looks at labels. Such maps, which are rare, become a Map, which has its members apart.
 */
function telling(bytes: Buffer, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return bytes.includes(TELLTALE) || bytes.includes(ESCAPE) ? withMaps(value) : value;
}

function withMaps(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withMaps);
  if (Object.hasOwn(value, 'constructor'))
    return new Map(Object.entries(value).map(([key, member]) => [key, withMaps(member)]));
  for (const [key, member] of Object.entries(value))
    if (typeof member === 'object' && key !== '__proto__') (value as Record<string, unknown>)[key] = withMaps(member);
  return value;
}

function longInteger(source: string, value: number): unknown {
  if (!INTEGER.test(source)) return value;
  const exact = BigInt(source);
  return exact > MAX_INT || exact < -MAX_INT - 1n ? value : exact;
}

function toInt(value: number): number | bigint {
  return Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** In place: a copy costs ten times as much. */
function integersToBigInt(value: unknown): unknown {
  if (typeof value === 'number') return toInt(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'number') value[i] = toInt(item);
      else if (typeof item === 'object') integersToBigInt(item);
    }
    return value;
  }
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map)) {
    const item = map[key];
    if (typeof item === 'number') map[key] = toInt(item);
    else if (typeof item === 'object') integersToBigInt(item);
  }
  return map;
}
