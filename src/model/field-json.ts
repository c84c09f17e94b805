import { parseExactly } from './json-exact.ts';
import type { FieldValue } from './record.ts';

/**
 * Extracted fields as JSON text that keeps their types: an integer is digits with an optional minus sign, of any length,
 * and a double always has a `.` or an `e` (`1.0`, `-0.0`, `1e+21`). NaN and the infinities, which JSON has not, are null.
 * It is plain JSON, so a reader to whom the difference means nothing need not know of it.
 */
export function fieldsToJson(fields: Readonly<Record<string, FieldValue>>): string {
  return objectText(fields);
}

/** @throws SyntaxError where the text is not JSON */
export function fieldsFromJson(json: Buffer): Record<string, FieldValue> {
  return parseExactly(json, typedNumber) as Record<string, FieldValue>;
}

const INTEGER = /^-?[0-9]+$/;

function typedNumber(source: string): number | bigint {
  return INTEGER.test(source) ? BigInt(source) : Number(source);
}

function valueText(value: FieldValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return value.toString();
    case 'number':
      return doubleText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      if (value === null) return 'null';
      return Array.isArray(value) ? listText(value) : objectText(value);
  }
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return text.includes('.') || text.includes('e') ? text : `${text}.0`;
}

function listText(list: readonly FieldValue[]): string {
  let text = '[';
  for (const [i, item] of list.entries()) text += (i === 0 ? '' : ',') + valueText(item);
  return `${text}]`;
}

function objectText(map: Readonly<Record<string, FieldValue>>): string {
  let text = '{';
  for (const key of Object.keys(map)) {
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${valueText(map[key] as FieldValue)}`;
  }
  return `${text}}`;
}
