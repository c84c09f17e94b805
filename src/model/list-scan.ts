import { JsonScan } from './json-scan.ts';
import { asBuffer, skipSpace, skipString, skipValue, stringAt } from './json-skip.ts';
import { compileTrie } from './json-trie.ts';

/** The body of a LIST (apimachinery `metav1.List`). Positions count from the start of the body. */
export interface ListScan {
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continue: string;
  /** metadata.remainingItemCount. */
  readonly remaining: number | undefined;
  /** metadata.shardInfo.selector: the `shardSelector` that the server has honoured; '' where it says nothing of one. */
  readonly shardSelector: string;
  /** Behind the bracket that opens items. Equal to itemsEnd where items is empty, null or absent. */
  readonly itemsStart: number;
  /** At the bracket that closes items. */
  readonly itemsEnd: number;
}

const VERSION = 0;
const CONTINUE = 1;
const REMAINING = 2;
const ITEMS = 3;
const METADATA = 4;
const SHARD = 5;
const OF_METADATA = [
  { tokens: [{ key: 'resourceVersion' }], slot: VERSION },
  { tokens: [{ key: 'continue' }], slot: CONTINUE },
  { tokens: [{ key: 'remainingItemCount' }], slot: REMAINING },
  { tokens: [{ key: 'shardInfo' }, { key: 'selector' }], slot: SHARD },
];
const METADATA_ONLY = compileTrie(OF_METADATA);
const WHOLE = compileTrie([
  ...OF_METADATA.map(({ tokens, slot }) => ({ tokens: [{ key: 'metadata' }, ...tokens], slot })),
  { tokens: [{ key: 'metadata' }], slot: METADATA },
  { tokens: [{ key: 'items' }], slot: ITEMS },
]);
const scan = new JsonScan(6);

const HEAD_METADATA = Buffer.from('"metadata":{');
const HEAD_ITEMS = Buffer.from('"items":[');
const ITEMS_THEN_KIND = Buffer.from('],"kind":"');

/**
 * Reads what a pager needs. Where the body is written as an API server writes it the items are not looked at; they are
 * checked by whoever goes through them.
 * @returns undefined where the body is not a list: not JSON, cut off, or without metadata and items
 */
export function scanList(bytes: Uint8Array): ListScan | undefined {
  return plainList(asBuffer(bytes)) ?? scanWholeList(bytes);
}

/** The same, but every byte is checked: itemsEnd is exact, whatever stands behind items. */
export function scanWholeList(bytes: Uint8Array): ListScan | undefined {
  const b = asBuffer(bytes);
  const start = skipSpace(b, 0, b.length);
  const end = scan.run(b, start, b.length, WHOLE);
  if (end < 0 || scan.unusual || b[start] !== 0x7b || skipSpace(b, end, b.length) !== b.length) return undefined;
  const items = scan.start(ITEMS);
  if (items < 0 && scan.start(METADATA) < 0) return undefined;
  if (items < 0 || b[items] === 0x6e) return result(b, end, end);
  return b[items] === 0x5b ? result(b, items + 1, scan.end(ITEMS) - 1) : undefined;
}

/**
 * Built-in types: `{"kind":"PodList","apiVersion":"v1","metadata":{…},"items":[…]}`. Custom resources, whose keys are
 * sorted: `{"apiVersion":"…","items":[…],"kind":"…","metadata":{…}}`.
 */
function plainList(b: Buffer): ListScan | undefined {
  let last = b.length - 1;
  while (last > 0 && (b[last] as number) <= 0x20) last--;
  if (skipSpace(b, last + 1, b.length) !== b.length) return undefined;
  if (b[0] !== 0x7b || b[last] !== 0x7d) return undefined;
  let p = 1;
  // Only plain strings may stand before metadata or items: then this is the top level.
  while (!startsWith(b, p, HEAD_METADATA) && !startsWith(b, p, HEAD_ITEMS)) {
    p = plainMember(b, p);
    if (p < 0) return undefined;
  }
  if (startsWith(b, p, HEAD_ITEMS)) return sortedList(b, p + HEAD_ITEMS.length, last);
  const metadataEnd = scan.run(b, p + HEAD_METADATA.length - 1, b.length, METADATA_ONLY);
  if (metadataEnd < 0 || scan.unusual || b[metadataEnd] !== 0x2c || !startsWith(b, metadataEnd + 1, HEAD_ITEMS)) {
    return undefined;
  }
  return b[last - 1] === 0x5d ? plainItems(b, metadataEnd + 1 + HEAD_ITEMS.length, last - 1) : undefined;
}

