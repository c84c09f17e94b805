/** Values that differ from object to object and from change to change. One is filled again for each rendering. */
export interface Moment {
  /** Of the resource, so that two resources have different uids. */
  salt: number;
  slot: number;
  /** Counts the objects ever made of the resource; an object's identity. */
  serial: number;
  /** Changes since it was created. */
  changes: number;
  /** Changes of the heartbeat annotation alone. */
  beats: number;
  resourceVersion: number;
}

export function emptyMoment(): Moment {
  return { salt: 0, slot: 0, serial: 0, changes: 0, beats: 0, resourceVersion: 0 };
}

/**
 * Fields of a template and their widths in bytes, in the order of assembly/simulator/render.ts, which makes their values.
 * `@{field}` stands in a string; a string that is `@#{field}` and nothing else becomes a number.
 */
export const FIELDS: ReadonlyMap<string, number> = new Map([
  ['rv', 10],
  ['uid', 36],
  ['suffix', 6],
  ['ordinal', 6],
  ['count', 6],
  ['octet', 3],
  ['host', 3],
  ['beat', 8],
  ['born', 8],
  ['changed', 8],
  ['managed', 8],
  ['digit', 1],
]);

/**
 * Values that the objects of an app in a namespace have in common, written `@{namespace}`, too. `owner` is the uid of what owns
 * its pods, and `deployment` that of what owns its ReplicaSets.
 */
export const VARIANT_FIELDS = ['namespace', 'owner', 'ownerDigits', 'podHash', 'password', 'deployment'] as const;

/** As written into JSON, where nothing of them needs an escape. */
export type Variant = Readonly<Record<(typeof VARIANT_FIELDS)[number], string>>;
