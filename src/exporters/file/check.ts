import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage } from '../../model/errors.ts';
import { type Finding, failed, ok } from '../../model/finding.ts';
import { checkFolder } from '../folder-check.ts';
import type { FileConfig } from './config.ts';

/** The file itself is not touched: a run may be appending to it. */
export async function checkFile({ path }: FileConfig): Promise<Finding[]> {
  if (path === '-') return [ok('the standard output')];
  const file = resolve(path);
  try {
    if ((await stat(file)).isDirectory()) return [failed(`${file} is a folder`, 'Give the path of a file.')];
    await access(file, constants.W_OK | constants.R_OK);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT')
      return [
        failed(`${file} cannot be written to: ${errorMessage(e)}`, 'Let the user of the process read and write it.'),
      ];
  }
  return await checkFolder(dirname(file));
}
