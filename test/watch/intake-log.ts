import assert from 'node:assert/strict';
import type { Intake } from '../../src/model/intake.ts';
import type { Stream } from '../../src/model/resource.ts';

export interface SeenObject {
  readonly type: string;
  readonly listing: boolean;
  readonly name: string;
  readonly namespace: string;
  readonly object: Record<string, unknown>;
}

/** A sink that parses what it is given and checks that lists, frames and pages come in the promised order. */
export class IntakeLog {
  readonly items = new Map<string, Intake[]>();
  readonly #live = new Map<string, Map<string, SeenObject>>();
  readonly #listing = new Map<string, Set<string> | undefined>();
  readonly seen: (SeenObject & { stream: string })[] = [];
  /** While set, every hand-over waits for it. */
  hold: Promise<void> | undefined;

  readonly sink = (stream: Stream, item: Intake): undefined | Promise<void> => {
    const items = this.items.get(stream.id) ?? [];
    this.items.set(stream.id, items);
    items.push(item);
    this.#apply(stream.id, item);
    return this.hold;
  };

  /** Names (`namespace/name`) of the objects that the stream shows to exist. */
  live(stream: string): string[] {
    return [...(this.#live.get(stream)?.keys() ?? [])].sort();
  }

  object(stream: string, key: string): Record<string, unknown> | undefined {
    return this.#live.get(stream)?.get(key)?.object;
  }

  types(stream: string): string[] {
    return (this.items.get(stream) ?? []).map((item) => item.type);
  }

  count(stream: string, type: Intake['type']): number {
    return this.types(stream).filter((t) => t === type).length;
  }

  last<T extends Intake['type']>(stream: string, type: T): Extract<Intake, { type: T }> | undefined {
    return (this.items.get(stream) ?? []).findLast((item): item is Extract<Intake, { type: T }> => item.type === type);
  }

  #apply(id: string, item: Intake): void {
    const live = this.#live.get(id) ?? new Map<string, SeenObject>();
    this.#live.set(id, live);
    const listed = this.#listing.get(id);
    switch (item.type) {
      case 'list-begin':
        this.#listing.set(id, new Set());
        break;
      case 'frames': {
        assert.equal(item.listing, listed !== undefined, `${id}: listing flag`);
        const lines = Buffer.from(item.bytes).toString('utf8').split('\n');
        assert.equal(lines.pop(), '', 'frames end in a newline');
        assert.equal(lines.length, item.count);
        for (const line of lines) this.#frame(id, JSON.parse(line), item.listing);
        break;
      }
      case 'page': {
        assert.ok(listed !== undefined, `${id}: a page outside of a list`);
        const list = JSON.parse(Buffer.from(item.bytes).toString('utf8'));
        for (const object of list.items ?? []) this.#frame(id, { type: 'ADDED', object }, true);
        break;
      }
      case 'list-end':
        assert.ok(listed !== undefined, `${id}: the end of no list`);
        assert.notEqual(item.resourceVersion, '');
        for (const key of live.keys()) if (!listed.has(key)) live.delete(key);
        this.#listing.set(id, undefined);
        break;
      case 'bookmark':
        assert.equal(listed, undefined, `${id}: a bookmark inside of a list`);
        break;
      case 'removed':
        live.clear();
        break;
    }
  }

  #frame(stream: string, event: { type: string; object: Record<string, unknown> }, listing: boolean): void {
    const { name = '', namespace = '' } = (event.object.metadata ?? {}) as { name?: string; namespace?: string };
    const key = namespace === '' ? name : `${namespace}/${name}`;
    const seen = { type: event.type, listing, name, namespace, object: event.object };
    this.seen.push({ ...seen, stream });
    const live = this.#live.get(stream) as Map<string, SeenObject>;
    if (event.type === 'DELETED') {
      live.delete(key);
      this.#listing.get(stream)?.delete(key);
    } else {
      live.set(key, seen);
      this.#listing.get(stream)?.add(key);
    }
  }
}

/** Waits until the condition holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    if (await condition()) return;
    assert.ok(Date.now() < deadline, `in vain for ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
