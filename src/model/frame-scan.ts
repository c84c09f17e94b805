import { parseExactly } from './json-exact.ts';
import { JsonScan } from './json-scan.ts';
import { asBuffer, stringAt } from './json-skip.ts';
import { compileTrie } from './json-trie.ts';

/** Kinds of watch event (apimachinery `watch.EventType`); UNKNOWN is any other, or a line that cannot be read. */
export type FrameType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR' | 'UNKNOWN';

const TYPES: readonly FrameType[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];
/** How an API server begins a line of each type. */
const HEADS = TYPES.map((type) => new Uint8Array(Buffer.from(`{"type":"${type}","object":`)));

const TYPE = 0;
const OBJECT = 1;
const VERSION = 2;
const key = (...keys: string[]) => keys.map((k) => ({ key: k }));
const TYPE_ONLY = compileTrie([{ tokens: key('type'), slot: TYPE }]);
const OBJECT_ONLY = compileTrie([{ tokens: key('object'), slot: OBJECT }]);
const VERSION_OF_OBJECT = compileTrie([{ tokens: key('metadata', 'resourceVersion'), slot: VERSION }]);
const VERSION_OF_FRAME = compileTrie([{ tokens: key('object', 'metadata', 'resourceVersion'), slot: VERSION }]);
const scan = new JsonScan(3);

/**
 * Type of one watch event. Only as much of the line is read as that needs.
 * @param start at the first byte of the line, @param end behind its last one (with or without the line's end)
 */
export function frameType(bytes: Uint8Array, start: number, end: number): FrameType {
  const head = headIndex(bytes, start, end);
  if (head >= 0) return TYPES[head] as FrameType;
  start = skipBlank(bytes, start, end);
  const read = scan.run(bytes, start, end, TYPE_ONLY, 1);
  if (scan.unusual) return knownType(parsed(bytes, start, end)?.type);
  return read < 0 || scan.start(TYPE) < 0
    ? 'UNKNOWN'
    : knownType(stringAt(asBuffer(bytes), scan.start(TYPE), scan.end(TYPE)));
}

/** `object.metadata.resourceVersion` of one watch event, '' where it cannot be read. Reads no further than that. */
export function frameResourceVersion(bytes: Uint8Array, start: number, end: number): string {
  const head = headIndex(bytes, start, end);
  const from = head < 0 ? skipBlank(bytes, start, end) : start + (HEADS[head] as Uint8Array).length;
  const read = scan.run(bytes, from, end, head < 0 ? VERSION_OF_FRAME : VERSION_OF_OBJECT, 1);
  if (scan.unusual) {
    const object = parsed(bytes, start, end)?.object as { metadata?: { resourceVersion?: unknown } } | undefined;
    const version = object?.metadata?.resourceVersion;
    return typeof version === 'string' ? version : '';
  }
  if (read < 0 || scan.start(VERSION) < 0) return '';
  return stringAt(asBuffer(bytes), scan.start(VERSION), scan.end(VERSION));
}

/** Where the object of one watch event begins and ends; undefined where the line is not a JSON object that has one. */
export function frameObject(bytes: Uint8Array, start: number, end: number): { start: number; end: number } | undefined {
  start = skipBlank(bytes, start, end);
  const read = scan.run(bytes, start, end, OBJECT_ONLY);
  if (read < 0 || scan.start(OBJECT) < 0 || bytes[scan.start(OBJECT)] !== 0x7b) return undefined;
  return skipBlank(bytes, read, end) === end ? { start: scan.start(OBJECT), end: scan.end(OBJECT) } : undefined;
}

/**
 * Where the object of an event begins that is written as an API server writes it: `{"type":"ADDED","object":{`.
 * @returns -1 where it is written in another way (which may be just as valid)
 */
export function plainObjectStart(bytes: Uint8Array, start: number, end: number): number {
  const head = headIndex(bytes, start, end);
  if (head < 0) return -1;
  const at = start + (HEADS[head] as Uint8Array).length;
  return bytes[at] === 0x7b ? at : -1;
}

function headIndex(bytes: Uint8Array, start: number, end: number): number {
  // The first letter of the type decides: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR.
  if (start + 9 >= end) return -1;
  const letter = bytes[start + 9];
  const index =
    letter === 0x41 ? 0 : letter === 0x4d ? 1 : letter === 0x44 ? 2 : letter === 0x42 ? 3 : letter === 0x45 ? 4 : -1;
  if (index < 0) return -1;
  const head = HEADS[index] as Uint8Array;
  if (start + head.length >= end) return -1;
  for (let i = 0; i < head.length; i++) if (bytes[start + i] !== head[i]) return -1;
  return index;
}

function skipBlank(bytes: Uint8Array, p: number, end: number): number {
  while (p < end && (bytes[p] === 0x20 || bytes[p] === 0x0a || bytes[p] === 0x0d || bytes[p] === 0x09)) p++;
  return p;
}

/** The slow way for lines with escaped keys or keys that stand twice. */
function parsed(bytes: Uint8Array, start: number, end: number): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseExactly(asBuffer(bytes).subarray(start, end), Number);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function knownType(type: unknown): FrameType {
  return TYPES.find((known) => known === type) ?? 'UNKNOWN';
}
