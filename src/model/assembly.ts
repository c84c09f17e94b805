import { ASSEMBLY } from './gen/assembly.ts';
import { moduleOf } from './web-assembly.ts';

/** What assembly/ exports; positions are addresses in `memory`. */
export interface Assembly {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  base(): number;
  compose(program: number, count: number, slots: number, out: number): number;
  skipValue(p: number, end: number): number;
  skipTrusted(p: number, end: number): number;
  triePlace(): number;
  scanPlace(): number;
  slotPlace(): number;
  ignoredPlace(): number;
  editPlace(): number;
  scan(p: number, end: number, text: number, trie: number, slots: number, wanted: number): number;
  fingerprint(
    text: number,
    start: number,
    end: number,
    cuts: number,
    cutsEnd: number,
    lead: number,
    leadLength: number,
  ): number;
  fingerprintHigh(): number;
  dictionaryPlaces(): number;
  encode(text: number, length: number, dictionary: number, dictionaryLength: number, out: number): number;
  decode(
    encoded: number,
    encodedLength: number,
    dictionary: number,
    dictionaryLength: number,
    text: number,
    length: number,
  ): number;
  keyPlace(): number;
  pluck(p: number, end: number, keyLength: number, out: number): number;
  mergePatch(before: number, beforeEnd: number, after: number, afterEnd: number, out: number): number;
}

const instance = moduleOf(ASSEMBLY);

/** The module of assembly/ with a memory of its own. */
export function instantiate(): Assembly {
  return instance() as Assembly;
}
