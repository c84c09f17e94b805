import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Batch, Rejected } from '../exporters/exporter.ts';
import { LaneWriter } from '../model/lane.ts';
import type { Resource, Stream } from '../model/resource.ts';
import type { Credits } from '../shard/credits.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { compileSubject, DEFAULT_SUBJECT } from '../transform/subject.ts';
import type { Failure } from '../transform/work.ts';
import type { Outlet } from './outlet.ts';

const RESOURCE: Resource = {
  group: 'watershard.dev',
  version: 'v1',
  kind: 'DeadLetter',
  resource: 'deadletters',
  namespaced: false,
};

/** The stream that dead letters of all streams travel in; it has no position. */
export const DEAD_LETTERS: Stream = { id: 'dead-letters', resource: RESOURCE, metadataOnly: false };

/** Of what stands around a letter in memory, an estimate. Bytes. */
const OVERHEAD = 1024;

/** The way to a dead-letter exporter. */
export interface Route {
  readonly outlet: Outlet;
  /** Template of its routing key; undefined where it has none. */
  readonly subject: string | undefined;
}

interface OpenRoute {
  readonly outlet: Outlet;
  readonly subject: (about: string) => string;
  sequence: number;
  /** Letters that are not stored, in order. */
  readonly waiting: { readonly sequence: number; readonly done: () => void }[];
}

/**
 * Takes records that a sink cannot store to the exporter that is named for them, or counts them as dropped; and says there
 * which frames and objects were set aside before they became records.
 */
export class DeadLetters {
  readonly #routes = new Map<string, OpenRoute>();
  readonly #notices: OpenRoute | undefined;
  /** Those about quarantined objects that are not stored, by id. */
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #credits: Pick<Credits, 'charge' | 'give'>;
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  /** @param routes by the name of the exporter that refuses; the first of them is that of quarantined objects too */
  constructor(
    routes: ReadonlyMap<string, Route>,
    cluster: string,
    credits: Pick<Credits, 'charge' | 'give'>,
    metrics: Metrics,
    logger: Logger,
  ) {
    this.#credits = credits;
    this.#metrics = metrics;
    this.#logger = logger;
    const context = { cluster, clusterUid: '', ...RESOURCE };
    const open = new Map<Outlet, OpenRoute>();
    for (const [exporter, { outlet, subject: template = DEFAULT_SUBJECT }] of routes) {
      let route = open.get(outlet);
      if (route === undefined) {
        const compiled = compileSubject(template, context);
        const subject = (name: string): string => compiled({ namespace: '', name, operation: 'UPDATED' });
        route = { outlet, subject, sequence: 0, waiting: [] };
        open.set(outlet, route);
        outlet.open(DEAD_LETTERS, 1, undefined);
      }
      this.#routes.set(exporter, route);
    }
    this.#notices = open.values().next().value;
  }

  /** @returns fulfilled when the dead letter is stored; undefined where the record is dropped */
  take(record: Rejected): Promise<void> | undefined {
    const { exporter, key, id, error, payload } = record;
    const route = this.#routes.get(exporter);
    const known = { exporter, key, id, code: error.code, reason: error.message };
    if (route === undefined) {
      this.#metrics.dropped.inc({ exporter, reason: error.code });
      this.#logger.warn(known, `a record was dropped: ${error.remedy}`);
      return undefined;
    }
    this.#logger.warn({ ...known, deadLetter: route.outlet.name }, 'a record goes to the dead-letter exporter');
    const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const content = isUtf8(buffer) ? { record: buffer.toString() } : { recordBase64: buffer.toString('base64') };
    const lane = new LaneWriter();
    append(lane, route.subject(exporter), { id, key, letter: { ...known, ...content } });
    return this.#send(route, lane);
  }

  /**
   * Tells of what a worker has set aside in one batch; it is counted and logged already.
   * @returns fulfilled when the letters are stored, or dropped by the policy of an optional exporter, counted; undefined
   * where nobody is to be told
   */
  quarantined(stream: Stream, failures: readonly Failure[]): Promise<void> | undefined {
    const route = this.#notices;
    if (route === undefined || failures.length === 0) return undefined;
    // A letter that waits already is not sent again: a stream that begins again and again would fill the memory with them.
    const letters = new Map(
      failures.flatMap((failure) => notices(stream, failure)).map((letter) => [letter.id, letter]),
    );
    const earlier = [...letters.keys()].map((id) => this.#waiting.get(id)).filter((stored) => stored !== undefined);
    const fresh = [...letters.values()].filter(({ id }) => !this.#waiting.has(id));
    if (fresh.length === 0) return all(earlier);
    const lane = new LaneWriter();
    for (const letter of fresh) append(lane, route.subject(stream.id), letter);
    const stored = this.#send(route, lane).then(() => {
      for (const { id } of fresh) this.#waiting.delete(id);
    });
    for (const { id } of fresh) this.#waiting.set(id, stored);
    return all([...earlier, stored]);
  }

  /** The exporter of this outlet has stored the letters up to this one. */
  acked(outlet: Outlet, sequence: number): void {
    const waiting = this.#waitingOf(outlet);
    while (waiting.length > 0 && waiting[0]!.sequence <= sequence) waiting.shift()!.done();
  }

  /** The buffer of an optional exporter was full; it is counted and logged there. */
  dropped(outlet: Outlet, sequence: number): void {
    const waiting = this.#waitingOf(outlet);
    const at = waiting.findIndex((letter) => letter.sequence === sequence);
    if (at >= 0) waiting.splice(at, 1)[0]!.done();
  }

  #waitingOf(outlet: Outlet): OpenRoute['waiting'] {
    return [...this.#routes.values()].find((route) => route.outlet === outlet)?.waiting ?? [];
  }

  #send(route: OpenRoute, lane: LaneWriter): Promise<void> {
    const sequence = ++route.sequence;
    const records = lane.count;
    const batch: Batch = {
      stream: DEAD_LETTERS,
      incarnation: 1,
      sequence,
      table: 'changes',
      lane: lane.finish(),
      records,
    };
    // An optional exporter has a buffer of its own that bounds what waits; here it is the credits, and reading stops.
    const bytes = route.outlet.required ? batch.lane.byteLength + records * OVERHEAD : 0;
    this.#credits.charge(DEAD_LETTERS.id, bytes);
    const stored = new Promise<void>((resolve) => {
      const done = (): void => {
        this.#credits.give(DEAD_LETTERS.id, bytes);
        resolve();
      };
      route.waiting.push({ sequence, done });
    });
    route.outlet.write(batch);
    return stored;
  }
}

interface Letter {
  readonly id: string;
  readonly key: string;
  readonly letter: object;
}

/**
 * What identifies the object and what failed, and no content. The same failure of the same object has the same id, also
 * after a crash: a sink that knows ids keeps one letter of it. Where there is no key, the text itself stands for the object,
 * as a hash in that of the id.
 */
function notices(stream: Stream, { key, code, message, contents }: Failure): Letter[] {
  const about = { stream: stream.id, key, code, reason: message };
  return (contents ?? ['']).map((content) => {
    const told = JSON.stringify(content === '' ? about : { ...about, content });
    const id = `quarantined:${createHash('sha256').update(told).digest('hex').slice(0, 32)}`;
    return { id, key: `${stream.resource.resource}/${key}`, letter: { id, ...about } };
  });
}

function append(lane: LaneWriter, subject: string, { id, key, letter }: Letter): void {
  lane.append(subject, key, id, 'UPDATED', Buffer.from(JSON.stringify({ ...letter, at: new Date().toISOString() })));
}

async function all(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}
