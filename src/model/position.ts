/** Up to where a stream has been delivered durably to every required exporter. */
export interface Position {
  /** Empty while the first list is not complete: what is known so far is in the known-objects set. */
  readonly resourceVersion: string;
  /** Number of commits of this stream since the state began; a Parquet file is named after the one it starts at. */
  readonly sequence: number;
  /** Unix time of the commit, milliseconds. */
  readonly committedAt: number;
  /**
   * How often the API server has gone back in time (an etcd restored from an older backup) since the state began; absent for
   * never. It stands in the ids of records from then on, as versions are given a second time.
   */
  readonly generation?: number;
  /** `streamScope` of the stream when this was committed; while a list was under way, in the form of `listingScope`. */
  readonly scope: string;
}

const LISTING = 'listing ';

/** Of a position that no watch may go on from: records of a list may be delivered that are newer. */
export function listingScope(scope: string): string {
  return `${LISTING}${scope}`;
}

/** The scope that the position was taken in. */
export function scopeOf({ scope }: Pick<Position, 'scope'>): string {
  return scope.startsWith(LISTING) ? scope.slice(LISTING.length) : scope;
}

/** Whether a watch may go on from here, in the same scope. */
export function mayGoOn(position: Position | undefined): position is Position {
  return position !== undefined && position.resourceVersion !== '' && !position.scope.startsWith(LISTING);
}

const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Compares two resourceVersions of the same resource as decimal strings of any length (KEP-5504).
 * @returns negative, 0 or positive; undefined where one is not a decimal number, when only equality has a meaning.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
