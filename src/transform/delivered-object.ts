import { ByteWriter } from '../model/byte-writer.ts';
import type { EditList } from '../model/edit-list.ts';
import { JsonScan } from '../model/json-scan.ts';
import { skipSpace } from '../model/json-skip.ts';
import type { TrieNode } from '../model/json-trie.ts';
import { writeEdited } from './cut.ts';
import { extractionTrie, LABELS, LABELS_TRIE, SLOTS } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';
import { parsePath } from './paths.ts';
import type { StreamPlan } from './plan.ts';
import { AnnotationScrubber } from './redact.ts';

const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Makes of an object that was read what may leave: redacted and pruned. Results are views, valid until the next call. */
export class DeliveredObject {
  readonly #scrubber: AnnotationScrubber | undefined;
  readonly #extraction: TrieNode | undefined;
  readonly #extractionScrubber: AnnotationScrubber | undefined;
  readonly #out = new ByteWriter();
  readonly #extractionOut = new ByteWriter();
  readonly #scan = new JsonScan(SLOTS);

  /** @throws WatershardError PATH_INVALID */
  constructor(plan: StreamPlan) {
    const redact = plan.redact.map(parsePath);
    if (redact.length > 0) this.#scrubber = new AnnotationScrubber(redact);
    if (plan.extract.length > 0 && plan.prune.some((path) => path !== 'metadata.managedFields')) {
      this.#extraction = extractionTrie(plan);
      if (redact.length > 0) this.#extractionScrubber = new AnnotationScrubber(redact);
    }
  }

  /** Whether `write` does. */
  get isSpliced(): boolean {
    return this.#scrubber === undefined;
  }

  /** What `object` gives, straight to where it has to be. Not where texts inside of texts are redacted. */
  write(reader: ObjectReader, out: ByteWriter): void {
    write(reader, reader.scan.edits, out);
  }

  /** JSON text of the object as it is delivered. */
  object(reader: ObjectReader): Buffer {
    const edits = reader.scan.edits;
    return apply(reader, edits, this.#out, this.#scrubber);
  }

  /** JSON text that fields are extracted from. @param object what `object` gave, where it was called */
  forExtraction(reader: ObjectReader, object = this.object(reader)): Buffer {
    if (this.#extraction === undefined) return object;
    this.#scan.run(reader.bytes, reader.start, reader.end, this.#extraction);
    return apply(reader, this.#scan.edits, this.#extractionOut, this.#extractionScrubber);
  }

  /** JSON text of the labels. @param object what `object` gave, where it was called */
  labels(reader: ObjectReader, object?: Buffer): Buffer | undefined {
    const start = reader.scan.start(LABELS);
    if (start < 0 || reader.bytes[start] !== 0x7b) return undefined;
    const end = reader.scan.end(LABELS);
    if (!touches(reader.scan.edits, start, end)) return reader.bytes.subarray(start, end);
    return this.labelsOf(object ?? this.object(reader));
  }

  /** JSON text of the labels of an object that was delivered before. */
  labelsOf(object: Buffer): Buffer | undefined {
    this.#scan.run(object, 0, object.length, LABELS_TRIE);
    const start = this.#scan.start(LABELS);
    return start < 0 || object[start] !== 0x7b ? undefined : object.subarray(start, this.#scan.end(LABELS));
  }
}

function apply(
  reader: ObjectReader,
  edits: EditList,
  out: ByteWriter,
  scrubber: AnnotationScrubber | undefined,
): Buffer {
  const { bytes, start, end, lead } = reader;
  let object: Buffer;
  if (edits.length === 0 && lead === undefined) object = bytes.subarray(start, end);
  else {
    out.reset();
    write(reader, edits, out);
    object = out.view();
  }
  return scrubber === undefined ? object : scrubber.scrub(object, bytes, edits);
}

function write({ bytes, start, end, lead }: ObjectReader, edits: EditList, out: ByteWriter): void {
  out.byte(OPEN_BRACE);
  if (lead !== undefined) out.bytes(lead);
  const members = out.length;
  writeEdited(bytes, start + 1, end, edits, out);
  // Where every member was cut, the comma behind the lead is one too many.
  if (lead !== undefined && out.buffer[skipSpace(out.buffer, members, out.length)] === CLOSE_BRACE)
    out.buffer[members - 1] = SPACE;
}

function touches(edits: EditList, start: number, end: number): boolean {
  for (let i = 0; i < edits.length; i++) if (edits.start(i) < end && edits.end(i) > start) return true;
  return false;
}
