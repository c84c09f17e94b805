import { randomInt, randomUUID } from 'node:crypto';
import { WatershardError } from '../../model/errors.ts';
import type { StateIdentity } from '../state.ts';
import type { Connection } from './connection.ts';
import { epochKeys, type StateKeys } from './keys.ts';
import { RELEASE, RENEW, TAKE } from './scripts.ts';

const SCHEMA = '1';
/** A fence is a 64-bit number of Redis: room for 2^32 leases. */
const MAX_STEP = 2 ** 31;

/** The right to write to a state: checked by every script that writes, whoever believes to hold it. */
export interface Lease {
  readonly epoch: string;
  /** The state was made with this lease. */
  readonly fresh: boolean;
  /** It was given back clean by the one before. */
  readonly clean: boolean;
  /** Grows with each lease of the state, and is given once only, also across a failover that loses leases. */
  readonly fence: string;
}

/** @throws WatershardError STATE_HELD, STATE_SCHEMA, STATE_OF_ANOTHER_CLUSTER, STATE_UNAVAILABLE, STATE_FULL, STATE_REFUSED */
export async function takeLease(
  connection: Connection,
  keys: StateKeys,
  identity: StateIdentity,
  ttl: number,
): Promise<Lease> {
  const doing = 'taking the lease of the state';
  const epoch = randomUUID();
  const { positions } = epochKeys(identity.cluster, epoch);
  const take = async (expected: string): Promise<string[]> =>
    await connection.script(
      doing,
      TAKE,
      [keys.meta, keys.lease, positions],
      [SCHEMA, identity.clusterUid, identity.owner, epoch, String(ttl), expected, String(randomInt(1, MAX_STEP))],
    );
  let answer = await take('');
  if (answer[0] === 'HELD' && isPast(holderOf(answer[1]), identity.owner)) answer = await take(answer[1] ?? '');

  const [result, detail = '', fence = '', fresh, clean] = answer;
  const at = `${doing} at ${connection.name}`;
  if (result === 'TAKEN') return { epoch: detail, fence, fresh: fresh === '1', clean: clean === '1' };
  if (result === 'HELD') throw new WatershardError('STATE_HELD', `${at}: it is held by ${holderOf(detail)}`);
  if (result === 'SCHEMA')
    throw new WatershardError(
      'STATE_SCHEMA',
      `${at}: its schema is ${detail || 'unknown'}, this version has ${SCHEMA}`,
    );
  if (result === 'CLUSTER') {
    const other = `it was written for the cluster with uid ${detail}, this one has ${identity.clusterUid}`;
    throw new WatershardError('STATE_OF_ANOTHER_CLUSTER', `${at}: ${other}`);
  }
  throw new WatershardError('INTERNAL', `${at}: unexpected answer ${String(result)}`);
}

/** @throws WatershardError STATE_LOST, STATE_HELD, STATE_UNAVAILABLE */
export async function renewLease(
  connection: Connection,
  keys: StateKeys,
  lease: Lease,
  owner: string,
  ttl: number,
): Promise<void> {
  const doing = 'renewing the lease of the state';
  checkStanding(
    `${doing} at ${connection.name}`,
    await connection.script(doing, RENEW, [keys.meta, keys.lease], [lease.epoch, lease.fence, owner, String(ttl)]),
  );
}

/** Gives it back; no effect where another has it. */
export async function releaseLease(
  connection: Connection,
  keys: StateKeys,
  lease: Lease,
  clean: boolean,
): Promise<void> {
  const args = [lease.epoch, lease.fence, clean ? '1' : '0'];
  await connection.script('giving the lease back', RELEASE, [keys.meta, keys.lease], args);
}

/** @throws WatershardError where a script found that the epoch or the lease is not ours any more */
export function checkStanding(doing: string, [result, detail = '']: readonly string[]): void {
  if (result === 'LOST') throw new WatershardError('STATE_LOST', `${doing}: ${detail}`);
  if (result === 'HELD')
    throw new WatershardError('STATE_HELD', `${doing}: ${holderOf(detail) || 'another instance'} has taken it`);
}

/** A lease is `<fence> <owner>`. */
function holderOf(lease = ''): string {
  return lease.slice(lease.indexOf(' ') + 1);
}

/**
 * The holder is this process, or a process of this host and dataDir that has ended (a container restarts under the same
 * name and often the same pid). A pid that was given to another process since only means waiting for the lease to expire.
 */
function isPast(holder: string, owner: string): boolean {
  const [host, pid, ...dataDir] = holder.split('/');
  const [ownHost, ownPid, ...ownDataDir] = owner.split('/');
  if (host !== ownHost || dataDir.join('/') !== ownDataDir.join('/')) return false;
  return pid === ownPid || !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    return process.kill(pid, 0);
  } catch (e) {
    return (e as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
