import type { ParquetWriter } from 'hyparquet-writer';
import type { FieldType } from '../../model/field-type.ts';
import type { Table } from './request.ts';

export type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** A column: its name, and its elements of the file's schema in preorder. */
export interface Column {
  readonly name: string;
  readonly elements: readonly SchemaElement[];
}

/** A column of values in its schema, and where its nulls and repetitions are. */
export interface LeafPlace {
  readonly element: SchemaElement;
  readonly path: readonly string[];
  /** Definition level of a value that is there. */
  readonly maxDefinition: number;
  /** Nothing is repeated within what is repeated. */
  readonly maxRepetition: 0 | 1;
}

type Repetition = 'REQUIRED' | 'OPTIONAL';

const string = (name: string, repetition_type: Repetition = 'REQUIRED'): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
  repetition_type,
});

const timestamp = (name: string, repetition_type: Repetition = 'REQUIRED'): SchemaElement => ({
  name,
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  repetition_type,
});

const labels: Column = {
  name: 'labels',
  elements: [
    {
      name: 'labels',
      converted_type: 'MAP',
      logical_type: { type: 'MAP' },
      num_children: 1,
      repetition_type: 'OPTIONAL',
    },
    { name: 'key_value', num_children: 2, repetition_type: 'REPEATED' },
    string('key'),
    string('value', 'OPTIONAL'),
  ],
};

const one = (element: SchemaElement): Column => ({ name: element.name, elements: [element] });

const identity = [
  'cluster',
  'group',
  'version',
  'kind',
  'resource',
  'namespace',
  'name',
  'uid',
  'resource_version',
].map((name) => one(string(name)));

// Raw JSON is a STRING: a JSON logical type without its converted type is read as BLOB by DuckDB.
const changes: readonly Column[] = [
  one(string('id')),
  one(string('operation')),
  ...identity,
  one(timestamp('observed_at')),
  one(string('detected_by')),
  labels,
  one(string('object', 'OPTIONAL')),
  one(string('patch', 'OPTIONAL')),
];

const inventory: readonly Column[] = [one(string('id')), ...identity, one(timestamp('as_of')), labels];
const inventoryWithObjects: readonly Column[] = [...inventory, one(string('object', 'OPTIONAL'))];

/** The columns that every file of the table has, in order: docs/record.md. */
export function fixedColumns(table: Table, inventoryObjects: boolean): readonly Column[] {
  if (table === 'changes') return changes;
  return inventoryObjects ? inventoryWithObjects : inventory;
}

/** Names that a field cannot have; `date` is a partition key. Readers compare names without regard to letter case. */
const RESERVED: ReadonlySet<string> = new Set([
  'date',
  ...[...changes, ...inventoryWithObjects].map((column) => column.name),
]);

/** The column of a field: its own name, with `field_` before it where a fixed column has that name. */
export function columnName(field: string): string {
  return RESERVED.has(field.toLowerCase().replace(/^(field_)+/, '')) ? `field_${field}` : field;
}

/** Every field column is nullable. Types: FieldType in model/field-type.ts. */
export function fieldColumn(field: string, type: FieldType): Column {
  const name = columnName(field);
  if (!type.startsWith('list<')) return one(scalar(name, type));
  return {
    name,
    elements: [
      { name, converted_type: 'LIST', logical_type: { type: 'LIST' }, num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      scalar('element', type.slice('list<'.length, -1) as FieldType),
    ],
  };
}

function scalar(name: string, type: FieldType): SchemaElement {
  switch (type) {
    case 'int':
      // Without a logical type, which says nothing more: hyparquet-writer writes that of integers so that no reader takes it.
      return { name, type: 'INT64', repetition_type: 'OPTIONAL' };
    case 'double':
      return { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' };
    case 'bool':
      return { name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' };
    case 'timestamp':
      return timestamp(name, 'OPTIONAL');
    default:
      return string(name, 'OPTIONAL');
  }
}

/** The columns of values below a column, in order. */
export function leafPlaces({ elements }: Column): LeafPlace[] {
  const places: LeafPlace[] = [];
  let index = 0;
  const walk = (path: readonly string[], definition: number, repetition: 0 | 1): void => {
    const element = elements[index++] as SchemaElement;
    const below = [...path, element.name];
    const defined = definition + (element.repetition_type === 'REQUIRED' ? 0 : 1);
    const repeated = element.repetition_type === 'REPEATED' ? 1 : repetition;
    if (element.num_children === undefined)
      places.push({ element, path: below, maxDefinition: defined, maxRepetition: repeated });
    for (let child = element.num_children ?? 0; child > 0; child--) walk(below, defined, repeated);
  };
  walk([], 0, 0);
  return places;
}

export function fileSchema(columns: readonly Column[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.flatMap((column) => column.elements)];
}
