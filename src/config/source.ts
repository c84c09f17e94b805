import { closeSync, openSync, readSync } from 'node:fs';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { errorMessage, WatershardError } from '../model/errors.ts';

/** A configuration is written by hand: more than this is the wrong file. */
const MAX_BYTES = 1024 * 1024;
/** References to anchors, counted with what they contain; bounds the memory that a small file can ask for. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 50;
/** One slip can make many faults; the first ones tell. */
const MAX_FAULTS = 10;

/** The parser speaks to programmers in these. */
const FAULTS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'the file holds more than one document',
  TAG_RESOLVE_FAILED: 'this tag is not known; use plain values',
};

export interface Source {
  /** Plain data as the file says, before variables are expanded. */
  readonly data: unknown;
  /** Line on which the value at the path stands (with `key`, its key), or that of the nearest parent; 1-based. */
  line(path: readonly PropertyKey[], key?: boolean): number | undefined;
}

/** @throws WatershardError CONFIG_UNREADABLE */
export function readSource(file: string): Source {
  return parseSource(readText(file), file);
}

/** @throws WatershardError CONFIG_UNREADABLE */
export function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBounded(file));
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw unreadable(file, ['there is no such file']);
    throw unreadable(file, [errorMessage(e)], e);
  }
}

/** A pipe or a device has no size beforehand, and may never end. */
function readBounded(file: string): Buffer {
  const bytes = Buffer.allocUnsafe(MAX_BYTES + 1);
  const descriptor = openSync(file, 'r');
  let length = 0;
  try {
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(descriptor, bytes, length, bytes.length - length, null);
  } finally {
    closeSync(descriptor);
  }
  if (length > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return bytes.subarray(0, length);
}

/**
 * YAML 1.2, core schema: no custom tags, no duplicate keys, one document.
 * @throws WatershardError CONFIG_UNREADABLE with every syntax error's line and column
 */
export function parseSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parse(text, file, lines);
  const place = (offset: number, fault: string): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}: ${fault}`;
  };
  const faults = [...document.errors, ...document.warnings].map((fault) =>
    place(fault.pos[0], FAULTS[fault.code] ?? fault.message),
  );
  if (faults.length === 0) faults.push(...keyFaults(document).map(({ offset, fault }) => place(offset, fault)));
  if (faults.length > 0) throw unreadable(file, faults);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (e) {
    if (e instanceof ReferenceError) throw unreadable(file, ['its aliases stand for too much data']);
    throw unreadable(file, [errorMessage(e)], e);
  }
  if (isDeeper(data, MAX_DEPTH)) throw unreadable(file, ['it is nested too deeply, or an alias holds itself']);
  if (data === null || data === undefined) throw unreadable(file, ['the file is empty']);
  return { data, line: (path, key = false) => lineOf(document, lines, path, key) };
}

function parse(text: string, file: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false, // the parser compares each key with each: keyFaults does not
      version: '1.2',
      schema: 'core',
      stringKeys: true,
    });
  } catch (e) {
    throw unreadable(file, [e instanceof RangeError ? 'it is nested too deeply' : errorMessage(e)], e);
  }
}

function keyFaults(document: Document): { offset: number; fault: string }[] {
  const faults: { offset: number; fault: string }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const offset = key.range?.[0] ?? 0;
        if (seen.has(name)) faults.push({ offset, fault: 'this key stands twice in the same mapping' });
        seen.add(name);
      }
    },
  });
  return faults;
}

/** Bounded also where the data holds itself. */
function isDeeper(value: unknown, depth: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1));
}

function unreadable(file: string, faults: readonly string[], cause?: unknown): WatershardError {
  const shown = faults.slice(0, MAX_FAULTS);
  if (faults.length > MAX_FAULTS) shown.push(`and ${faults.length - MAX_FAULTS} more`);
  const text = shown.length === 1 ? ` ${shown[0]}` : shown.map((fault) => `\n  ${fault}`).join('');
  return new WatershardError('CONFIG_UNREADABLE', `reading the configuration ${file}:${text}`, { cause });
}

function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
  key: boolean,
): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length);
    const parent = length === 1 ? document.contents : document.getIn(at.slice(0, -1), true);
    if (key && length === path.length && isMap(parent)) {
      const pair = parent.items.find((p) => isPair(p) && isScalar(p.key) && String(p.key.value) === String(at.at(-1)));
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node = document.getIn(at, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
