import type { ByteWriter } from '../model/byte-writer.ts';
import { CUT, type EditList } from '../model/edit-list.ts';
import { maskLeaves } from './redact.ts';

/** Writes JSON text with the edits applied. Bytes outside them stay as they are: integers of any length keep their digits. */
export function writeEdited(b: Buffer, start: number, end: number, edits: EditList, out: ByteWriter): void {
  let at = start;
  for (let i = 0; i < edits.length; i++) {
    if (edits.end(i) <= at) continue;
    out.slice(b, at, edits.start(i));
    at = edits.end(i);
    if (edits.kind(i) !== CUT) maskLeaves(b, edits.start(i), at, out);
  }
  out.slice(b, at, end);
}
