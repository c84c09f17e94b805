import type { Config } from '../../config/schema.ts';
import { errorMessage } from '../../model/errors.ts';
import { LaneReader } from '../../model/lane.ts';
import type { Stream } from '../../model/resource.ts';
import { KnownTable } from '../../transform/known-table.ts';
import type { LanePlan, StreamPlan } from '../../transform/plan.ts';
import { StreamTransform } from '../../transform/stream-transform.ts';
import type { WorkResult } from '../../transform/work.ts';
import type { ApiClient } from '../../watch/api-client.ts';
import type { ListSlots } from '../../watch/list-slots.ts';
import { type Redaction, redactionsOf } from './redactions.ts';
import type { ChangesPreview, ExporterPreview, PreviewRow, StreamPreview } from './report.ts';
import { readChanges, readSample, type Sample } from './sampling.ts';

const DAY_MS = 86_400_000;
/** The lane that is shown, behind those of the exporters. */
export const SHOWN: LanePlan = { exporter: 'preview', encoding: 'json' };

export interface PreviewContext {
  readonly api: ApiClient;
  readonly config: Config;
  /** For the lists; all streams are watched at the same time. */
  readonly slots: ListSlots;
  readonly planOf: (stream: Stream) => StreamPlan;
  readonly limit: number;
  /** Milliseconds; 0 for no watch. */
  readonly watch: number;
  readonly signal: AbortSignal;
}

interface Tally {
  records: number;
  bytes: number;
}

/** Runs the transform of the stream over a page of it, and over what changes for a while. */
export async function previewStream(stream: Stream, context: PreviewContext): Promise<StreamPreview> {
  const { api, slots, limit, signal } = context;
  const plan = context.planOf(stream);
  const empty = { stream: stream.id, sampled: 0, rows: [], redactions: [], exporters: [], problems: [] };
  const release = await slots.acquire(signal);
  let sample: Sample;
  try {
    signal.throwIfAborted();
    sample = await readSample(api, stream, limit, signal);
  } catch (error) {
    return { ...empty, error: errorMessage(error) };
  } finally {
    release?.();
  }
  const transform = new StreamTransform(plan, new KnownTable());
  try {
    return await previewOf(stream, context, sample, plan.lanes.slice(0, -1), transform);
  } finally {
    transform.close();
  }
}

async function previewOf(
  stream: Stream,
  context: PreviewContext,
  sample: Sample,
  lanes: readonly LanePlan[],
  transform: StreamTransform,
): Promise<StreamPreview> {
  const { watch } = context;
  const isSent = senders(context.config, lanes);
  const { items } = JSON.parse(Buffer.from(sample.page).toString('utf8')) as { items?: Listed[] | null };
  const objects = new Map((items ?? []).map((object) => [keyOf(object.metadata ?? {}), object]));
  const observedAt = Date.now() * 1000;
  const { resourceVersion } = sample;
  transform.apply({ type: 'list-begin', relist: false });
  const result = transform.apply({ type: 'page', bytes: sample.page, observedAt });
  transform.apply({ type: 'list-end', resourceVersion, observedAt });
  const sampled = objects.size;
  const total = sample.remaining === undefined ? undefined : sampled + sample.remaining;
  const rows = rowsOf(result, isSent);
  const changes = lanes.map((): Tally => ({ records: 0, bytes: 0 }));
  const watched =
    watch === 0 ? undefined : await watchChanges(stream, resourceVersion, context, transform, isSent, changes);
  return {
    stream: stream.id,
    sampled,
    ...(total === undefined ? {} : { total }),
    rows,
    redactions: countRedactions(rows, objects),
    exporters: lanes.map((lane, i): ExporterPreview => {
      const sizes = rows.flatMap((row) => (row.bytes[i] === 0 ? [] : [row.bytes[i] as number]));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const whole = total === undefined ? undefined : sampled === 0 ? 0 : Math.round((bytes / sampled) * total);
      const daily = watched && Math.round(((changes[i] as Tally).bytes / (watched.seconds * 1000)) * DAY_MS);
      return {
        name: lane.exporter,
        encoding: lane.encoding,
        records: sizes.length,
        bytes,
        ...(whole === undefined ? {} : { snapshotBytes: whole }),
        ...(daily === undefined ? {} : { bytesPerDay: daily }),
      };
    }),
    problems: problemsOf(result),
    ...(watched === undefined ? {} : { changes: watched }),
  };
}

