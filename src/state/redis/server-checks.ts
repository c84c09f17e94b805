import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Connection } from './connection.ts';

/**
 * Refuses a Redis that evicts keys, and warns of one that forgets everything when it restarts.
 * @throws WatershardError STATE_EVICTING, STATE_UNAVAILABLE
 */
export async function checkServer(connection: Connection, logger: Logger): Promise<void> {
  const policy =
    (await setting(connection, 'maxmemory-policy')) ?? (await infoField(connection, 'memory', 'maxmemory_policy'));
  if (policy === undefined) {
    logger.warn(`${connection.name}: neither CONFIG GET nor INFO tells its maxmemory-policy; it must be noeviction`);
  } else if (policy !== 'noeviction') {
    throw new WatershardError(
      'STATE_EVICTING',
      `opening the state at ${connection.name}: its maxmemory-policy is ${policy}, which loses state when memory is full`,
    );
  }
  if ((await infoField(connection, 'persistence', 'aof_enabled')) !== '0') return;
  const save = await setting(connection, 'save');
  if (save === '')
    logger.warn(`${connection.name} has neither appendonly nor save on: when it restarts, the state is lost`);
}

/** Managed services often do not permit CONFIG. */
export async function setting(connection: Connection, name: string): Promise<string | undefined> {
  try {
    const answer = (await connection.call(`reading ${name}`, 'CONFIG', 'GET', name)) as string[];
    return answer[1];
  } catch (e) {
    if (notPermitted(e)) return undefined;
    throw e;
  }
}

export async function infoField(connection: Connection, section: string, field: string): Promise<string | undefined> {
  try {
    const answer = String(await connection.call(`reading its ${section}`, 'INFO', section));
    return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(answer)?.[1];
  } catch (e) {
    if (notPermitted(e)) return undefined;
    throw e;
  }
}

function notPermitted(e: unknown): boolean {
  return /\bNOPERM\b|unknown command|unknown subcommand/i.test(errorMessage(e));
}
