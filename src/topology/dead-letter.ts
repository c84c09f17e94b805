import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Batch, Rejected } from '../exporters/exporter.ts';
import { LaneWriter } from '../model/lane.ts';
import type { Resource, Stream } from '../model/resource.ts';
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

/** Letters of quarantined objects that may wait: nothing waits for them, so nothing else bounds them. About 1 KB each. */
const MAX_NOTICES = 10_000;

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
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #waitingNotices = 0;

  /** @param routes by the name of the exporter that refuses; the first of them is that of quarantined objects too */
  constructor(routes: ReadonlyMap<string, Route>, cluster: string, metrics: Metrics, logger: Logger) {
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
    return this.#send(route, exporter, key, id, { ...known, ...content });
  }

  /** Tells of an object that was set aside by a worker. It is counted and logged already, and nothing waits for this letter. */
  quarantined(stream: Stream, { key, code, message }: Failure): void {
    const route = this.#notices;
    if (route === undefined) return;
    if (this.#waitingNotices >= MAX_NOTICES) {
      this.#metrics.dropped.inc({ exporter: route.outlet.name, reason: 'overflow' });
      return;
    }
    const about = { stream: stream.id, key, code, reason: message };
    // The same failure of the same object has the same id: a sink that knows ids keeps one letter of a poisonous object.
    const id = `quarantined:${createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 32)}`;
    this.#waitingNotices++;
    void this.#send(route, stream.id, `${stream.resource.resource}/${key}`, id, { id, ...about }).then(() => {
      this.#waitingNotices--;
    });
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

  #send(route: OpenRoute, about: string, key: string, id: string, letter: object): Promise<void> {
    const lane = new LaneWriter();
    const body = Buffer.from(JSON.stringify({ ...letter, at: new Date().toISOString() }));
    lane.append(route.subject(about), key, id, 'UPDATED', body);
    const sequence = ++route.sequence;
    const batch: Batch = {
      stream: DEAD_LETTERS,
      incarnation: 1,
      sequence,
      table: 'changes',
      lane: lane.finish(),
      records: 1,
    };
    const stored = new Promise<void>((done) => route.waiting.push({ sequence, done }));
    route.outlet.write(batch);
    return stored;
  }
}