/** @param tallies get what each exporter would be sent */
async function watchChanges(
  stream: Stream,
  resourceVersion: string,
  { api, signal, watch }: PreviewContext,
  transform: StreamTransform,
  isSent: IsSent,
  tallies: readonly Tally[],
): Promise<ChangesPreview> {
  const begun = performance.now();
  const over = AbortSignal.any([signal, AbortSignal.timeout(watch)]);
  let events = 0;
  let records = 0;
  let error: string | undefined;
  try {
    await readChanges(api, stream, resourceVersion, over, (split) => {
      if (split.type === 'error') error = `the watch ended: ${split.text.slice(0, 300)}`;
      if (split.type !== 'frames') return;
      events += split.count;
      const made = transform.apply({ ...split, listing: false, observedAt: Date.now() * 1000 });
      records += made.records;
      tally(made, isSent, tallies);
    });
  } catch (e) {
    error = errorMessage(e);
  }
  // At least a millisecond, by which is divided.
  const seconds = Math.max(performance.now() - begun, 1) / 1000;
  return { seconds, events, records, ...(error === undefined ? {} : { error }) };
}

interface Listed {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
}

function keyOf({ namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string }): string {
  return `${namespace}/${name}`;
}

type IsSent = (lane: number, operation: string) => boolean;

/** By the operations that an exporter sends; what else it filters by is not known here. */
function senders({ exporters }: Config, lanes: readonly LanePlan[]): IsSent {
  const wanted = lanes.map(({ exporter }) => {
    const config = exporters.find((e) => e.name === exporter) as
      | { readonly operations?: readonly string[] }
      | undefined;
    return config?.operations ?? [];
  });
  return (lane, operation) => {
    const operations = wanted[lane] ?? [];
    return operations.length === 0 || operations.includes(operation);
  };
}

function rowsOf({ lanes }: WorkResult, isSent: IsSent): PreviewRow[] {
  const readers = lanes.map((lane) => (lane === null ? undefined : new LaneReader(lane)));
  const shown = readers.at(-1);
  if (shown === undefined) return [];
  return Array.from({ length: shown.count }, (_, i): PreviewRow => {
    const record = JSON.parse(Buffer.from(shown.payload(i)).toString('utf8')) as {
      readonly operation: string;
      readonly namespace: string;
      readonly name: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    };
    const { operation, namespace, name, fields = {} } = record;
    const bytes = readers.slice(0, -1).map((reader, lane) => (isSent(lane, operation) ? sizeOf(reader, i) : 0));
    return { operation, namespace, name, fields, bytes, record };
  });
}

function tally({ lanes, records }: WorkResult, isSent: IsSent, tallies: readonly Tally[]): void {
  tallies.forEach((sums, lane) => {
    const packed = lanes[lane];
    const reader = packed == null ? undefined : new LaneReader(packed);
    for (let i = 0; i < records; i++) {
      if (reader === undefined || !isSent(lane, reader.operation(i))) continue;
      sums.records++;
      sums.bytes += sizeOf(reader, i);
    }
  });
}

/** With what the protocol wants before and behind it, where that is written with the record. */
function sizeOf(reader: LaneReader | undefined, index: number): number {
  return reader === undefined ? 0 : reader.frameEnd(index) - reader.frameStart(index);
}

function countRedactions(
  rows: readonly PreviewRow[],
  objects: ReadonlyMap<string, Listed>,
): (Redaction & { objects: number })[] {
  const counts = new Map<string, Redaction & { objects: number }>();
  for (const row of rows) {
    const { object } = row.record as { readonly object?: unknown };
    for (const redaction of redactionsOf(objects.get(keyOf(row)), object)) {
      const key = `${redaction.how} ${redaction.path}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { ...redaction, objects: 1 });
      else known.objects++;
    }
  }
  return [...counts.values()].sort((a, b) => b.objects - a.objects);
}

function problemsOf({ failures, fieldErrors }: WorkResult): string[] {
  return [
    ...failures.map((f) => `${f.code}: ${f.message}${f.key === '' ? '' : ` (${f.key})`}, ${f.count} times`),
    ...fieldErrors.map((f) => `field ${f.field} is null in ${f.count} records: ${f.sample}`),
  ];
}
