import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';

/*
 * The state's epoch, remembered outside of the state: a state that comes back fresh although there is a witness of an
 * epoch was lost while nobody looked. One small file a cluster, `<dataDir>/epoch-<cluster>`.
 */
const FORM = /^[0-9a-f-]{8,64}$/;

/** The last epoch seen; undefined where there is none, or none that can be read (a warning says so). */
export async function readWitness(dataDir: string, cluster: string, logger: Logger): Promise<string | undefined> {
  const file = path(dataDir, cluster);
  try {
    const epoch = (await readFile(file, 'utf8')).trim();
    if (FORM.test(epoch)) return epoch;
    logger.warn({ file }, 'the remembered state epoch is damaged; a state lost since the last run will not be noticed');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    logger.warn(
      { file, reason: errorMessage(e) },
      'the remembered state epoch cannot be read; a state lost since the last run will not be noticed',
    );
  }
  return undefined;
}

/**
 * Replaces the witness; after a crash there is the old or the new one, never half of one.
 * @throws WatershardError STATE_FULL, STATE_UNAVAILABLE
 */
export async function writeWitness(dataDir: string, cluster: string, epoch: string): Promise<void> {
  const file = path(dataDir, cluster);
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${file}.new`, `${epoch}\n`, { flush: true });
    await rename(`${file}.new`, file);
  } catch (e) {
    const full = ['ENOSPC', 'EDQUOT'].includes((e as NodeJS.ErrnoException).code ?? '');
    const message = `remembering the epoch of the state in ${file}: ${errorMessage(e)}`;
    throw new WatershardError(full ? 'STATE_FULL' : 'STATE_UNAVAILABLE', message, { cause: e });
  }
}

function path(dataDir: string, cluster: string): string {
  return join(dataDir, `epoch-${encodeURIComponent(cluster)}`);
}
