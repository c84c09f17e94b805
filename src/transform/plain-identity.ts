import { IDENTITY_SLOT, type PlainTexts } from '../model/identity-slots.ts';
import { formatMicros } from '../model/record.ts';
import { SLOT_BYTES, setSlot, slotAt, stencilMemory } from '../model/stencil.ts';
import { NAME, NAMESPACE, RESOURCE_VERSION, UID } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';

const QUOTE = 0x22;
const POINT = 0x2e;
/** What stands for itself wherever an identity is written (a point not as a token of a subject), and its kind; else 0. */
const KINDS = new Uint8Array(256);
const IS_DIGIT = 1;
const IS_LETTER = 2;
const IS_POINT = 4;
for (const c of '0123456789') KINDS[c.charCodeAt(0)] = IS_DIGIT;
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-') KINDS[c.charCodeAt(0)] = IS_LETTER;
KINDS[POINT] = IS_POINT;
const ESCAPED_POINT = [0x25, 0x32, 0x45] as const;

/** The identity of the object that was read last, in the slots of stencils, where it needs no escapes of any kind. */
export class PlainIdentity implements PlainTexts {
  namespaceLength = 0;
  nameLength = 0;
  uidLength = 0;
  versionLength = 0;

  /**
   * @param observedAt Unix time, microseconds
   * @returns false where it is not that plain: names of Kubernetes nearly always are
   */
  read({ bytes, scan }: ObjectReader, observedAt: number): boolean {
    setTime(observedAt);
    const { namespace, namespaceToken, name, nameToken, uid, resourceVersion } = IDENTITY_SLOT;
    const any = IS_DIGIT | IS_LETTER | IS_POINT;
    const start = scan.start(NAMESPACE);
    if (start < 0) setSlot(namespace, 0);
    this.namespaceLength = start < 0 ? 0 : copy(bytes, start, scan.end(NAMESPACE), any, namespace, namespaceToken);
    this.nameLength = copy(bytes, scan.start(NAME), scan.end(NAME), any, name, nameToken);
    this.uidLength = copy(bytes, scan.start(UID), scan.end(UID), IS_DIGIT | IS_LETTER, uid, -1);
    // A number, as every API server gives them: some forms of a record have more of those.
    this.versionLength = copy(
      bytes,
      scan.start(RESOURCE_VERSION),
      scan.end(RESOURCE_VERSION),
      IS_DIGIT,
      resourceVersion,
      -1,
    );
    return this.namespaceLength >= 0 && this.nameLength > 0 && this.uidLength > 0 && this.versionLength > 0;
  }
}

/** What the slot has: records of one batch were read at one time. */
let time = Number.NaN;

function setTime(observedAt: number): void {
  if (observedAt === time) return;
  const slot = IDENTITY_SLOT.observedAt;
  setSlot(slot, stencilMemory.write(formatMicros(observedAt), slotAt(slot)));
  time = observedAt;
}

/** @returns bytes of the text, -1 where it is too long or has anything else than what is allowed */
function copy(b: Buffer, start: number, end: number, allowed: number, slot: number, tokenSlot: number): number {
  const length = end - start - 2;
  if (start < 0 || length < 0 || length * 3 > SLOT_BYTES || b[start] !== QUOTE) return -1;
  const memory = stencilMemory;
  const to = slotAt(slot) - start - 1;
  let kinds = 0;
  for (let i = start + 1; i < end - 1; i++) {
    const c = b[i] as number;
    const kind = KINDS[c] as number;
    if ((kind & allowed) === 0) return -1;
    kinds |= kind;
    memory[to + i] = c;
  }
  setSlot(slot, length);
  if (tokenSlot >= 0) setSlot(tokenSlot, copyToken(slotAt(slot), length, slotAt(tokenSlot), (kinds & IS_POINT) !== 0));
  return length;
}

/** @returns bytes of the token */
function copyToken(from: number, length: number, at: number, hasPoint: boolean): number {
  const memory = stencilMemory;
  if (!hasPoint) {
    memory.copyWithin(at, from, from + length);
    return length;
  }
  let to = at;
  for (let i = from; i < from + length; i++) {
    const c = memory[i] as number;
    if (c === POINT) for (const escaped of ESCAPED_POINT) memory[to++] = escaped;
    else memory[to++] = c;
  }
  return to - at;
}
