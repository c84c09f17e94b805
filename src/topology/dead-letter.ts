import type { Batch, Rejected } from '../exporters/exporter.ts';
import { LaneWriter } from '../model/lane.ts';
import type { Stream } from '../model/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Outlet } from './outlet.ts';

/** The stream that dead letters of all streams travel in; it has no position. */
export const DEAD_LETTERS: Stream = {
  id: 'dead-letters',
  resource: { group: 'watershard.dev', version: 'v1', kind: 'DeadLetter', resource: 'deadletters', namespaced: false },
  metadataOnly: false,
};

/** Takes records that a sink cannot store to the exporter that is named for them, or counts them as dropped. */
export class DeadLetters {
  readonly #routes: ReadonlyMap<string, Outlet>;
  readonly #cluster: string;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #sequence = 0;

  /** @param routes outlet of the dead-letter exporter, by the name of the exporter that refuses */
  constructor(routes: ReadonlyMap<string, Outlet>, cluster: string, metrics: Metrics, logger: Logger) {
    this.#routes = routes;
    this.#cluster = cluster;
    this.#metrics = metrics;
    this.#logger = logger;
    for (const outlet of new Set(routes.values())) outlet.exporter.open(DEAD_LETTERS, 1, undefined);
  }

  take(record: Rejected): void {
    const { exporter, key, id, error } = record;
    const outlet = this.#routes.get(exporter);
    const known = { exporter, key, id, code: error.code, reason: error.message };
    if (outlet === undefined) {
      this.#metrics.dropped.inc({ exporter, reason: error.code });
      this.#logger.warn(known, `a record was dropped: ${error.remedy}`);
      return;
    }
    this.#logger.warn({ ...known, deadLetter: outlet.name }, 'a record goes to the dead-letter exporter');
    outlet.write(this.#batch(record, known));
  }

  #batch(record: Rejected, known: object): Batch {
    const body = Buffer.from(JSON.stringify({ ...known, record: Buffer.from(record.payload).toString('utf8') }));
    const lane = new LaneWriter();
    lane.append(
      `k8s.${this.#cluster}.watershard.deadletters._.${record.exporter}`,
      record.key,
      record.id,
      'UPDATED',
      body,
    );
    return {
      stream: DEAD_LETTERS,
      incarnation: 1,
      sequence: ++this.#sequence,
      table: 'changes',
      lane: lane.finish(),
      records: 1,
    };
  }
}
