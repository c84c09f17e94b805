import type { Redaction } from './redactions.ts';

/** What would be sent of one stream. Holds what of objects would leave, and nothing else of them. */
export interface StreamPreview {
  readonly stream: string;
  /** Objects looked at. */
  readonly sampled: number;
  /** Objects there are; undefined where the server does not count them (with selectors). */
  readonly total?: number;
  readonly rows: readonly PreviewRow[];
  readonly redactions: readonly (Redaction & { /** How many of the objects. */ readonly objects: number })[];
  readonly exporters: readonly ExporterPreview[];
  /** What could not be made a record, and fields that could not be made. */
  readonly problems: readonly string[];
  readonly changes?: ChangesPreview;
  /** Why there is nothing else here. */
  readonly error?: string;
}

export interface PreviewRow {
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Bytes of the message of each exporter, in the order of `exporters`; 0 where it gets none. */
  readonly bytes: readonly number[];
  /** The record of encoding json, as docs/record.md has it. */
  readonly record: unknown;
}

export interface ExporterPreview {
  readonly name: string;
  readonly encoding: string;
  /** Of the sample. */
  readonly records: number;
  readonly bytes: number;
  /** Estimated for all objects; undefined where their number is not known. */
  readonly snapshotBytes?: number;
  /** Estimated from the changes that were watched. */
  readonly bytesPerDay?: number;
}

export interface ChangesPreview {
  readonly seconds: number;
  readonly events: number;
  readonly records: number;
  /** Why the watch ended early. */
  readonly error?: string;
}
