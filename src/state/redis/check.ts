import { errorMessage } from '../../model/errors.ts';
import { type Finding, failed, ok, thrown, warning } from '../../model/finding.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Connection, type TlsFiles } from './connection.ts';
import { stateKeys } from './keys.ts';
import { infoField, setting } from './server-checks.ts';

const TIMEOUT_MS = 5000;

export interface RedisCheck {
  readonly url: string;
  readonly tls?: TlsFiles | undefined;
  readonly cluster: string;
  /** uid of the kube-system namespace; '' where it is not known. */
  readonly clusterUid: string;
  readonly logger: Logger;
}

/** Looks at the server and at what it has of this cluster; changes nothing. */
export async function checkRedis({ url, tls, cluster, clusterUid, logger }: RedisCheck): Promise<Finding[]> {
  const connection = new Connection({ url, tls, timeout: TIMEOUT_MS, logger });
  try {
    await connection.connect();
    const checks = [server, eviction, persistence, (c: Connection) => state(c, cluster, clusterUid)];
    const findings: Finding[] = [];
    for (const check of checks) findings.push(await check(connection).catch(thrown));
    return findings;
  } finally {
    connection.close();
  }
}

async function server(connection: Connection): Promise<Finding> {
  const version = await infoField(connection, 'server', 'redis_version');
  const role = await infoField(connection, 'replication', 'role');
  const text = `${connection.name} answers, version ${version ?? 'not told'}, role ${role ?? 'not told'}`;
  if (role !== undefined && role !== 'master')
    return failed(text, 'Give state.url the address of the primary: a replica cannot be written to.');
  if (Number.parseInt(version ?? '', 10) < 4) return failed(text, 'Use Redis 4 or newer.');
  const replicas = await infoField(connection, 'replication', 'connected_slaves');
  if (replicas === undefined || replicas === '0') return ok(text);
  const least = await setting(connection, 'min-replicas-to-write');
  if (least !== '0') return ok(`${text}, with replicas: ${replicas}`);
  const remedy = 'Set min-replicas-to-write with a small min-replicas-max-lag.';
  return warning(
    `${text}, with replicas: ${replicas}; a failover to one that lags goes back to an older state`,
    remedy,
  );
}

async function eviction(connection: Connection): Promise<Finding> {
  const policy =
    (await setting(connection, 'maxmemory-policy')) ?? (await infoField(connection, 'memory', 'maxmemory_policy'));
  const remedy = 'Set maxmemory-policy to noeviction for the Redis that holds the state.';
  if (policy === undefined) return warning(`${connection.name} does not tell its maxmemory-policy`, remedy);
  if (policy === 'noeviction') return ok('maxmemory-policy is noeviction');
  const text = `maxmemory-policy is ${policy}, which loses state when memory is full`;
  return { ...failed(text, remedy), code: 'STATE_EVICTING' };
}

async function persistence(connection: Connection): Promise<Finding> {
  const aof = await infoField(connection, 'persistence', 'aof_enabled');
  if (aof === '1') return ok('it has an append-only file');
  const save = await setting(connection, 'save');
  if (save === undefined || aof === undefined)
    return warning('it does not tell whether it is persistent', 'See that appendonly or save is on.');
  if (save === '')
    return warning(
      'neither appendonly nor save is on: when it restarts, the state is lost',
      'Set appendonly yes; without it a restart costs duplicates, and deletes made meanwhile.',
    );
  return warning(
    'it has snapshots alone (save): a crash goes back to an older state',
    'Set appendonly yes; without it a crash costs duplicates.',
  );
}

async function state(connection: Connection, cluster: string, clusterUid: string): Promise<Finding> {
  const keys = stateKeys(cluster);
  const meta = (await connection.call('reading the state', 'HMGET', keys.meta, 'clusterUid', 'epoch')) as (
    | string
    | null
  )[];
  const [uid, epoch] = meta;
  if (!epoch) return ok(`there is no state of cluster ${cluster} yet`);
  if (clusterUid !== '' && uid !== clusterUid) {
    const text = `the state of cluster ${cluster} was written for a cluster with another uid (${uid})`;
    return {
      ...failed(text, 'Give each cluster its own name, or remove the old state.'),
      code: 'STATE_OF_ANOTHER_CLUSTER',
    };
  }
  const holder = await connection.call('reading the lease', 'GET', keys.lease).catch((e: unknown) => errorMessage(e));
  const who = typeof holder === 'string' ? holder.replace(/^\d+ /, '') : undefined;
  return ok(`there is a state of cluster ${cluster}, ${who === undefined ? 'which nobody holds' : `held by ${who}`}`);
}