/** @param last where the body's last brace stands */
function sortedList(b: Buffer, itemsStart: number, last: number): ListScan | undefined {
  // A quote inside a string is escaped, so that this text is none; that only metadata and a brace follow shows the level.
  const itemsEnd = b.lastIndexOf(ITEMS_THEN_KIND);
  if (itemsEnd < itemsStart) return undefined;
  const p = plainMember(b, itemsEnd + 2);
  if (p < 0 || !startsWith(b, p, HEAD_METADATA)) return undefined;
  const end = scan.run(b, p + HEAD_METADATA.length - 1, last, METADATA_ONLY);
  return end === last && !scan.unusual ? plainItems(b, itemsStart, itemsEnd) : undefined;
}

function plainItems(b: Buffer, start: number, end: number): ListScan | undefined {
  if (end < start || (end > start && (b[start] !== 0x7b || b[end - 1] !== 0x7d))) return undefined;
  return result(b, start, end);
}

/** Behind a member whose key and value are plain strings, and behind its comma; -1 where there is none. */
function plainMember(b: Buffer, p: number): number {
  const keyEnd = plainString(b, p);
  if (keyEnd < 0 || b[keyEnd] !== 0x3a) return -1;
  const valueEnd = plainString(b, keyEnd + 1);
  return valueEnd < 0 || b[valueEnd] !== 0x2c ? -1 : valueEnd + 1;
}

function result(b: Buffer, itemsStart: number, itemsEnd: number): ListScan {
  const remaining =
    scan.start(REMAINING) < 0 ? Number.NaN : Number(b.toString('latin1', scan.start(REMAINING), scan.end(REMAINING)));
  return {
    resourceVersion: text(b, VERSION),
    continue: text(b, CONTINUE),
    remaining: Number.isFinite(remaining) ? remaining : undefined,
    shardSelector: text(b, SHARD),
    itemsStart,
    itemsEnd,
  };
}

function text(b: Buffer, slot: number): string {
  return scan.start(slot) < 0 ? '' : stringAt(b, scan.start(slot), scan.end(slot));
}

/** The end of a string without escapes, behind its quote; -1 where there is none. */
function plainString(b: Buffer, p: number): number {
  if (b[p] !== 0x22) return -1;
  const end = skipString(b, p + 1, b.length);
  for (let i = p + 1; i < end; i++) if (b[i] === 0x5c) return -1;
  return end;
}

function startsWith(b: Buffer, p: number, text: Buffer): boolean {
  if (p + text.length > b.length) return false;
  for (let i = 0; i < text.length; i++) if (b[p + i] !== text[i]) return false;
  return true;
}

/** Slices of the items of a list; the last one has `end` -1 where what stands there is not JSON. */
export function* listItems(bytes: Uint8Array, list: ListScan): Generator<{ start: number; end: number }> {
  const b = asBuffer(bytes);
  let p = skipSpace(b, list.itemsStart, list.itemsEnd);
  while (p < list.itemsEnd) {
    const end = skipValue(b, p, list.itemsEnd);
    yield { start: p, end };
    if (end < 0) return;
    p = nextItem(b, end, list.itemsEnd);
    if (p < 0) {
      if (!endsAt(b, end)) yield { start: end, end: -1 };
      return;
    }
  }
}

/**
 * @param p behind an item
 * @returns where the next item starts; itemsEnd where that was the last one; -1 where neither a comma nor the end follows
 */
export function nextItem(b: Uint8Array, p: number, itemsEnd: number): number {
  p = skipSpace(b, p, itemsEnd);
  if (p === itemsEnd) return p;
  if (b[p] !== 0x2c) return -1;
  p = skipSpace(b, p + 1, itemsEnd);
  return p === itemsEnd ? -1 : p;
}

/** Whether the items end here after all, though nextItem said -1: something unusual stands behind them. */
export function endsAt(bytes: Uint8Array, p: number): boolean {
  const whole = scanWholeList(bytes);
  return whole !== undefined && skipSpace(bytes, p, whole.itemsEnd) === whole.itemsEnd;
}
