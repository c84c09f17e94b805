import { DETECTED_BY, OPERATIONS } from '../../model/record.ts';
import { PART } from '../../model/row.ts';
import { Leaf } from './leaf.ts';
import { IntValues } from './number-values.ts';
import type { RowContext } from './protocol.ts';
import type { Table } from './request.ts';
import { type Column, fixedColumns, leafPlaces } from './schema.ts';
import type { TableRow } from './table-row.ts';
import { type TextKind, TextValues } from './text-values.ts';

/** A column that every file of the table has. */
export interface FixedColumn {
  readonly leaves: readonly Leaf[];
  append(row: TableRow): void;
  /** So many rows were appended, and the row group ends. */
  end?(rows: number): void;
}

/** Definition levels of the map of labels: it is null; it is empty. */
const NO_LABELS = 0;
const EMPTY = 1;

const OPERATION_TEXTS = OPERATIONS.map((text) => Buffer.from(text));
const DETECTED_BY_TEXTS = DETECTED_BY.map((text) => Buffer.from(text));

/** In the order of `fixedColumns`. */
export function openFixedColumns(table: Table, inventoryObjects: boolean, context: RowContext): FixedColumn[] {
  return fixedColumns(table, inventoryObjects).map((column) => openColumn(column, context));
}

function openColumn(column: Column, context: RowContext): FixedColumn {
  switch (column.name) {
    case 'id':
      return partColumn(column, PART.id, 'unique');
    case 'namespace':
      return partColumn(column, PART.namespace, 'any');
    case 'name':
      return partColumn(column, PART.name, 'unique');
    case 'uid':
      return partColumn(column, PART.uid, 'unique');
    case 'resource_version':
      return partColumn(column, PART.resourceVersion, 'unique');
    case 'object':
      return partColumn(column, PART.object, 'long');
    case 'patch':
      return partColumn(column, PART.patch, 'long');
    case 'operation':
      return namedColumn(column, (row) => OPERATION_TEXTS[row.slices.operation] as Buffer);
    case 'detected_by':
      return namedColumn(column, (row) => DETECTED_BY_TEXTS[row.slices.detectedBy] as Buffer);
    case 'observed_at':
    case 'as_of':
      return timeColumn(column);
    case 'labels':
      return labelsColumn(column);
    default:
      return constantColumn(column, Buffer.from(context[column.name as keyof RowContext]));
  }
}

function partColumn(column: Column, part: number, kind: TextKind): FixedColumn {
  const values = new TextValues(kind);
  const leaf = new Leaf(leafPlaces(column)[0]!, values);
  return {
    leaves: [leaf],
    append: ({ slices }) => {
      leaf.beginRow();
      const start = slices.start(part);
      // Only what may be null is absent: of the others, a row has at least an empty text.
      if (start < 0 && leaf.place.maxDefinition > 0) return leaf.absent();
      const end = slices.end(part);
      values.append(slices.bytes, start < 0 ? end : start, end);
      leaf.present();
    },
  };
}

function namedColumn(column: Column, textOf: (row: TableRow) => Buffer): FixedColumn {
  const values = new TextValues('any');
  const leaf = new Leaf(leafPlaces(column)[0]!, values);
  return {
    leaves: [leaf],
    append: (row) => {
      leaf.beginRow();
      const text = textOf(row);
      values.append(text, 0, text.length);
      leaf.present();
    },
  };
}

function timeColumn(column: Column): FixedColumn {
  const values = new IntValues();
  const leaf = new Leaf(leafPlaces(column)[0]!, values);
  return {
    leaves: [leaf],
    append: (row) => {
      leaf.beginRow();
      values.appendNumber(row.observedAt);
      leaf.present();
    },
  };
}

/** One value in all rows, which is written when their number is known. */
function constantColumn(column: Column, value: Buffer): FixedColumn {
  const values = new TextValues('any');
  const leaf = new Leaf(leafPlaces(column)[0]!, values);
  return {
    leaves: [leaf],
    append: () => undefined,
    end: (rows) => {
      values.fill(value, rows);
      leaf.repeated(rows);
    },
  };
}

function labelsColumn(column: Column): FixedColumn {
  const [keys, values] = [new TextValues('any'), new TextValues('any')];
  const [keyPlace, valuePlace] = leafPlaces(column);
  const keyLeaf = new Leaf(keyPlace!, keys);
  const valueLeaf = new Leaf(valuePlace!, values);
  const absent = (definition: number): void => {
    keyLeaf.absent(definition);
    valueLeaf.absent(definition);
  };
  return {
    leaves: [keyLeaf, valueLeaf],
    append: ({ labels }) => {
      keyLeaf.beginRow();
      valueLeaf.beginRow();
      const { bytes, count } = labels;
      if (bytes === undefined) return absent(NO_LABELS);
      if (count === 0) return absent(EMPTY);
      for (let i = 0; i < count; i++) {
        keys.append(bytes, labels.start(i, 0), labels.end(i, 0));
        keyLeaf.present(i === 0 ? 0 : 1);
        values.append(bytes, labels.start(i, 2), labels.end(i, 2));
        valueLeaf.present(i === 0 ? 0 : 1);
      }
    },
  };
}
