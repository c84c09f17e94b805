import { JetStreamApiError, jetstreamManager, RetentionPolicy, StorageType, type StreamInfo } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { ExporterContext } from '../exporter.ts';
import type { JetStreamConfig, NewStream } from './config.ts';
import { streamSubject, subjectCoverage, subjectPattern } from './request.ts';
import { STREAM_NOT_FOUND } from './server-errors.ts';

const NANOS = 1_000_000;
const SUBJECTS_OVERLAP = 10065;
/** No room: insufficient resources, and the account's limits of storage, memory and streams. */
const NO_ROOM = new Set([10023, 10002, 10028, 10047, 10027]);

interface Target {
  /** Bytes of headers and payload that the stream takes at most; undefined: as many as the server. */
  readonly maxMessage: number | undefined;
  /** What works, but not as well as it should. */
  readonly warnings: readonly string[];
  readonly created: boolean;
}

/** The stream that records go to, and what was said of it. */
export class TargetCheck {
  readonly #config: JetStreamConfig;
  readonly #context: ExporterContext;
  #warned = '';

  constructor(config: JetStreamConfig, context: ExporterContext) {
    this.#config = config;
    this.#context = context;
  }

  /**
   * Looks whether the stream is there, has a leader and takes our subjects; creates it where that is configured.
   * @returns the most bytes of a message that it takes; undefined: as many as the server
   * @throws WatershardError EXPORTER_TARGET_MISSING, EXPORTER_UNREACHABLE, EXPORTER_FULL or EXPORTER_MISCONFIGURED
   */
  async run(connection: NatsConnection): Promise<number | undefined> {
    const { name: exporter, cluster, logger } = this.#context;
    const { maxMessage, warnings, created } = await checkTarget(connection, this.#config, cluster);
    if (created) logger.info({ exporter, stream: this.#config.stream }, 'stream created');
    if (warnings.join() !== this.#warned) for (const warning of warnings) logger.warn({ exporter }, warning);
    this.#warned = warnings.join();
    return maxMessage;
  }
}

/** @throws as TargetCheck.run */
export async function checkTarget(
  connection: NatsConnection,
  config: JetStreamConfig,
  cluster: string,
): Promise<Target> {
  const pattern = subjectPattern(config.subject, cluster);
  let info: StreamInfo;
  let created = false;
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 5000 });
    try {
      info = await manager.streams.info(config.stream);
    } catch (e) {
      if (!(e instanceof JetStreamApiError) || e.code !== STREAM_NOT_FOUND) throw e;
      if (config.createStream === false) throw missing(config, pattern);
      info = await manager.streams.add(streamSettings(config.stream, config.createStream, pattern));
      created = true;
    }
  } catch (e) {
    if (e instanceof WatershardError) throw e;
    if (permissionDenied(e)) {
      return {
        maxMessage: undefined,
        created,
        warnings: [`the NATS user may not look at stream ${config.stream}, so its settings are not checked`],
      };
    }
    throw apiFault(config, e);
  }
  return { ...inspect(info, config, pattern), created };
}

function inspect(info: StreamInfo, config: JetStreamConfig, pattern: string): Omit<Target, 'created'> {
  const { subjects = [], no_ack, sealed, mirror, max_msg_size, duplicate_window } = info.config;
  const misfit = (what: string): WatershardError =>
    new WatershardError(
      'EXPORTER_MISCONFIGURED',
      `checking stream ${config.stream} of exporter ${config.name}: ${what}`,
    );
  if (no_ack) throw misfit('it does not acknowledge; set no_ack to false');
  if (sealed) throw misfit('it is sealed; use another stream');
  if (mirror !== undefined) throw misfit('it is a mirror; write to the stream that it copies');
  const cover = subjects.map((s) => subjectCoverage(s, pattern));
  if (cover.every((c) => c === 'none')) {
    throw misfit(
      `its subjects (${subjects.join(', ')}) take none of ours (${pattern}); run: nats stream edit ${config.stream} --subjects '${[...subjects, streamSubject(pattern)].join(',')}'`,
    );
  }
  if (info.cluster !== undefined && info.cluster.leader === undefined && info.config.num_replicas > 1) {
    throw new WatershardError(
      'EXPORTER_UNREACHABLE',
      `stream ${config.stream} has no leader; wait for its servers, or check them`,
    );
  }
  const warnings: string[] = [];
  if (!cover.includes('all')) {
    warnings.push(
      `no subject of stream ${config.stream} (${subjects.join(', ')}) takes all of ours (${pattern}); records whose subject it does not take will wait`,
    );
  }
  const window = Math.round(duplicate_window / NANOS);
  if (window < config.minDuplicateWindow) {
    warnings.push(
      `stream ${config.stream} suppresses duplicates for ${window / 1000} s only, less than minDuplicateWindow (${config.minDuplicateWindow / 1000} s): what is sent again after a crash can be stored twice; run: nats stream edit ${config.stream} --dupe-window ${config.minDuplicateWindow / 1000}s`,
    );
  }
  return { maxMessage: max_msg_size > 0 ? max_msg_size : undefined, warnings };
}

function streamSettings(
  name: string,
  wanted: NewStream,
  pattern: string,
): Parameters<Awaited<ReturnType<typeof jetstreamManager>>['streams']['add']>[0] {
  return {
    name,
    subjects: wanted.subjects ?? [streamSubject(pattern)],
    storage: wanted.storage === 'memory' ? StorageType.Memory : StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: wanted.replicas,
    max_bytes: wanted.maxBytes ?? -1,
    max_age: (wanted.maxAge ?? 0) * NANOS,
    // The server demands a window that is not longer than the age.
    duplicate_window: Math.min(wanted.duplicateWindow, wanted.maxAge || wanted.duplicateWindow) * NANOS,
  };
}

function missing(config: JetStreamConfig, pattern: string): WatershardError {
  return new WatershardError(
    'EXPORTER_TARGET_MISSING',
    `stream ${config.stream} of exporter ${config.name} does not exist; run: nats stream add ${config.stream} --subjects '${streamSubject(pattern)}' --storage file --dupe-window 2m --defaults; or set createStream: true`,
  );
}

function permissionDenied(error: unknown): boolean {
  return (
    error instanceof errors.PermissionViolationError ||
    (error instanceof Error && error.cause instanceof errors.PermissionViolationError)
  );
}

function apiFault(config: JetStreamConfig, error: unknown): WatershardError {
  const doing = `looking at stream ${config.stream} of exporter ${config.name}`;
  if (error instanceof JetStreamApiError) {
    if (error.code === SUBJECTS_OVERLAP) {
      return new WatershardError(
        'EXPORTER_MISCONFIGURED',
        `creating stream ${config.stream}: another stream has the same subjects; set stream to its name, or change subject`,
        { cause: error },
      );
    }
    if (NO_ROOM.has(error.code))
      return new WatershardError('EXPORTER_FULL', `creating stream ${config.stream}: ${error.message}`, {
        cause: error,
      });
  }
  const disabled = error instanceof Error && error.name === 'JetStreamNotEnabled';
  const reason = disabled
    ? 'JetStream does not answer: it is not enabled for this server or account, or has no leader'
    : errorMessage(error);
  return new WatershardError('EXPORTER_UNREACHABLE', `${doing}: ${reason}`, { cause: error });
}
