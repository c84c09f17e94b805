import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskBuffer, type DiskBufferEvents } from '../buffer/disk-buffer.ts';
import { FolderStorage } from '../buffer/folder-storage.ts';
import type { Config } from '../config/schema.ts';
import type { LaneWish } from '../exporters/exporter-type.ts';
import type { ExporterConfig } from '../exporters/registry.ts';
import { errorMessage } from '../model/errors.ts';
import { LANE_FORMAT } from '../model/lane.ts';
import type { Logger } from '../telemetry/logger.ts';

const SEGMENT = 64 * 2 ** 20;
/** A buffer has at least so many segments, so that dropping the oldest one drops a small part. */
const SEGMENTS = 16;

/**
 * Opens the buffer on disk of an exporter, with what is in it.
 * @param lane how its records are encoded: those of another encoding, subject or cluster are not for the sink as it is now.
 *   Its address is no part of that: a sink that moved gets what waited for it.
 * @throws WatershardError BUFFER_UNUSABLE
 */
export function openBuffer<Tag>(
  config: Pick<Config, 'cluster' | 'dataDir'>,
  { name, type, buffer }: ExporterConfig,
  lane: LaneWish,
  events: DiskBufferEvents<Tag>,
): Promise<DiskBuffer<Tag>> {
  const { encoding, subject, cloudEvents } = lane;
  const form = JSON.stringify([LANE_FORMAT, config.cluster.name, type, encoding, subject, cloudEvents]);
  const options = {
    name,
    bytes: buffer.bytes,
    overflow: buffer.overflow,
    segmentBytes: Math.min(SEGMENT, Math.floor(buffer.bytes / SEGMENTS)),
    fingerprint: createHash('sha256').update(form).digest('hex').slice(0, 32),
  };
  return DiskBuffer.open(new FolderStorage(join(buffersOf(config), name)), options, events);
}

/** What waits for an exporter that is not there any more, or has no buffer on disk now, waits in vain. */
export async function warnOfForgottenBuffers(config: Config, logger: Logger): Promise<void> {
  const used = new Set(config.exporters.filter((e) => e.buffer.type === 'disk').map((e) => e.name));
  try {
    for (const { name } of await readdir(buffersOf(config), { withFileTypes: true })) {
      if (used.has(name) || (await readdir(join(buffersOf(config), name))).length === 0) continue;
      logger.warn(
        { exporter: name, folder: join(buffersOf(config), name) },
        'a buffer on disk belongs to no exporter of the configuration; what is in it is not delivered. Name the exporter again, or remove the folder',
      );
    }
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return;
    logger.warn({ folder: buffersOf(config), err: errorMessage(e) }, 'the buffers on disk cannot be looked at');
  }
}

function buffersOf({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'buffers');
}
