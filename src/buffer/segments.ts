import { readSegmentHeader, segmentHeader } from './frame.ts';
import { SegmentReader } from './segment-reader.ts';
import type { BufferStorage } from './storage.ts';

/** A file of frames. */
export interface Segment {
  readonly name: string;
  /** Bytes that are written; there may be half a frame behind them. */
  size: number;
  /** Where its frames begin. */
  readonly start: number;
  /** Number of its first and of its last frame. */
  first: number;
  last: number;
  /** What of it was not handed out yet. */
  unread: { records: number; bytes: number };
}

/** Where what is acknowledged is noted: all up to this number. */
export const CURSOR = 'acknowledged';
const NAME = /^\d{16}\.segment$/;

export function newSegment(first: number, fingerprint: string): Segment {
  const start = segmentHeader(fingerprint).length;
  return {
    name: `${String(first).padStart(16, '0')}.segment`,
    size: 0,
    start,
    first,
    last: first - 1,
    unread: { records: 0, bytes: 0 },
  };
}

/** What an earlier process has left. */
export interface Found {
  /** In order; each holds something that is not acknowledged. */
  readonly segments: Segment[];
  /** All up to this number is acknowledged. */
  readonly acknowledged: number;
  /** The highest number seen. */
  readonly last: number;
  /** Bytes that are no frames: the end of a segment that a crash has cut short, or damage. */
  readonly damaged: number;
  /** Records that were set aside, as their segments were written for another fingerprint. */
  readonly setAside: number;
}

/** Bytes that are read at once where only prefixes are looked at: many small frames, or one and the beginning of a large one. */
const GLANCE = 16 * 1024;

/**
 * Looks through a folder, every frame of it but not what is in them, so that what there is can be counted. What is damaged
 * inside a frame is told when it is read.
 * @throws what the storage throws
 */
export async function findSegments(storage: BufferStorage, fingerprint: string): Promise<Found> {
  const files = await storage.list();
  const acknowledged = files.some((f) => f.name === CURSOR) ? await readCursor(storage) : 0;
  const found = { segments: [] as Segment[], acknowledged, last: acknowledged, damaged: 0, setAside: 0 };
  let replace = true;
  for (const { name, size } of files.filter((f) => NAME.test(f.name)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const header = await headerOf(storage, name, size);
    const segment: Segment = {
      name,
      size,
      start: header?.end ?? 0,
      first: Number.parseInt(name, 10),
      last: Number.parseInt(name, 10) - 1,
      unread: { records: 0, bytes: 0 },
    };
    if (header === undefined) found.damaged += size;
    else found.damaged += await scan(storage, segment, found.last, acknowledged);
    found.last = Math.max(found.last, segment.last);
    if (segment.unread.bytes === 0) await storage.remove(name);
    else if (header?.fingerprint === fingerprint) found.segments.push(segment);
    else {
      found.setAside += segment.unread.records;
      await storage.setAside(name, replace);
      replace = false;
    }
  }
  return found;
}

/** Counts what of a segment is not acknowledged. @returns the bytes of it that are no frames */
async function scan(storage: BufferStorage, segment: Segment, before: number, acknowledged: number): Promise<number> {
  const reader = new SegmentReader(storage, segment.name, segment.start, GLANCE);
  segment.last = Math.max(segment.last, before);
  while (reader.offset < segment.size) {
    const frame = reader.skim(segment.size);
    if (frame === undefined) {
      if (reader.offset < segment.size) await reader.fill(segment.size);
      continue;
    }
    // Numbers rise. One that does not was written before a write that failed and was made again.
    if (frame.number <= segment.last) continue;
    segment.last = frame.number;
    if (frame.number <= acknowledged) continue;
    segment.unread.records += frame.records;
    segment.unread.bytes += frame.length;
  }
  return reader.skipped;
}

async function headerOf(
  storage: BufferStorage,
  name: string,
  size: number,
): Promise<{ fingerprint: string; end: number } | undefined> {
  const bytes = Buffer.alloc(Math.min(size, 4096));
  return readSegmentHeader(bytes.subarray(0, await storage.read(name, bytes, 0)));
}

/** A cursor that cannot be read costs duplicates. */
async function readCursor(storage: BufferStorage): Promise<number> {
  const bytes = Buffer.alloc(CURSOR_LENGTH);
  const text = bytes.subarray(0, await storage.read(CURSOR, bytes, 0)).toString('latin1');
  const [, first, second] = /^(\d{16}) (\d{16})\n$/.exec(text) ?? [];
  return first !== undefined && first === second ? Number(first) : 0;
}

const CURSOR_LENGTH = 34;

/** The number twice, so that half of a new one beside half of an old one is told. */
export function cursorBytes(acknowledged: number): Buffer {
  const digits = String(acknowledged).padStart(16, '0');
  return Buffer.from(`${digits} ${digits}\n`, 'latin1');
}
