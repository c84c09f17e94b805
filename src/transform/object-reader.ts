import { JsonScan } from '../model/json-scan.ts';
import { stringAt } from '../model/json-skip.ts';
import type { TrieNode } from '../model/json-trie.ts';
import { ObjectKey } from '../model/object-key.ts';
import { apiVersion, type Stream } from '../model/resource.ts';
import { normalise } from './normalise.ts';
import { API_VERSION, KIND, NAME, NAMESPACE, RESOURCE_VERSION, SLOTS, UID } from './object-paths.ts';

const OPEN_BRACE = 0x7b;

/** One object at a time as slices of its bytes. Used again for each. */
export class ObjectReader {
  readonly scan: JsonScan;
  /** The text that positions refer to: what was given, or the normalised object. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Members that have to be put in front: items of a list come without kind and apiVersion. */
  lead: Buffer | undefined;
  readonly #trie: TrieNode;
  readonly #kind: string;
  readonly #apiVersion: string;
  readonly #leads: readonly (Buffer | undefined)[];
  /** Of the object that was read last. */
  readonly key = new ObjectKey();
  // Of it, as texts, once they have been asked for.
  #name: string | undefined;
  #namespace: string | undefined;
  #uid: string | undefined;
  #resourceVersion: string | undefined;

  /** @param slots that the trie has */
  constructor(trie: TrieNode, stream: Stream, slots = SLOTS) {
    this.#trie = trie;
    this.scan = new JsonScan(slots);
    const kind = `"kind":${JSON.stringify(stream.metadataOnly ? 'PartialObjectMetadata' : stream.resource.kind)},`;
    const version = stream.metadataOnly ? 'meta.k8s.io/v1' : apiVersion(stream.resource);
    this.#kind = kind;
    this.#apiVersion = `"apiVersion":${JSON.stringify(version)},`;
    this.#leads = [
      undefined,
      Buffer.from(this.#kind),
      Buffer.from(this.#apiVersion),
      Buffer.from(this.#kind + this.#apiVersion),
    ];
  }

  /**
   * @param end of what may be read
   * @returns the position behind the object in what was given; -1 where there is no valid JSON object
   */
  read(b: Buffer, start: number, end: number): number {
    if (start >= end || b[start] !== OPEN_BRACE) return -1;
    const behind = this.scan.run(b, start, end, this.#trie);
    if (behind < 0) return -1;
    this.#name = this.#namespace = this.#uid = this.#resourceVersion = undefined;
    this.bytes = b;
    this.start = start;
    this.end = behind;
    if (this.scan.unusual) {
      this.bytes = normalise(b, start, behind);
      this.start = 0;
      this.end = this.bytes.length;
      this.scan.run(this.bytes, 0, this.end, this.#trie);
    }
    const { scan } = this;
    this.key.read(this.bytes, scan.start(NAMESPACE), scan.end(NAMESPACE), scan.start(NAME), scan.end(NAME));
    this.lead = this.#leads[(this.scan.start(KIND) < 0 ? 1 : 0) + (this.scan.start(API_VERSION) < 0 ? 2 : 0)];
    return behind;
  }

  get name(): string {
    this.#name ??= this.text(NAME);
    return this.#name;
  }

  get namespace(): string {
    this.#namespace ??= this.text(NAMESPACE);
    return this.#namespace;
  }

  get uid(): string {
    this.#uid ??= this.text(UID);
    return this.#uid;
  }

  get resourceVersion(): string {
    this.#resourceVersion ??= this.text(RESOURCE_VERSION);
    return this.#resourceVersion;
  }

  /** Text of a slot, '' where it is absent or no string. */
  text(slot: number): string {
    const start = this.scan.start(slot);
    return start < 0 ? '' : stringAt(this.bytes, start, this.scan.end(slot));
  }
}
