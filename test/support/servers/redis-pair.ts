import { Redis } from 'ioredis';
import { TcpProxy } from '../tcp-proxy.ts';
import { until } from '../until.ts';
import { RedisServer } from './redis.ts';

/** Replication begins at once, not 5 s after a replica has asked for it. */
const QUICK = ['--repl-diskless-sync-delay', '0'];

/** A member of the pair and a connection to it that is not the program's. */
export interface Member {
  readonly server: RedisServer;
  readonly admin: Redis;
}

/**
 * Two real redis-servers, one of which replicates the other, behind an address that stays: what a Service or a virtual address
 * is to clients. Which one is the primary is up to the test.
 */
export class RedisPair {
  readonly proxy: TcpProxy;
  primary: Member;
  replica: Member;

  private constructor(proxy: TcpProxy, primary: Member, replica: Member) {
    this.proxy = proxy;
    this.primary = primary;
    this.replica = replica;
  }

  /** @param args more arguments of both servers */
  static async start(...args: string[]): Promise<RedisPair> {
    const first = await RedisServer.start(...QUICK, ...args);
    const second = await RedisServer.start('--replicaof', '127.0.0.1', String(first.port), ...QUICK, ...args);
    const pair = new RedisPair(await TcpProxy.start(first.port), memberOf(first), memberOf(second));
    await pair.caughtUp();
    return pair;
  }

  /** The address that stays. */
  get url(): string {
    return `redis://127.0.0.1:${this.proxy.port}/0`;
  }

  /** Waits until the replica has all that the primary had when this was called. */
  async caughtUp(): Promise<void> {
    const wanted = Number(field(await this.primary.admin.info('replication'), 'master_repl_offset'));
    await until('the replica has caught up', async () => {
      const info = await this.replica.admin.info('replication');
      return field(info, 'master_link_status') === 'up' && Number(field(info, 'slave_repl_offset')) >= wanted;
    });
  }

  /** The replica stays one, and stays at this moment: its primary is out of reach. */
  async cut(): Promise<void> {
    await this.replica.admin.replicaof('127.0.0.1', '1');
  }

  /** The primary dies, the replica takes its place, and the address leads there. */
  async failOver(): Promise<void> {
    await this.primary.server.stop('SIGKILL');
    await this.replica.admin.replicaof('NO', 'ONE');
    [this.primary, this.replica] = [this.replica, this.primary];
    this.proxy.retarget(this.primary.server.port);
  }

  /**
   * Both change places as Redis does it by itself (`FAILOVER`): nothing is lost. The address still leads to the one that is a
   * replica now, and clients are still connected to it.
   */
  async swap(): Promise<void> {
    await this.primary.admin.call('FAILOVER', 'TO', '127.0.0.1', String(this.replica.server.port));
    [this.primary, this.replica] = [this.replica, this.primary];
    await until('they have changed places', async () => {
      const [now, then] = await Promise.all([this.primary.admin.role(), this.replica.admin.role()]);
      return now[0] === 'master' && then[0] === 'slave' && then[3] === 'connected';
    });
  }

  /** Makes the one that is not the primary its replica, however it was left. */
  async rejoin(): Promise<void> {
    if (!this.replica.server.alive) await this.replica.server.restart();
    this.proxy.retarget(this.primary.server.port);
    await this.replica.admin.replicaof('127.0.0.1', String(this.primary.server.port));
    await this.caughtUp();
  }

  async stop(): Promise<void> {
    for (const { admin, server } of [this.primary, this.replica]) {
      admin.disconnect();
      await server.stop('SIGKILL');
    }
    await this.proxy.stop();
  }
}

function memberOf(server: RedisServer): Member {
  const admin = new Redis(server.url);
  // It is ended and started again by tests; a command that fails says so itself.
  admin.on('error', () => undefined);
  return { server, admin };
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}
