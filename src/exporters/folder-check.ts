import { mkdtemp, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage } from '../model/errors.ts';
import { type Finding, failed, ok, warning } from '../model/finding.ts';

const MIB = 2 ** 20;
const LEAST_FREE = 512 * MIB;
const PROBE = 'watershard doctor';

/** Writes a file into the folder, or into the nearest one above it that is there, reads it back and removes it. */
export async function checkFolder(folder: string): Promise<Finding[]> {
  const there = await nearest(folder);
  const doing = there === folder ? folder : `${folder}, which will be made in ${there},`;
  let probe: string | undefined;
  try {
    probe = await mkdtemp(join(there, '.watershard-doctor-'));
    const file = join(probe, 'probe');
    await writeFile(file, PROBE, { flush: true });
    if ((await readFile(file, 'utf8')) !== PROBE)
      return [failed(`${doing} does not give back what was written`, 'Check the disk.')];
  } catch (e) {
    const remedy = 'Give the user of the process a folder that it may write to, on a disk with room.';
    return [failed(`${doing} cannot be written to: ${errorMessage(e)}`, remedy)];
  } finally {
    if (probe !== undefined) await rm(probe, { recursive: true, force: true });
  }
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const text = `${doing} can be written to; ${Math.floor(free / MIB)} MiB are free`;
  return [free < LEAST_FREE ? warning(text, 'Make room: when the disk is full, nothing is stored.') : ok(text)];
}

async function nearest(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      if ((await stat(path)).isDirectory() || path === dirname(path)) return path;
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return path;
    }
  }
}
