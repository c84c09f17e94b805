/** The part of JSON Schema (draft 2020-12) that zod writes for a configuration. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  /** In words, where the default is not one fixed value. */
  readonly 'x-default'?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** The forms that a value of this schema may have; for objects with a fixed `type`, only the one that the value names. */
export function alternatives(schema: JsonSchema, value?: unknown): readonly JsonSchema[] {
  const choices = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  if (choices.length === 0) return [schema];
  const type = (value as { type?: unknown } | null | undefined)?.type;
  const named = choices.filter(
    (choice) => choice.properties?.type?.const !== undefined && choice.properties.type.const === type,
  );
  return (named.length > 0 ? named : choices).flatMap((choice) => alternatives(choice, value));
}

/** Schemas that a value at the path may have; `data` is the value at the root. */
export function schemasAt(root: JsonSchema, path: readonly PropertyKey[], data: unknown): readonly JsonSchema[] {
  let schemas = alternatives(root, data);
  let value = data;
  for (const part of path) {
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
    schemas = schemas.flatMap((schema) => {
      const next =
        typeof part === 'number' ? schema.items : (schema.properties?.[String(part)] ?? schema.additionalProperties);
      return typeof next === 'object' ? alternatives(next, value) : [];
    });
  }
  return schemas;
}

/** `text`, `a whole number`, `one of "a", "b"`: what a person should write for the schema. */
export function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map((v) => JSON.stringify(v)).join(', ')}`;
  const choices = alternatives(schema);
  if (choices.length > 1 || choices[0] !== schema) return [...new Set(choices.map(typeText))].join(' or ');
  const types = Array.isArray(schema.type) ? (schema.type as readonly string[]) : [String(schema.type ?? 'any')];
  return types.map((type) => (type === 'array' ? listText(schema) : (TYPES[type] ?? 'a value'))).join(' or ');
}

function listText({ items }: JsonSchema): string {
  const type = typeof items === 'object' ? items.type : undefined;
  return (
    {
      string: 'a list of text',
      number: 'a list of numbers',
      integer: 'a list of numbers',
      object: 'a list of mappings',
    }[String(type)] ?? 'a list'
  );
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  null: 'null',
};
