import type { JsonScan } from '../model/json-scan.ts';
import { skipColon, skipSpace, skipTrusted, stringAt } from '../model/json-skip.ts';
import type { PathTarget, PathToken } from '../model/json-trie.ts';
import { parseValue } from './extract.ts';
import type { ValueShape } from './value-shape.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A part of the object that the scan of its identity notes by the way. */
interface SlotNode {
  readonly slot: number;
  readonly shape: ValueShape;
  readonly members: readonly { readonly key: string; readonly node: SlotNode }[];
}

interface MemberShape {
  readonly key: string;
  readonly bytes: Buffer;
  readonly shape: ValueShape;
}

/** Reads those parts of an object that expressions look at, and no others: to parse all of it costs several times as much. */
export class PartialObject {
  /** What the scan has to note, beside its own. */
  readonly targets: readonly PathTarget[];
  /** How many slots that takes, its own included. */
  readonly slots: number;
  readonly #root: SlotNode['members'];
  readonly #members = new Map<ValueShape, readonly MemberShape[]>();

  /**
   * @param taken paths whose slices the scan notes anyhow
   * @param slots of those
   */
  constructor(shape: ValueShape, taken: readonly PathTarget[], slots: number) {
    const targets: PathTarget[] = [];
    const slotOf = (tokens: readonly PathToken[]): number => {
      const known = taken.find((target) => target.slot !== undefined && isSamePath(target.tokens, tokens))?.slot;
      if (known !== undefined) return known;
      targets.push({ tokens, slot: slots });
      return slots++;
    };
    const members = (parent: ValueShape, path: readonly PathToken[]): SlotNode['members'] =>
      parent.whole
        ? []
        : [...parent.keys].map(([key, child]) => {
            const tokens = [...path, { key }];
            return { key, node: { slot: slotOf(tokens), shape: child, members: members(child, tokens) } };
          });
    this.#root = members(shape, []);
    this.targets = targets;
    this.slots = slots;
  }

  /** Where the scan notes what a path of members leads to; undefined where it notes it only as a part of something. */
  slotOf(keys: readonly string[]): number | undefined {
    let members = this.#root;
    let node: SlotNode | undefined;
    for (const key of keys) {
      node = members.find((member) => member.key === key)?.node;
      if (node === undefined) return undefined;
      members = node.members;
    }
    return node?.slot;
  }

  /** @throws SyntaxError, RangeError where a value cannot be parsed */
  read(b: Buffer, scan: JsonScan): Record<string, unknown> {
    return this.#object(b, scan, this.#root);
  }

  #object(b: Buffer, scan: JsonScan, members: SlotNode['members']): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < members.length; i++) {
      const { key, node } = members[i] as SlotNode['members'][number];
      const start = scan.start(node.slot);
      if (start < 0) continue;
      const { shape } = node;
      object[key] =
        b[start] === OPEN_BRACE && takesMembers(shape)
          ? this.#object(b, scan, node.members)
          : this.#value(b, start, scan.end(node.slot), shape);
    }
    return object;
  }

  /** Of text whose grammar was checked. */
  #value(b: Buffer, start: number, end: number, shape: ValueShape): unknown {
    if (b[start] === OPEN_BRACE && takesMembers(shape)) return this.#map(b, start, end, shape);
    if (b[start] === OPEN_BRACKET && !shape.whole && shape.items !== undefined)
      return this.#list(b, start, end, shape.items);
    // Texts are by far the most.
    return b[start] === QUOTE ? stringAt(b, start, end) : parseValue(b.subarray(start, end));
  }

  #list(b: Buffer, start: number, end: number, items: ValueShape): unknown[] {
    const list: unknown[] = [];
    for (let p = skipSpace(b, start + 1, end); b[p] !== CLOSE_BRACKET; ) {
      const itemEnd = skipTrusted(b, p, end);
      list.push(this.#value(b, p, itemEnd, items));
      p = behindComma(b, itemEnd, end);
    }
    return list;
  }

  #map(b: Buffer, start: number, end: number, shape: ValueShape): unknown {
    const members = this.#membersOf(shape);
    const map: Record<string, unknown> = {};
    for (let p = skipSpace(b, start + 1, end); b[p] !== CLOSE_BRACE; ) {
      const keyStart = p + 1;
      let keyEnd = keyStart;
      for (; b[keyEnd] !== QUOTE; keyEnd++) if (b[keyEnd] === BACKSLASH) return parseValue(b.subarray(start, end));
      const valueStart = skipColon(b, keyEnd + 1, end);
      const valueEnd = skipTrusted(b, valueStart, end);
      const member = findMember(members, b, keyStart, keyEnd);
      if (member !== undefined) map[member.key] = this.#value(b, valueStart, valueEnd, member.shape);
      p = behindComma(b, valueEnd, end);
    }
    return map;
  }

  #membersOf(shape: ValueShape): readonly MemberShape[] {
    let members = this.#members.get(shape);
    if (members === undefined) {
      members = [...shape.keys].map(([key, child]) => ({ key, bytes: Buffer.from(key), shape: child }));
      this.#members.set(shape, members);
    }
    return members;
  }
}

/** A loop, which was meant for a list, goes over all keys of a map. */
function takesMembers({ whole, keys, items }: ValueShape): boolean {
  return !whole && items === undefined && keys.size > 0;
}

function findMember(members: readonly MemberShape[], b: Buffer, start: number, end: number): MemberShape | undefined {
  next: for (let i = 0; i < members.length; i++) {
    const member = members[i] as MemberShape;
    if (member.bytes.length !== end - start) continue;
    for (let j = start; j < end; j++) if (b[j] !== member.bytes[j - start]) continue next;
    return member;
  }
  return undefined;
}

/** At the next member or element, or at what closes. */
function behindComma(b: Buffer, p: number, end: number): number {
  p = skipSpace(b, p, end);
  return b[p] === COMMA ? skipSpace(b, p + 1, end) : p;
}

function isSamePath(a: readonly PathToken[], b: readonly PathToken[]): boolean {
  const key = (token: PathToken | undefined): unknown => token && 'key' in token && token.key;
  return a.length === b.length && a.every((token, i) => 'key' in token && token.key === key(b[i]));
}
