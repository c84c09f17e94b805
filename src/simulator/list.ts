import type { ServerResponse } from 'node:http';
import { apiVersion } from '../model/resource.ts';
import { type BodyWriter, writeSnapshot } from './body-writer.ts';
import type { Cluster } from './cluster.ts';
import { ApiStatus, badRequest, expired } from './refusal.ts';
import { envelope } from './renderer.ts';
import { readSnapshot, type Snapshot } from './table.ts';
import { emptyMoment } from './template-fields.ts';
import { type View, visible } from './view.ts';

/** Snapshots that continue tokens refer to: of the oldest ones the tokens expire. */
const KEPT = 64;

const FIRST = envelope('', '');
const FURTHER = envelope(',', '');

interface Pages {
  readonly view: View;
  readonly snapshot: Snapshot;
}

/** Answers LIST. All pages of one list show the same moment, as etcd does. */
export class Lists {
  readonly #cluster: Cluster;
  readonly #kept = new Map<string, Pages>();
  #tokens = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Makes every continue token that was given out expire. */
  expireTokens(): void {
    this.#kept.clear();
  }

  async answer(response: ServerResponse, w: BodyWriter, view: View, query: URLSearchParams): Promise<void> {
    const limit = wholeNumber(query, 'limit');
    const token = query.get('continue') ?? '';
    const { pages, id, from } = token === '' ? this.#begin(view, query) : this.#resume(token);
    const { snapshot } = pages;
    const { resource } = view.served;
    const next = limit === 0 ? snapshot.slots : endOfPage(view, snapshot, from, limit);
    const more = next < snapshot.slots;
    const kind = view.metadataOnly ? 'PartialObjectMetadata' : resource.kind;
    const version = view.metadataOnly ? 'meta.k8s.io/v1' : apiVersion(resource);
    const rest = more
      ? `,"continue":"${this.#token(id, pages, next)}","remainingItemCount":${countFrom(view, snapshot, next)}`
      : '';
    // An API server does not say it of metadata alone (1.36.3).
    const shard =
      view.shard === undefined || view.metadataOnly
        ? ''
        : `,"shardInfo":${JSON.stringify({ selector: view.shard.selector })}`;
    response.setHeader('content-type', 'application/json');
    w.text(
      `{"kind":"${kind}List","apiVersion":"${version}","metadata":{"resourceVersion":"${snapshot.resourceVersion}"${rest}${shard}},"items":[`,
    );
    let first = true;
    const whole = await writeSnapshot(w, view, { ...snapshot, slots: next }, from, (template, moment) => {
      const { item, whole } = template.form;
      w.object(view.metadataOnly ? whole : item, template, first ? FIRST : FURTHER, moment);
      first = false;
    });
    if (!whole) return;
    w.text(']}\n');
    w.end();
  }

  #begin(view: View, query: URLSearchParams): { pages: Pages; id: string; from: number } {
    const asked = query.get('resourceVersion') ?? '';
    const current = this.#cluster.resourceVersion;
    if (asked !== '' && !/^\d+$/.test(asked)) throw badRequest(`Invalid value: "${asked}": resourceVersion`);
    if (Number(asked) > current)
      throw new ApiStatus(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`);
    if (query.get('resourceVersionMatch') === 'Exact' && Number(asked) < view.served.table.compacted) {
      throw expired(`The provided resource version is too old: ${asked} (${view.served.table.compacted})`);
    }
    return { pages: { view, snapshot: view.served.table.snapshot(current) }, id: `${++this.#tokens}`, from: 0 };
  }

  #resume(token: string): { pages: Pages; id: string; from: number } {
    const [id, from] = Buffer.from(token, 'base64url').toString().split(':');
    const pages = this.#kept.get(id ?? '');
    if (pages === undefined || id === undefined)
      throw expired('The provided continue parameter is too old to display a consistent list result.');
    return { pages, id, from: Number(from) };
  }

  #token(id: string, pages: Pages, from: number): string {
    this.#kept.delete(id);
    this.#kept.set(id, pages);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    return Buffer.from(`${id}:${from}`).toString('base64url');
  }
}

/** @returns the slot that the next page begins at, or the number of slots where nothing is left */
function endOfPage(view: View, s: Snapshot, from: number, limit: number): number {
  const moment = emptyMoment();
  let left = limit;
  for (let slot = from; slot < s.slots; slot++) {
    if (!readSnapshot(s, slot, view.served.table.salt, moment) || visible(view, moment) === undefined) continue;
    if (left-- === 0) return slot;
  }
  return s.slots;
}

function countFrom(view: View, s: Snapshot, from: number): number {
  const moment = emptyMoment();
  let count = 0;
  for (let slot = from; slot < s.slots; slot++) {
    if (readSnapshot(s, slot, view.served.table.salt, moment) && visible(view, moment) !== undefined) count++;
  }
  return count;
}

export function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '0';
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: "${text}": ${name}`);
  return Number(text);
}
