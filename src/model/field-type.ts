/** Types that an extracted field may be declared as; without one it is taken from the expression or the first values. */
export const FIELD_TYPES = [
  'string',
  'int',
  'double',
  'bool',
  'timestamp',
  'json',
  'list<string>',
  'list<int>',
  'list<double>',
  'list<bool>',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** An extracted field as a table sees it: its name and, where the configuration gives one, its type. */
export interface FieldColumn {
  readonly name: string;
  readonly type?: FieldType;
}
