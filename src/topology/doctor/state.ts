import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { checkFolder } from '../../exporters/folder-check.ts';
import { type Finding, ok } from '../../model/finding.ts';
import { checkRedis } from '../../state/redis/check.ts';
import { stateName } from '../state-name.ts';
import { bounded } from './bounded.ts';
import type { ClusterChecks } from './cluster.ts';

export interface StateChecks extends Omit<ClusterChecks, 'metrics'> {
  /** '' where it is not known. */
  readonly clusterUid: string;
}

/** The folder of the data is written to with every store: it remembers which state there was. */
export async function checkState(config: Config, { timeout, clusterUid, logger, tell }: StateChecks): Promise<void> {
  const { url, tls } = config.state;
  const folder = resolve(config.dataDir);
  if (url === undefined) {
    tell('state', 'embedded', await bounded(timeout, `the folder ${folder}`, () => embedded(folder)));
    return;
  }
  const redis = { url, tls, cluster: stateName(config), clusterUid, logger };
  tell('state', 'redis', await bounded(timeout, 'Redis', () => checkRedis(redis)));
  tell('state', 'dataDir', await bounded(timeout, `the folder ${folder}`, () => checkFolder(folder)));
}

/** The file is not opened: a run may hold it. */
async function embedded(folder: string): Promise<Finding[]> {
  const file = join(folder, 'state.db');
  const found = await stat(file).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return undefined;
    throw e;
  });
  const findings = await checkFolder(folder);
  if (found !== undefined) findings.push(ok(`${file} is there with ${found.size} bytes`));
  return findings;
}
