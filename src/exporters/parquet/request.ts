import type { Batch } from '../exporter.ts';

export type Table = Batch['table'];
export const TABLES: readonly Table[] = ['changes', 'inventory'];

const DAY_MICROS = 86_400_000_000;
/** Wide enough for one commit a millisecond over 30 years; names of one stream sort as their sequences do. */
const SEQUENCE_DIGITS = 12;
const UNSAFE = /[^A-Za-z0-9._@-]/gu;

/** Percent-encodes what is not safe in an object key, a file name or a Hive partition value. Never empty. */
export function escapeName(text: string): string {
  return text === '' ? '_' : text.replace(UNSAFE, percentEncoded);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** The UTC day of a Unix time in microseconds, as YYYY-MM-DD. */
export function dateOf(micros: number): string {
  return dateOfDay(dayOf(micros));
}

/** Days since 1970-01-01 in UTC. */
export function dayOf(micros: number): number {
  return Math.floor(micros / DAY_MICROS);
}

export function dateOfDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** Folder of one resource in one table: keys are relative to the configured url and end their folders with a slash. */
export function resourceFolder(table: Table, cluster: string, resource: string): string {
  return `${table}/cluster=${escapeName(cluster)}/resource=${escapeName(resource)}/`;
}

export function dateFolder(resourceFolder: string, date: string): string {
  return `${resourceFolder}date=${date}/`;
}

/** What the names of all files of a stream begin with; the epoch keeps those apart that another state has counted. */
export function fileStem(stream: string, epoch: string): string {
  return `${escapeName(stream)}-${epoch.replace(/[^A-Za-z0-9]/g, '')}`;
}

export interface FileIdentity {
  /** Of the committed position that the file starts at; 0 where there is none. */
  readonly sequence: number;
  /** Files of one stream, table and day that start at the same position: the schema has grown between them. */
  readonly part: number;
  /** For the table `inventory`: the moment that it shows, Unix microseconds. */
  readonly asOf?: number | undefined;
}

/** `<stream>-<epoch>-<sequence>[-<as of>][-<part>].parquet` */
export function fileName(stem: string, file: FileIdentity): string {
  const asOf = file.asOf === undefined ? '' : `-${compactTime(file.asOf)}`;
  const part = file.part === 0 ? '' : `-${file.part}`;
  return `${stem}-${padSequence(file.sequence)}${asOf}${part}.parquet`;
}

/** Sorts directly before the names of the stream's files from this sequence on. */
export function nameBefore(stem: string, sequence: number): string {
  return `${stem}-${padSequence(sequence)}`;
}

/** The sequence in the name of a file of this stream and epoch; undefined for what is no such file. */
export function sequenceOf(key: string, stem: string): number | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  if (!name.startsWith(`${stem}-`)) return undefined;
  const rest = /^(\d{12,})(-\d{8}T\d{12}Z)?(-\d+)?\.parquet$/.exec(name.slice(stem.length + 1));
  return rest === null ? undefined : Number(rest[1]);
}

/** Where the sticky column types of a resource are kept. Readers of Parquet skip names that begin with `_`. */
export function schemaKey(resourceFolder: string): string {
  return `${resourceFolder}_schema.json`;
}

/** Where a stream notes the days of files that `leftovers` could not find by the date of the position. */
export function attemptKey(resourceFolder: string, stem: string): string {
  return `${resourceFolder}_attempts/${stem}.json`;
}

function padSequence(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** 20260131T235959123456Z */
function compactTime(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return `${new Date(millis).toISOString().replace(/[-:.]/g, '').slice(0, -1)}${rest}Z`;
}
